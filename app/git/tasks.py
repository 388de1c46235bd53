"""Work that runs beside other work, and work that is not cut short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


@asynccontextmanager
async def alongside(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Run ``work`` beside the block; when the block ends, however it ends, the work has ended too."""
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        # No await when it has ended: a cancellation could come there, with the block's work all done.
        if not task.done():
            task.cancel()
            await to_the_end(asyncio.wait({task}))
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not report it as forgotten


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await ``work`` without letting a cancellation cut it short; the cancellation is raised afterwards."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
        except Exception:
            break  # raised below, by result()
    if cancelled:
        raise asyncio.CancelledError
    return task.result()
