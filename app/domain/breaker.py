"""The circuit breaker of one host: after failures in a row it is left alone for a while.

As in Michael Nygard, Release It! (2007): closed while all is well, open after repeated failures, half open
when one call may try whether the host has recovered.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

FAILURES = 5
"""Failures in a row that open it."""

COOL_SECONDS = 30.0
"""How long it stays open before one call may try."""


class Circuit(StrEnum):
    """How a host stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(slots=True)
class Breaker:
    """Counts failures of one host. Times are seconds of any clock that only goes forward.

    ``openings`` counts how often it was opened so far.
    """

    failures: int = FAILURES
    cool_seconds: float = COOL_SECONDS
    openings: int = 0
    _in_a_row: int = 0
    _opened: float | None = None
    _trying: bool = False

    def state(self, now: float) -> Circuit:
        """How it stands at this time."""
        if self._opened is None:
            return Circuit.CLOSED
        return Circuit.HALF_OPEN if now >= self._opened + self.cool_seconds else Circuit.OPEN

    def wait(self, now: float) -> float:
        """Seconds until a call may be made; 0 where one may be made now."""
        if self._opened is None:
            return 0.0
        if self._trying:
            # One call tries for all.
            return self.cool_seconds
        return max(0.0, self._opened + self.cool_seconds - now)

    def begin(self, now: float) -> None:
        """A call is made; :meth:`wait` has said that it may be."""
        if self.state(now) is Circuit.HALF_OPEN:
            self._trying = True

    def succeeded(self) -> None:
        """A call was answered."""
        self._in_a_row, self._opened, self._trying = 0, None, False

    def failed(self, now: float) -> bool:
        """A call was not answered, by the host's fault; whether that opened the circuit."""
        self._in_a_row += 1
        again = self._trying
        self._trying = False
        if again or (self._opened is None and self._in_a_row >= self.failures):
            self._opened = now
            self.openings += 1
            return True
        return False

    def left(self) -> None:
        """A call ended without saying anything about the host: it was stopped."""
        self._trying = False
