"""What an execution has used, held against its budget before every call."""

from __future__ import annotations

import time
from collections import Counter

from ..domain.conversation import Usage
from ..domain.errors import BudgetExceeded
from ..domain.specs import Budget
from ..domain.words import MICRO, usd


class Meter:
    """Counts calls, tokens and money. The clock starts when the meter is made."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.usage = Usage()
        self.tool_calls: Counter[str] = Counter()
        self.refused = 0
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._begun

    @property
    def seconds_allowed(self) -> float | None:
        """The budget's minutes in seconds."""
        return None if self.budget.minutes is None else self.budget.minutes * 60

    def before_model_call(self) -> None:
        """Refuse a model call that has no budget left.

        Raises:
            BudgetExceeded: tokens or dollars are used up.
        """
        budget, used = self.budget, self.usage
        if budget.tokens is not None and used.tokens >= budget.tokens:
            raise _exceeded("tokens", f"{used.tokens:,} used of {budget.tokens:,}")
        if budget.usd is not None and used.cost_micro >= budget.usd * MICRO and used.cost_micro > 0:
            raise _exceeded("usd", f"{usd(used.cost_micro)} spent of ${budget.usd:.2f}")

    def before_tool_call(self, name: str) -> None:
        """Count a tool call, or refuse it.

        Raises:
            BudgetExceeded: the calls are used up.
        """
        limit = self.budget.tool_calls
        if limit is not None and self.tool_calls.total() >= limit:
            raise _exceeded("tool_calls", f"{limit:,} made of {limit:,}; next was {name}")
        self.tool_calls[name] += 1

    def out_of_time(self) -> BudgetExceeded:
        """The error for an execution that ran longer than its minutes."""
        return _exceeded("minutes", f"stopped after {self.budget.minutes:g} min")


def _exceeded(key: str, detail: str) -> BudgetExceeded:
    return BudgetExceeded(
        f"The budget of {key.replace('_', ' ')} is used up",
        detail=detail,
        hint=f"raise budget.{key} in the agent's spec if that is what you want",
    )
