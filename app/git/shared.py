"""One answer for all who ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from .tasks import to_the_end

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Round(Generic[T]):
    """One search for the answer, and how many wait for it."""

    task: asyncio.Task[T] | None = None
    waiting: int = 0


@dataclass(slots=True)
class _Rounds(Generic[T]):
    """Of one event loop: the round that is under way, and the one that has not begun."""

    now: _Round[T] | None = None
    next: _Round[T] | None = None


class Shared(Generic[T]):
    """Asks a question once for all who want to know at the same time.

    Nobody gets an answer that was begun to be looked for before they asked: who asks while one is looked for
    gets the next, together with all who ask by then.

    Args:
        ask: looks for the answer. Cancelled when nobody waits any more.
    """

    def __init__(self, ask: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._ask = ask
        self._of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _Rounds[T]] = WeakKeyDictionary()

    async def answer(self) -> T:
        """The answer.

        Raises:
            Whatever asking raises.
        """
        rounds = self._of_loops.setdefault(asyncio.get_running_loop(), _Rounds())
        if rounds.next is None:
            rounds.next = _Round()
            rounds.next.task = asyncio.create_task(self._look(rounds, rounds.next, rounds.now))
        mine = rounds.next
        assert mine.task is not None
        mine.waiting += 1
        try:
            return await asyncio.shield(mine.task)
        finally:
            mine.waiting -= 1
            if not mine.waiting and not mine.task.done():
                if rounds.next is mine:
                    rounds.next = None
                mine.task.cancel()
                await to_the_end(asyncio.wait({mine.task}))

    async def _look(self, rounds: _Rounds[T], mine: _Round[T], before: _Round[T] | None) -> T:
        if before is not None and before.task is not None:
            await asyncio.wait({before.task})
        rounds.now, rounds.next = mine, None
        try:
            return await self._ask()
        finally:
            if rounds.now is mine:
                rounds.now = None
