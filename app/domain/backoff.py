"""How long to wait before something that failed is tried again."""

from __future__ import annotations

import random


def wait_before(
    attempt: int, *, first: float, factor: float = 2.0, most: float = 60.0, jitter: float = 0.0
) -> float:
    """Seconds to wait after the failure of an attempt (from 1): exponential, with a bound, and with chance.

    Chance keeps many that failed in the same instant from trying again in the same instant.

    Args:
        first: the wait after the first failure.
        factor: each further wait is the one before times this.
        most: the longest wait, chance not counted.
        jitter: the most that chance adds.
    """
    return float(min(most, first * factor ** (attempt - 1)) + random.random() * jitter)
