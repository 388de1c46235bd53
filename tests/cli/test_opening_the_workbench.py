"""The workbench as a person starts it: on a terminal, by either name, in a folder or with one named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.terminal import Terminal

PARACLE = [sys.executable, "-m", "paracle"]
BROKEN_HELP = """
import sys
sys.modules["paracle.widgets.help_panel"] = None
from paracle.__main__ import main
sys.exit(main())
"""
"""The command with a defect: what the help key needs cannot be imported."""


def started(folder: Path, *arguments: str) -> Terminal:
    return Terminal([*PARACLE, *arguments], folder=folder)


@pytest.mark.parametrize(
    "arguments", [(), ("ui",), ("-C", "."), ("--project", ".", "ui"), ("--project=.",), ("--verbose", "ui")]
)
def test_it_opens_and_q_leaves_it(arguments: tuple[str, ...], tmp_path: Path) -> None:
    with started(tmp_path, *arguments) as terminal:
        terminal.wait_for("Nothing chosen yet")
        terminal.wait_for("palette")
        terminal.type("q")
        assert terminal.exit_code() == 0
        assert "Traceback" not in terminal.text


def test_it_opens_on_the_folder_that_is_named(tmp_path: Path) -> None:
    specs = tmp_path / "shop" / ".parac" / "agents" / "specs"
    specs.mkdir(parents=True)
    (specs / "stocktaker.md").write_text("---\nname: stocktaker\n---\nCount.\n")
    with started(tmp_path, "-C", "shop") as terminal:
        terminal.wait_for("stocktaker")
        terminal.type("q")
        assert terminal.exit_code() == 0


def test_a_folder_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    with started(tmp_path, "-C", "nowhere") as terminal:
        assert terminal.exit_code() == 4
        assert "error: There is no such folder" in terminal.text


def test_a_project_that_cannot_be_opened_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / ".parac").write_text("a file, not a folder")
    with started(tmp_path) as terminal:
        assert terminal.exit_code() == 1
        assert "error: " in terminal.text
        assert "hint: " in terminal.text
        assert "Traceback" not in terminal.text


def test_a_store_that_cannot_be_read_is_said_in_words(tmp_path: Path) -> None:
    local = tmp_path / ".parac" / ".local"
    local.mkdir(parents=True)
    (local / "engine.db").write_text("not a database " * 100)
    with started(tmp_path) as terminal:
        assert terminal.exit_code() == 1
        assert "error: The execution store is not a database" in terminal.text
        assert "Traceback" not in terminal.text


def test_a_defect_ends_in_the_log_and_a_few_words(tmp_path: Path, home: Path) -> None:
    log = home / "state" / "paracle" / "paracle.log"
    with Terminal([sys.executable, "-c", BROKEN_HELP], folder=tmp_path) as terminal:
        terminal.wait_for("Help")
        terminal.type("?")
        assert terminal.exit_code() == 1
        assert "error: Something went wrong inside Paracle" in terminal.text
        assert str(log) in terminal.text.replace("\r\n", "")
        assert "Traceback" not in terminal.text
    assert "Traceback" in log.read_text()
    assert "help_panel" in log.read_text()
