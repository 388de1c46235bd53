"""The circuit breakers of an engine, one for each host that models are asked at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress

from ..domain.breaker import Breaker, Circuit
from .patience import Patience


class Breakers:
    """Shared by all executions of a process: what one has learned of a host, the others need not find out.

    Args:
        patience: how long and how often all of them bear with one that does not answer.
    """

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._breakers: dict[str, Breaker] = {}
        self._news: dict[str, asyncio.Event] = {}

    def of(self, host: str) -> Breaker:
        """The breaker of a host."""
        new = Breaker(self.patience.failures, self.patience.cool)
        return self._breakers.setdefault(host, new)

    def tell(self, host: str) -> None:
        """A call to a host has ended; whoever waits for it looks how it stands."""
        if news := self._news.pop(host, None):
            news.set()

    async def rest(self, host: str) -> None:
        """Wait until a host may be tried, or somebody else has tried it in vain."""
        breaker = self.of(host)
        opening = breaker.openings
        while breaker.openings == opening and (wait := breaker.wait(time.monotonic())):
            news = self._news.setdefault(host, asyncio.Event())
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await news.wait()

    def states(self) -> Mapping[str, Circuit]:
        """How the hosts that were asked stand now."""
        now = time.monotonic()
        return {host: breaker.state(now) for host, breaker in self._breakers.items()}
