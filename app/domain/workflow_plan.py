"""What a run of a workflow would do, as values: made before anything runs, and running nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from .specs import Permissions


class Skip(StrEnum):
    """Whether a step is left out."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that something may use; None where nothing limits it."""

    usd: float | None = 0.0
    tokens: int | None = 0

    def times(self, number: int | None) -> Limit:
        """The same so many times; None for a number that is not known."""
        return Limit(_times(self.usd, number), _times(self.tokens, number))

    def at_most(self, usd: float | None, tokens: int | None) -> Limit:
        """This limit cut down to another one."""
        return Limit(_least(self.usd, usd), _least(self.tokens, tokens))


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a plan.

    Attributes:
        kind: agent, tool, workflow, approval or script; ``target`` is what it calls.
        model: the model of an agent's step; empty elsewhere.
        tools: what it may call.
        permissions: what it may do beyond reading; None where it does nothing by itself.
        runs: how often it runs at the most, tries and turns together; None where that is not known.
        limit: the most that it may use, all its runs together.
        reason: why it is or may be skipped.
    """

    id: str
    kind: str
    target: str
    depends_on: tuple[str, ...] = ()
    model: str = ""
    tools: tuple[str, ...] = ()
    permissions: Permissions | None = None
    runs: int | None = 1
    limit: Limit = Limit()
    skip: Skip = Skip.NO
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The step as plain JSON data."""
        permissions = self.permissions.model_dump(mode="json") if self.permissions else None
        return {
            "id": self.id,
            "kind": self.kind,
            "target": self.target,
            "depends_on": list(self.depends_on),
            "model": self.model,
            "tools": list(self.tools),
            "permissions": permissions,
            "runs": self.runs,
            "limit": asdict(self.limit),
            "skip": str(self.skip),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do.

    Attributes:
        inputs: the values a run would have.
        levels: ids in rows; a row can start when those above it are done.
        limit: the most that all of it may use; what has no limit makes the whole without one.
        unlimited: the steps that nothing limits.
        untrusted: the steps and agents, those of workflows that it calls included, whose commands nobody has
            said may run; a run is refused because of them.
    """

    name: str
    inputs: Mapping[str, Any]
    levels: tuple[tuple[str, ...], ...]
    steps: tuple[PlannedStep, ...]
    concurrency: int
    limit: Limit = Limit()
    unlimited: tuple[str, ...] = ()
    untrusted: tuple[str, ...] = ()

    def step(self, id: str) -> PlannedStep:
        """The step of that id.

        Raises:
            KeyError: there is none.
        """
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain JSON data."""
        return {
            "name": self.name,
            "inputs": dict(self.inputs),
            "levels": [list(row) for row in self.levels],
            "steps": [step.to_dict() for step in self.steps],
            "concurrency": self.concurrency,
            "limit": asdict(self.limit),
            "unlimited": list(self.unlimited),
            "untrusted": list(self.untrusted),
        }


def total(limits: Iterable[Limit]) -> Limit:
    """The sum of limits; without limit where one of them is."""
    usd: float | None = 0.0
    tokens: int | None = 0
    for limit in limits:
        usd = None if usd is None or limit.usd is None else usd + limit.usd
        tokens = None if tokens is None or limit.tokens is None else tokens + limit.tokens
    return Limit(usd, tokens)


def _times(value: Any, number: int | None) -> Any:
    if value == 0 or number == 0:
        return 0
    return None if value is None or number is None else value * number


def _least(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)
