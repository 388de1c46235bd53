"""How long the review holds up the workbench's loop: when it opens, and when its keys are pressed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.benchmarks.conftest import Figure
from tests.support.reviewing import Reviewing, make_run
from tests.support.studio import Studio
from tests.tui.driving import workbench
from tests.tui.hosting import MIDDLE, SMALL

LIMIT = 50.0
KEYS = (
    "j",
    "right_square_bracket",
    "space",
    "r",
    "b",
    "escape",
    "M",
    "escape",
    "C",
    "escape",
    "z",
    "tab",
    "tab",
)


class Holds:
    """The longest time in which nothing else had its turn, in milliseconds."""

    clock = 0.0
    processor = 0.0


@asynccontextmanager
async def watched() -> AsyncIterator[Holds]:
    """Watch the loop that this runs in."""
    found = Holds()

    async def beat() -> None:
        while True:
            clock, processor = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            found.clock = max(found.clock, (time.perf_counter() - clock) * 1000)
            found.processor = max(found.processor, (time.thread_time() - processor) * 1000)

    task = asyncio.create_task(beat())
    yield found
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])
async def test_the_loop_is_never_held_up_for_long(
    tmp_path: Path, figure: Figure, size: tuple[int, int]
) -> None:
    studio = Studio(tmp_path)
    run = await asyncio.to_thread(make_run, studio)
    name = f"review at {size[0]}x{size[1]}"
    async with workbench(studio.repo.folder, size) as bench:
        here = Reviewing(bench.app, bench.pilot)
        await here.until(lambda: here.list.go_to(run), "listed")
        here.list.focus()
        await here.until(lambda: here.key("review") is not None, "reviewable")
        for time_of in ("first", "second"):
            async with watched() as opening:
                await here.press("d")
                await here.see("merges cleanly", "step 2 write_file")
            figure(f"{name}: {time_of} opening, longest hold", opening.clock, "ms", LIMIT)
            figure(f"{name}: {time_of} opening, the same in processor time", opening.processor, "ms", LIMIT)
            async with watched() as pressing:
                await here.press(*KEYS)
                await here.see("1 of 3 accepted")
            figure(f"{name}: keys, longest hold", pressing.clock, "ms", LIMIT)
            figure(f"{name}: keys, the same in processor time", pressing.processor, "ms", LIMIT)
            await here.press("right_square_bracket", "space")
            await here.press("escape")
            await here.see("Explorer" if size == MIDDLE else "Executions")
