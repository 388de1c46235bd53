"""Folders for as long as a block runs, and what is left of them by a process that was killed."""

import os
import signal
from pathlib import Path

import pytest

from paracle.app.domain.places import state_dir
from paracle.app.git.temporary import sweep, temporary_folder
from paracle.app.services import history
from tests.support.history import Past
from tests.support.kills import cut_off


def left() -> list[str]:
    """What lies there, marks and folders."""
    return sorted(path.name for path in (state_dir() / "tmp").glob("[!.]*"))


def killed_with_a_folder() -> None:
    """Let a process be killed that has a temporary folder with a file in it."""

    def deed() -> None:
        with temporary_folder() as own:
            (own.folder / "index").write_text("half\n")
            os.kill(os.getpid(), signal.SIGKILL)

    assert cut_off(deed, 10_000)


def test_a_folder_is_gone_at_the_end_of_its_block() -> None:
    with temporary_folder() as own:
        (own.folder / "index").write_text("1\n")
        assert own.folder.stat().st_mode & 0o077 == 0
    with pytest.raises(ZeroDivisionError), temporary_folder():
        _ = 1 / 0
    assert left() == []


def test_a_sweep_takes_what_a_killed_process_left_and_nothing_of_one_that_lives() -> None:
    killed_with_a_folder()
    with temporary_folder() as own:
        assert len(left()) == 4
        sweep()
        assert left() == sorted([own.folder.name, f"{own.folder.name}.opening"])
    assert left() == []


def test_the_next_change_of_any_project_clears_them(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    killed_with_a_folder()
    history.merge(past.workspace, run)
    assert left() == []


def test_nothing_is_kept_in_the_systems_temporary_folder(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = past.execution({"a": "1\n"}, leaves={"b": "1\n"})
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no such folder"))
    history.apply(past.workspace, run, files=["a"])
    history.discard(past.workspace, run)
    assert past.repo.git("status", "--porcelain") == "?? a"
