"""Conflicts in the workbench: walked block by block, resolved, taken back, finished or given up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import pytest

from paracle.app.services import history
from paracle.widgets.conflict_view import ConflictView
from tests.support.reviewing import CODE, Reviewing, make_run, reviewing
from tests.support.studio import Studio
from tests.tui.hosting import MIDDLE, SMALL

MINE = CODE.replace("return 0", "return 77").replace("return 3", "return 78")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
async def conflict(studio: Studio) -> str:
    """A run and a commit that both changed two places of ``shop/parts.py``."""
    run = await asyncio.to_thread(make_run, studio)
    studio.repo.commit("fix: mine", shop__parts_py=MINE)
    return run


@asynccontextmanager
async def resolving(studio: Studio, run: str, size: tuple[int, int] = MIDDLE) -> AsyncIterator[Reviewing]:
    """The workbench with the conflicts of a merge open."""
    async with reviewing(studio, run, size) as here:
        await here.see("✗ conflicts with main")
        await here.ask_to_merge()
        await here.see("and resolve the conflicts")
        await here.press("enter")
        await here.see("conflicts  → main", "block 1 of 2", "0 of 2 resolved")
        yield here


def parts(studio: Studio) -> str:
    return (studio.repo.folder / "shop" / "parts.py").read_text()


def why_not(here: Reviewing, action: str) -> str:
    """The reason that a dim key gives."""
    found = here.key(action)
    assert found is not None
    assert not found.enabled
    said: str = found.node.why_not(action.partition("(")[0])  # type: ignore[attr-defined]
    return said


def is_lit(here: Reviewing, action: str) -> bool:
    found = here.key(action)
    return found is not None and found.enabled


@pytest.mark.parametrize(
    ("keys", "numbers"), [("ot", (77, 13)), ("to", (10, 78)), ("bb", (0, 3)), ("T", (10, 13))]
)
async def test_conflicts_are_resolved_one_after_the_other_and_the_merge_undone(
    studio: Studio, conflict: str, keys: str, numbers: tuple[int, int]
) -> None:
    before = studio.repo.head
    async with resolving(studio, conflict) as here:
        assert why_not(here, "go_on") == "shop/parts.py: 2 blocks left"
        await here.press("C")  # dim while blocks are left
        assert studio.repo.head == before
        for number, key in enumerate(keys, 1):
            await here.press(key)
            await here.see(f"{number} of 2 resolved" if number < len(keys) else "✓ all resolved")
        await here.until(lambda: is_lit(here, "go_on"), "lit")
        await here.press("C")
        await here.see("conflicts resolved", "M Merge")
        assert parts(studio) == CODE.replace("return 0", f"return {numbers[0]}").replace(
            "return 3", f"return {numbers[1]}"
        )
        await here.press("u")
        await here.see("y undo it")
        await here.press("y")
        await here.see("undo: merge")
    assert studio.repo.head == before


@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])
async def test_each_side_is_shown_by_its_name_with_what_it_changed(
    studio: Studio, conflict: str, size: tuple[int, int]
) -> None:
    async with resolving(studio, conflict, size) as here:
        theirs = f"worker {conflict[:4]}"
        screen = await here.see(
            "o main", "b before", f"t {theirs}", "+     return 77", "return 10", "return 0"
        )
        together = [line for line in screen.splitlines() if "return 77" in line and "return 10" in line]
        assert len(together) == (1 if size == MIDDLE else 0)
        await here.press("right_square_bracket")
        await here.see("block 2 of 2", "return 78", "return 13", "Conflict 2 of 2")
        await here.press("right_square_bracket")
        await here.see("block 1 of 2")


async def test_what_was_taken_last_is_taken_back_and_gone_to(studio: Studio, conflict: str) -> None:
    async with resolving(studio, conflict) as here:
        assert why_not(here, "untake") == "nothing was taken yet"
        await here.press("o")
        await here.see("1 of 2 resolved", "block 2 of 2", "last: shop/parts.py, block 1: ours")
        await here.press("left_square_bracket")
        await here.see("resolved: main", "✓ o main")
        assert why_not(here, "theirs") == "resolved already; u takes back the last"
        await here.press("right_square_bracket")
        await here.see("block 2 of 2, lines")
        await here.press("B")
        await here.see("✓ all resolved")
        await here.press("u")
        await here.see("block 2 of 2, lines", "1 of 2 resolved")
        await here.press("u")
        await here.see("block 1 of 2, lines", "0 of 2 resolved")


async def test_an_edit_in_the_editor_is_taken_back_like_a_side(
    studio: Studio, conflict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "edit.sh"
    editor.write_text(f"#!/bin/sh\necho \"$1\" > '{tmp_path}/line'\ncp '{tmp_path}/new' \"$2\"\n")
    editor.chmod(0o755)
    (tmp_path / "new").write_text(CODE.replace("return 0", "return 5"))
    monkeypatch.setenv("VISUAL", os.fspath(editor))
    async with resolving(studio, conflict) as here:
        # A test has no terminal to leave and come back to.
        monkeypatch.setattr(here.app, "suspend", nullcontext)
        await here.press("e")
        await here.see("✓ all resolved", "edited by hand")
        assert (tmp_path / "line").read_text() == "+2\n"
        await here.press("u")
        await here.see("0 of 2 resolved", "return 77")


async def test_a_conflict_resolved_elsewhere_is_seen(studio: Studio, conflict: str) -> None:
    async with resolving(studio, conflict) as here:
        (waiting,) = await asyncio.to_thread(history.waiting, here.app.workspace)
        (Path(waiting.folder) / "shop" / "parts.py").write_text(CODE.replace("return 0", "return 5"))
        await here.see("✓ all resolved")
        await here.press("C")
        await here.see("conflicts resolved")
    assert "return 5\n" in parts(studio)


async def test_a_merge_that_is_given_up_elsewhere_is_left(studio: Studio, conflict: str) -> None:
    async with resolving(studio, conflict) as here:
        await asyncio.to_thread(history.abort, here.app.workspace)
        await here.see("does not wait any more", "M Merge")


async def test_a_merge_that_is_given_up_leaves_everything_as_it_was(studio: Studio, conflict: str) -> None:
    before = studio.fingerprint()
    async with resolving(studio, conflict) as here:
        await here.press("o")
        await here.see("1 of 2 resolved")
        await here.press("escape")
        await here.see("M Merge")
        await here.press("M")  # it waits, and one comes back to it
        await here.see("1 of 2 resolved", "block 2 of 2")
        await here.press("A")
        await here.see("Give up merging", "y give it up")
        await here.press("y")
        await here.see("give up merging", "M Merge")
        assert await asyncio.to_thread(history.waiting, here.app.workspace) == ()
    after = studio.fingerprint()
    assert (after.files, after.index, after.head) == (before.files, before.index, before.head)


async def test_a_file_that_one_side_deleted_is_decided_as_a_whole(studio: Studio, conflict: str) -> None:
    studio.repo.git("rm", "--quiet", "shop/parts.py")
    studio.repo.git("commit", "--quiet", "--message", "chore: without parts")
    async with reviewing(studio, conflict) as here:
        await here.see("✗ conflicts with main")
        await here.ask_to_merge()
        await here.see("and resolve the conflicts")
        await here.press("enter")
        await here.see("one side deleted it", "(no such file)", "return 10")
        assert here.app.screen.query_one(ConflictView).count == 1
        assert why_not(here, "both") == "it is on one side only"
        assert why_not(here, "go(1)") == "it is the only conflict"
        await here.press("t")
        await here.see("✓ all resolved")
        await here.press("C")
        await here.see("conflicts resolved")
    assert "return 13" in parts(studio)
