"""The log file, written through the standard logging calls that every module uses."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from paracle.app.services import logs

LOG = logging.getLogger("paracle.app.engine.somewhere")


@pytest.fixture(autouse=True)
def nothing_left_on_stderr() -> Iterator[None]:
    yield
    logs.set_up()


def test_the_first_record_makes_the_file(home: Path) -> None:
    logs.set_up()
    assert not logs.log_path().exists()
    LOG.warning("disk is nearly full")
    assert "disk is nearly full" in logs.log_path().read_text()
    assert logs.log_path().is_relative_to(home)


def test_setting_up_twice_writes_a_record_once() -> None:
    logs.set_up()
    logs.set_up()
    LOG.info("once")
    assert logs.log_path().read_text().count("once") == 1


def test_debug_records_are_kept_only_when_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    LOG.debug("quiet")
    logs.set_up(to_stderr=True)
    LOG.debug("loud")
    assert "quiet" not in logs.log_path().read_text()
    assert "loud" in capsys.readouterr().err


def test_the_log_is_bounded() -> None:
    logs.set_up()
    for _ in range(60):
        LOG.info("x" * 100_000)
    files = list(logs.log_path().parent.iterdir())
    assert len(files) == 1 + logs.KEPT_FILES
    assert all(file.stat().st_size <= logs.MAX_BYTES for file in files)


def test_a_log_that_cannot_be_written_is_said_once_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PARACLE_STATE_DIR", str(tmp_path / "file"))
    logs.set_up()
    LOG.warning("first")
    LOG.warning("second")
    assert capsys.readouterr().err.count("cannot write the log") == 1
    assert logs.record_fault(ValueError("lost")) is None


def test_a_fault_is_recorded_with_its_traceback() -> None:
    def fail() -> None:
        raise ValueError("deep down")

    with pytest.raises(ValueError) as caught:
        fail()
    logs.set_up()
    path = logs.record_fault(caught.value)
    assert path == logs.log_path()
    assert "in fail" in path.read_text()
