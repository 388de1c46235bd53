"""What an execution has used, held against its budget before every call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..domain.conversation import Usage
from ..domain.errors import BudgetExceeded, OutsideRoot, ToolRefused
from ..domain.specs import Budget
from ..domain.words import MICRO, usd
from .past import PastStep


class Meter:
    """Counts calls, tokens and money.

    Args:
        within: counts as well; the budget of a workflow holds for its steps together.
    """

    def __init__(self, budget: Budget, within: Meter | None = None) -> None:
        self.budget = budget
        self._within = within
        self.usage = Usage()
        self.tool_calls: Counter[str] = Counter()
        self.refused = 0
        self._counted: set[str] = within._counted if within is not None else set()

    def seconds_left(self, used: float) -> float | None:
        """What is left of the budget's minutes, in seconds; None where nothing limits them."""
        return None if self.budget.minutes is None else max(0.0, self.budget.minutes * 60 - used)

    def spend(self, usage: Usage) -> None:
        """Count what a model call used."""
        self.usage += usage
        if self._within is not None:
            self._within.spend(usage)

    def before_model_call(self) -> None:
        """Refuse a model call that has no budget left.

        Raises:
            BudgetExceeded: tokens or dollars are used up.
        """
        if self._within is not None:
            self._within.before_model_call()
        budget, used = self.budget, self.usage
        if budget.tokens is not None and used.tokens >= budget.tokens:
            raise _exceeded("tokens", f"{used.tokens:,} used of {budget.tokens:,}")
        if budget.usd is not None and used.cost_micro >= budget.usd * MICRO and used.cost_micro > 0:
            raise _exceeded("usd", f"{usd(used.cost_micro)} spent of ${budget.usd:.2f}")

    def count(self, done: Iterable[PastStep]) -> None:
        """Count steps of the record that are not gone through again, each once however often it is given."""
        for step in done:
            if step.key in self._counted:
                continue
            self._counted.add(step.key)
            if step.action == "tool":
                self._count_tool_call(step.name)
                if (step.error or {}).get("code") in (ToolRefused.code, OutsideRoot.code):
                    self.refuse()
            if step.result is not None and step.result.usage is not None:
                self.spend(step.result.usage)

    def refuse(self) -> None:
        """Count a call that a permission refused."""
        self.refused += 1
        if self._within is not None:
            self._within.refuse()

    def before_tool_call(self, name: str, key: str) -> None:
        """Count a tool call, or refuse it.

        Args:
            key: of its step.

        Raises:
            BudgetExceeded: the calls are used up.
        """
        limit = self.budget.tool_calls
        if limit is not None and self.tool_calls.total() >= limit:
            raise _exceeded("tool_calls", f"{limit:,} made of {limit:,}; next was {name}")
        if self._within is not None:
            self._within.before_tool_call(name, key)
        self.tool_calls[name] += 1
        self._counted.add(key)

    def _count_tool_call(self, name: str) -> None:
        self.tool_calls[name] += 1
        if self._within is not None:
            self._within._count_tool_call(name)

    def out_of_time(self) -> BudgetExceeded:
        """The error for an execution that ran longer than its minutes."""
        return _exceeded("minutes", f"stopped after {self.budget.minutes:g} min")


def _exceeded(key: str, detail: str) -> BudgetExceeded:
    return BudgetExceeded(
        f"The budget of {key.replace('_', ' ')} is used up",
        detail=detail,
        hint=f"raise budget.{key} in the agent's spec if that is what you want",
    )
