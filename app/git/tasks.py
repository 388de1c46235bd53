"""Work that runs beside other work, and work that is not cut short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, overload

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


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


async def each(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do everything side by side; gives the results in order. Where one fails, the others are ended first.

    ``asyncio.gather`` would leave them running. An event loop that ends then cancels the start of a process
    from within, and asyncio waits for ever for a process whose pipes it had not connected by then.

    Raises:
        Whatever the first to fail raises.
    """
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        if tasks:
            await to_the_end(asyncio.wait(tasks))
        for task in tasks:
            _ = task.cancelled() or task.exception()  # looked at, or asyncio reports it as forgotten
        raise


@overload
async def together(one: Coroutine[Any, Any, A], two: Coroutine[Any, Any, B], /) -> tuple[A, B]: ...


@overload
async def together(
    one: Coroutine[Any, Any, A], two: Coroutine[Any, Any, B], three: Coroutine[Any, Any, C], /
) -> tuple[A, B, C]: ...


async def together(*work: Coroutine[Any, Any, Any]) -> tuple[Any, ...]:
    """:func:`each` for some things of different kinds."""
    return tuple(await each(work))
