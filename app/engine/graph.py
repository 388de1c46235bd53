"""Runs a graph of steps: each as soon as what it needs is done, so many at once as the pace allows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from ..domain.pacing import Pace
from ..domain.scheduling import Fate, Schedule

Work = Callable[[str], Coroutine[Any, Any, Fate]]
"""Does one step by its id and says how it ended. What it raises ends the whole graph."""


async def run_graph(
    schedule: Schedule,
    work: Work,
    pace: Pace,
    left_out: Callable[[str], None] = lambda _: None,
    settled: Callable[[], None] = lambda: None,
) -> None:
    """Run until nothing can begin any more and everything that began has ended.

    There are no batches: a slow step holds up only what needs it. Where ``work`` raises, or this is
    cancelled, what runs is cancelled and waited for.

    Args:
        left_out: told of each step that can never begin, as soon as that is known.
        settled: called whenever a step has ended, once all that follows from it is known.
    """
    running: dict[str, asyncio.Task[None]] = {}
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def begin_ready() -> list[str]:
        begun = []
        if schedule.has_ready:
            for identifier in schedule.ready[: max(0, pace.limit - len(running))]:
                schedule.begin(identifier)
                begun.append(identifier)
        elif schedule.is_over and not over.done():
            over.set_result(None)
        return begun

    def begin_tasks(identifiers: Iterable[str]) -> None:
        for identifier in identifiers:
            running[identifier] = loop.create_task(run(identifier))

    async def run(identifier: str) -> None:
        try:
            while True:
                begun = time.monotonic()
                fate = await work(identifier)
                if over.done():
                    return
                pace.note(time.monotonic() - begun)
                task = running.pop(identifier)
                for other in schedule.end(identifier, fate):
                    left_out(other)
                settled()
                following = begin_ready()
                if len(following) != 1:
                    begin_tasks(following)
                    return
                # A chain goes on in this task: a hop to another costs as much as its share of the disk. What
                # a step leaves in its context is then there for the next.
                (identifier,) = following
                running[identifier] = task
        except asyncio.CancelledError:
            over.cancel()
            raise
        except Exception as error:
            if not over.done():
                over.set_exception(error)

    try:
        begin_tasks(begin_ready())
        await over
    finally:
        over.cancel()
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)
