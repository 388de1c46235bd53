"""Garbage is looked for when something large has gone: while keys are pressed it would be felt."""

from __future__ import annotations

import asyncio
import weakref
from pathlib import Path

import pytest

from paracle.app.domain.diffs import FileDiff
from tests.support.reviewing import make_run, reviewing
from tests.support.studio import Studio

OPENED = 8
pytestmark = pytest.mark.usefixtures("collector")


async def test_reviews_that_were_closed_do_not_gather_in_memory(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    run = await asyncio.to_thread(make_run, studio)
    seen: list[weakref.ref[FileDiff]] = []
    async with reviewing(studio, run) as here:
        await here.see("merges cleanly")
        for _ in range(OPENED):
            await here.press("escape")
            await here.see("Executions")
            here.list.focus()
            await here.press("d")
            await here.see("merges cleanly")
            seen.append(weakref.ref(here.diff.files[0]))
        await here.press("escape")
        # A thread refers to what it did last until it does something else, so that some may be left.
        await here.until(lambda: sum(file() is None for file in seen) >= OPENED // 2, "forgotten")


async def test_a_review_can_be_open_when_the_workbench_ends(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    run = await asyncio.to_thread(make_run, studio)
    async with reviewing(studio, run) as here:
        await here.see("merges cleanly")
    left = asyncio.all_tasks() - {asyncio.current_task()}
    # What the workbench has cancelled may need a moment to end.
    pending = (await asyncio.wait(left, timeout=10))[1] if left else set()
    assert not pending
    assert here.app.fault is None
