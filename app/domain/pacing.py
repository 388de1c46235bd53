"""How many steps run at once: fewer when they get slower for it, more again when they do not.

Additive increase and multiplicative decrease, as in congestion control (Chiu and Jain, 1989), on the 95th
percentile of how long steps take.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW = 20
"""How many steps are looked at together."""

WORSE = 1.5
"""How much slower than the best window the newest must be to count as worse."""

SLOWER, FASTER = 0.7, 1


@dataclass(slots=True)
class Pace:
    """A limit that adapts between 1 and ``most``.

    Args:
        most: the most steps at once.
        adaptive: false keeps the limit at ``most``.
    """

    most: int
    adaptive: bool = False
    limit: int = field(init=False)
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW), init=False)
    _best: float = field(default=float("inf"), init=False)

    def __post_init__(self) -> None:
        self.limit = self.most

    def note(self, seconds: float) -> None:
        """A step has ended after so many seconds."""
        if not self.adaptive:
            return
        self._times.append(seconds)
        if len(self._times) < WINDOW:
            return
        slow = sorted(self._times)[int(WINDOW * 0.95) - 1]
        self._times.clear()
        if slow > self._best * WORSE:
            self.limit = max(1, int(self.limit * SLOWER))
        else:
            self.limit = min(self.most, self.limit + FASTER)
        self._best = min(self._best, slow)
