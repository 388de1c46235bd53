"""Runs a graph of steps: each as soon as what it needs is done, so many at once as the pace allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from ..domain.pacing import Pace
from ..domain.scheduling import Fate, Schedule

Work = Callable[[str], Coroutine[Any, Any, Fate]]
"""Does one step by its id and says how it ended. What it raises ends the whole graph."""


async def run_graph(
    schedule: Schedule, work: Work, pace: Pace, left_out: Callable[[str], None] = lambda _: None
) -> None:
    """Run until nothing can begin any more and everything that began has ended.

    There are no batches: a slow step holds up only what needs it. Where ``work`` raises, or this is
    cancelled, what runs is cancelled and waited for.

    Args:
        left_out: told of each step that can never begin, as soon as that is known.
    """
    running: set[asyncio.Task[Fate]] = set()
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def begin_ready() -> None:
        room = pace.limit - len(running)
        for identifier in schedule.ready[:room] if room > 0 else ():
            schedule.begin(identifier)
            task = loop.create_task(work(identifier))
            running.add(task)
            task.add_done_callback(partial(end, identifier, time.monotonic()))
        if schedule.is_over and not over.done():
            over.set_result(None)

    # In the callback itself: every hop to another task costs as much as a step's share of the disk.
    def end(identifier: str, begun: float, task: asyncio.Task[Fate]) -> None:
        running.discard(task)
        if over.done():
            _ = (
                task.cancelled() or task.exception()
            )  # looked at, so that asyncio does not report it as forgotten
            return
        try:
            fate = task.result()
            pace.note(time.monotonic() - begun)
            for other in schedule.end(identifier, fate):
                left_out(other)
            begin_ready()
        except asyncio.CancelledError:
            over.cancel()
        except Exception as error:
            over.set_exception(error)

    try:
        begin_ready()
        await over
    finally:
        over.cancel()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
