"""The root command: what it prints, where it prints it, and what it ends with."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from paracle import __version__

BROKEN_DOCTOR = """
import sys
sys.modules["paracle.app.cli.doctor"] = None
from paracle.app.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


def paracle(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as `python -m paracle`, without a terminal."""
    return run(folder, "-m", "paracle", *arguments)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("arguments", [("--version",), ("--verbose", "--version")])
def test_the_version_is_one_line_whatever_stands_before_it(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    result = paracle(tmp_path, *arguments)
    assert (result.stdout, result.returncode) == (f"paracle {__version__}\n", 0)


def test_the_installed_script_and_the_module_are_the_same_command(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("paracle")
    installed = subprocess.run([script, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert installed.stdout == paracle(tmp_path, "--help").stdout


def test_without_a_terminal_and_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    bare = paracle(tmp_path)
    assert (bare.returncode, bare.stderr) == (0, "")
    assert bare.stdout == paracle(tmp_path, "--help").stdout


def test_a_mistyped_command_is_a_usage_error_with_the_nearest_name(tmp_path: Path) -> None:
    result = paracle(tmp_path, "rnu")
    assert (result.returncode, result.stdout) == (2, "")
    assert "error: No such command 'rnu'" in result.stderr
    assert "'run'" in result.stderr
    assert "hint: paracle --help" in result.stderr


def test_an_unknown_option_is_a_usage_error(tmp_path: Path) -> None:
    result = paracle(tmp_path, "--frobnicate")
    assert (result.returncode, result.stdout) == (2, "")
    assert "--frobnicate" in result.stderr


def test_a_usage_error_is_json_when_json_was_asked_for(tmp_path: Path) -> None:
    result = paracle(tmp_path, "rnu", "--json")
    assert (result.returncode, result.stderr) == (2, "")
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "usage"
    assert "rnu" in error["title"]


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    result = run(tmp_path, "-c", BROKEN_DOCTOR, "-C", "nowhere", "doctor")
    assert (result.returncode, result.stdout) == (4, "")
    assert "error: There is no such folder" in result.stderr
    assert str(tmp_path / "nowhere") in result.stderr


def test_an_unforeseen_error_shows_words_and_leaves_its_traceback_in_the_log(
    tmp_path: Path, home: Path
) -> None:
    result = run(tmp_path, "-c", BROKEN_DOCTOR, "doctor")
    log = home / "state" / "paracle" / "paracle.log"
    assert (result.returncode, result.stdout) == (1, "")
    assert "Traceback" not in result.stderr
    assert str(log) in result.stderr
    assert "Traceback" in log.read_text()


def test_a_verbose_run_shows_the_log_without_a_traceback(tmp_path: Path) -> None:
    result = run(tmp_path, "-c", BROKEN_DOCTOR, "--verbose", "doctor")
    assert "ERROR paracle: unforeseen error" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unforeseen_error_is_json_when_json_was_asked_for(tmp_path: Path) -> None:
    result = run(tmp_path, "-c", BROKEN_DOCTOR, "doctor", "--json")
    assert (result.returncode, result.stderr) == (1, "")
    assert json.loads(result.stdout)["error"]["code"] == "internal"


def test_an_unforeseen_error_says_so_when_the_log_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    monkeypatch.setenv("PARACLE_STATE_DIR", str(blocker / "state"))
    result = run(tmp_path, "-c", BROKEN_DOCTOR, "doctor")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "cannot write the log" in result.stderr
    assert "PARACLE_STATE_DIR" in result.stderr
    assert blocker.read_text() == "in the way"


def test_asking_for_help_leaves_nothing_on_the_disk(tmp_path: Path, home: Path) -> None:
    paracle(tmp_path, "--help")
    paracle(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert [path.name for path in home.iterdir()] == [".gitconfig"]


def test_a_reader_that_stops_reading_meets_no_traceback(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -u -m paracle --help | true"
    result = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert result.stderr == ""
