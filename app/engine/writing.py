"""Who may change the files of a worktree at a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Writing:
    """Keeps apart those that change files in one worktree, as far as they must be.

    A tool that writes a file does so alone, and each commit is made alone. What a command changes is known
    only once it has ended; commands of steps run side by side all the same, so that none waits for another
    with which it has nothing to do.
    """

    def __init__(self) -> None:
        self.file = asyncio.Lock()
        """Held from the change of a file to its commit, and for every other commit."""
        self._door = asyncio.Lock()
        self._steps: set[int] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def beside(self, step: int = 0) -> tuple[int, ...]:
        """The steps whose commands are at work now, but for one: their changes may be half done."""
        return tuple(sorted(self._steps - {step}))

    @asynccontextmanager
    async def command(self, step: int) -> AsyncIterator[None]:
        """For the command of a step, until its changes are committed. Waits only for who is :meth:`alone`."""
        async with self._door:
            self._steps.add(step)
            self._empty.clear()
        try:
            yield
        finally:
            self._steps.discard(step)
            if not self._steps:
                self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """For who wants the worktree for themselves: waits for the commands at work, and holds up others."""
        async with self._door:
            await self._empty.wait()
            async with self.file:
                yield
