"""How long, and how often, an engine bears with a host that does not answer."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.breaker import COOL_SECONDS, FAILURES


@dataclass(frozen=True, slots=True)
class Patience:
    """Times are in seconds.

    Attributes:
        attempts: How often a model is asked again after a fault that may pass.
        first_wait: Before it is asked again the first time, where it does not say itself.
        longest_wait: Before it is asked again, at the most.
        silence: Without a sign from a model, after which its answer counts as lost.
        failures: In a row, after which a host is left alone.
        cool: How long it is left alone before one call may try. A run waits for that once, unless another
            model can answer, or ``longest_wait`` is shorter.
    """

    attempts: int = 5
    first_wait: float = 0.5
    longest_wait: float = 60.0
    silence: float = 300.0
    failures: int = FAILURES
    cool: float = COOL_SECONDS
