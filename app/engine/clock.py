"""The time an execution may take; it stands still while a person is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType


class Clock:
    """Ends the work inside its block when the time is up.

    Args:
        seconds: how long; ``None`` for ever.

    Raises:
        TimeoutError: from the block, when the time is up; :attr:`expired` tells it from any other.
    """

    def __init__(self, seconds: float | None) -> None:
        self._left = seconds
        self._timeout = asyncio.timeout(None)
        self._holds = 0
        self._inside = False

    @property
    def expired(self) -> bool:
        """Whether the time ran out."""
        return self._timeout.expired()

    async def __aenter__(self) -> Clock:
        await self._timeout.__aenter__()
        self._inside = True
        if not self._holds:
            self._run()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inside = False
        await self._timeout.__aexit__(kind, error, trace)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Stand still inside this block."""
        self.hold()
        try:
            yield
        finally:
            self.release()

    def hold(self) -> None:
        """Stand still until :meth:`release` was called as often."""
        self._holds += 1
        when = self._timeout.when() if self._inside else None
        if self._holds == 1 and when is not None:
            self._left = max(0.0, when - asyncio.get_running_loop().time())
            self._timeout.reschedule(None)

    def release(self) -> None:
        """Go on."""
        self._holds -= 1
        if not self._holds and self._inside and not self.expired:
            self._run()

    def _run(self) -> None:
        if self._left is not None:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._left)
