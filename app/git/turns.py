"""Who is next, of those in one event loop that wait for the same lock.

Between processes a lock has to be polled, and whoever polls at the right moment gets it: of five that start
at once the unlucky one would wait several times as long as the others, and nobody uses the lock meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

FAIR = 0.25
"""Seconds for which the waiters of one loop may follow each other with no chance for other processes."""

CHANCE = 0.025
"""Seconds of such a chance: longer than other processes wait between two looks."""


class _Turns:
    """The waiters for one lock, those first that others wait for."""

    def __init__(self) -> None:
        self._taken = False
        self._since = 0.0
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @property
    def idle(self) -> bool:
        """Whether nobody has the turn or waits for it."""
        return not self._taken

    async def take(self, first: bool) -> None:
        if not self._taken:
            self._taken, self._since = True, time.monotonic()
            return
        waiter = asyncio.get_running_loop().create_future()
        (self._first if first else self._others).append(waiter)
        try:
            await waiter
            if time.monotonic() - self._since > FAIR:
                await asyncio.sleep(CHANCE)
                self._since = time.monotonic()
        except BaseException:
            if waiter.done() and not waiter.cancelled():
                self.give()  # it came together with the cancellation
            raise

    def give(self) -> None:
        """Hand the turn to the next one."""
        for waiters in (self._first, self._others):
            while waiters:
                waiter = waiters.popleft()
                if not waiter.done():
                    waiter.set_result(None)
                    return
        self._taken = False


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Turns]] = WeakKeyDictionary()


@asynccontextmanager
async def turn(key: str, *, first: bool = False) -> AsyncIterator[None]:
    """Be the only one of this event loop inside the block.

    Args:
        key: what it is about.
        first: come before those that wait without it.
    """
    lines = _of_loops.setdefault(asyncio.get_running_loop(), {})
    line = lines.setdefault(key, _Turns())
    await line.take(first)
    try:
        yield
    finally:
        line.give()
        if line.idle and lines.get(key) is line:
            del lines[key]
