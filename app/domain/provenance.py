"""Where a line of a file comes from, as an answer for people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from .events import brief_arguments
from .ids import shorten
from .words import one_line


class Origin(StrEnum):
    """What kind of answer there is."""

    EXECUTION = "execution"
    """An execution wrote it, and its account is there."""
    PRUNED = "pruned"
    """An execution wrote it, and its account is gone."""
    COMMIT = "commit"
    """A commit that is of no execution."""
    UNCOMMITTED = "uncommitted"
    """It is in no commit yet."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """The answer to *why is this line here*.

    Attributes:
        path, line: As they were asked for; the line counts from 1.
        commit: Its hash, empty where there is none. ``author``, ``time`` (seconds since the epoch) and
            ``summary`` are the commit's.
        execution: The execution's id, empty where none wrote it.
        step: The number of the step, 0 where it cannot be told: a squashed commit has many.
        beside: The numbers of other steps, one of which may have written it instead: their commands were at
            work when the commit was made. Most often empty.
        tool, arguments: The call that wrote it, empty where the step is not known.
        said: What the model had said just before, where there was one.
    """

    path: str
    line: int
    text: str
    origin: Origin
    commit: str = ""
    author: str = ""
    time: float = 0.0
    summary: str = ""
    execution: str = ""
    agent: str = ""
    model: str = ""
    task: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    step: int = 0
    beside: str = ""
    tool: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""

    @property
    def sentence(self) -> str:
        """The answer in one line."""
        commit = self.commit[:8]
        match self.origin:
            case Origin.UNCOMMITTED:
                return "In no commit yet: it was written here, in the work tree."
            case Origin.COMMIT:
                summary = one_line(self.summary, 80)
                return f"Of no execution: {self.author} committed it in {commit}, “{summary}”."
            case Origin.PRUNED:
                who = f"Execution {shorten(self.execution)}"
                return f"{who} wrote it in {commit}, but its account is not here any more."
            case Origin.EXECUTION:
                who = f"{self.agent} wrote it in execution {shorten(self.execution)}"
                if not self.step:
                    return f"{who}, in {commit}; which of its steps cannot be told."
                call = f"{self.tool} {brief_arguments(self.arguments)}".strip()
                return f"{who}, step {self.step}: {one_line(call)}"

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain JSON data."""
        return {**asdict(self), "origin": str(self.origin), "sentence": self.sentence}
