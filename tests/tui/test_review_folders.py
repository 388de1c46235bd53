"""The review in a folder without git: what it offers there, and what it leaves out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from paracle.app.services import history, runs
from paracle.app.services.workspace import Workspace
from tests.support.projects import ProjectFiles
from tests.support.reviewing import BETTER, CODE, Reviewing
from tests.support.studio import Studio, calls, says
from tests.tui.driving import workbench
from tests.tui.hosting import MIDDLE

WAYS = ("squash", "fast-forward", "rebase", "cherry-pick")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder without git whose agent has changed two places of a file and written another."""
    studio = Studio(tmp_path / "scripts")
    folder = tmp_path / "notes"
    files = ProjectFiles(folder)
    files.spec("worker", "tools: [write_file]\npermissions: {write: ['**']}")
    (folder / "parts.py").write_text(CODE)
    write = calls(
        ("write_file", {"path": "parts.py", "text": BETTER}),
        ("write_file", {"path": "new.md", "text": "x\n"}),
    )
    with Workspace.open(folder) as here:
        runs.start(here, "worker", model=studio.script(write, says("Done."))).wait()
    return folder


@asynccontextmanager
async def reviewing(folder: Path) -> AsyncIterator[Reviewing]:
    """The workbench with the review of the only run open."""
    async with workbench(folder, MIDDLE) as bench:
        here = Reviewing(bench.app, bench.pilot)
        await here.press("3")
        await here.see("1 branch", "+")
        await here.press("enter")
        await here.see("Review", "→ notes")
        await here.until(lambda: bool(here.diff.files), "read")
        yield here


async def test_what_is_merged_comes_into_the_files_in_the_one_way_there_is(folder: Path) -> None:
    async with reviewing(folder) as here:
        await here.see("✓ merges cleanly")
        await here.ask_to_merge()
        screen = await here.see("worker into notes", "✓ merges cleanly · 2 files")
        assert not [way for way in WAYS if way in screen]
        await here.press("enter")
        await here.see("takes it back")
        assert (folder / "parts.py").read_text() == BETTER
        await here.press("u", "y")
        await here.until(lambda: (folder / "parts.py").read_text() == CODE, "taken back")
        assert not (folder / "new.md").exists()


async def test_a_conflict_is_left_to_the_person_and_a_part_can_be_accepted_around_it(folder: Path) -> None:
    mine = CODE.replace("return 3", "return 33")
    (folder / "parts.py").write_text(mine)
    async with reviewing(folder) as here:
        await here.see("✗ conflicts with notes in parts.py")
        await here.ask_to_merge()
        screen = await here.see("accept only a part")
        assert "resolve the conflicts" not in screen
        assert not [way for way in WAYS if way in screen]
        await here.press("enter")
        assert (folder / "parts.py").read_text() == mine
        await here.press("escape")
        here.diff.go_to("parts.py", hunk=0)
        await here.press("space")
        await here.see("1 of 3 accepted")
        await here.ask_to_merge()
        await here.see("Merge what is accepted", "✓ merges cleanly · 1 file")
        await here.press("enter")
        await here.see("takes it back")
    assert (folder / "parts.py").read_text() == mine.replace("return 0", "return 10")


async def test_something_in_the_way_is_named_with_what_can_be_done(folder: Path) -> None:
    (folder / "new.md").mkdir()
    (folder / "new.md" / "mine.txt").write_text("mine\n")
    async with reviewing(folder) as here:
        await here.see("⚠ notes has something in the way")
        await here.press("M")
        screen = await here.see("new.md", "move away what is yours")
        assert "stash" not in screen
        assert "uncommitted" not in screen
    with Workspace.open(folder) as again:
        assert await asyncio.to_thread(history.operations, again) == ()
