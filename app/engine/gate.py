"""Where an execution stands still while it is paused."""

from __future__ import annotations

import asyncio


class Gate:
    """Every model and tool call passes it before it begins; what is under way goes on."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @property
    def is_closed(self) -> bool:
        """Whether the execution is paused."""
        return not self._open.is_set()

    def close(self) -> None:
        """Let nothing further begin."""
        self._open.clear()

    def open(self) -> None:
        """Let go on what stands before it."""
        self._open.set()

    async def passing(self) -> None:
        """Wait until it is open."""
        await self._open.wait()
