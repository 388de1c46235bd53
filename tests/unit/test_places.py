"""Where state is kept."""

from pathlib import Path

import pytest

from paracle.app.domain.places import state_dir


def test_the_variable_moves_all_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARACLE_STATE_DIR", str(tmp_path / "elsewhere"))
    assert state_dir() == tmp_path / "elsewhere"


def test_the_variable_may_start_at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARACLE_STATE_DIR", "~/elsewhere")
    assert state_dir() == home / "elsewhere"


def test_a_relative_name_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARACLE_STATE_DIR", "here")
    assert state_dir() == tmp_path / "here"


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_the_platform_decides(
    value: str | None, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv("PARACLE_STATE_DIR")
    else:
        monkeypatch.setenv("PARACLE_STATE_DIR", value)
    found = state_dir()
    assert found.name == "paracle"
    assert found.is_relative_to(home)
