"""An execution as lists and screens see it, and the receipt it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .conversation import Usage
from .ids import shorten
from .states import State


@dataclass(frozen=True, slots=True)
class Totals:
    """Running figures of an execution."""

    steps: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micro: int = 0
    files: int = 0
    added: int = 0
    removed: int = 0

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    @property
    def usage(self) -> Usage:
        """The part that a budget of tokens and money counts."""
        return Usage(self.input_tokens, self.output_tokens, self.cost_micro)


@dataclass(frozen=True, slots=True)
class Execution:
    """One row of the list of executions. Times are seconds since the epoch, ``None`` where not yet.

    ``note`` is one line: the answer of a finished run, the error of a failed one, the step of a
    running one.
    """

    id: str
    agent: str
    model: str
    state: State
    created: float
    task: str = ""
    started: float | None = None
    finished: float | None = None
    branch: str = ""
    base_commit: str = ""
    worktree: str = ""
    note: str = ""
    totals: Totals = Totals()

    @property
    def short(self) -> str:
        """The first characters of the id."""
        return shorten(self.id)

    def elapsed(self, now: float) -> float:
        """Seconds from start to end, or to ``now`` while it lives; 0 before it starts."""
        if self.started is None:
            return 0.0
        return max(0.0, (self.finished if self.finished is not None else now) - self.started)

    def matches(self, needle: str) -> bool:
        """Whether a filter's words are all in the row: id, agent, state, model, note."""
        fields = (self.id, self.agent, self.state, self.state.word, self.model, self.task, self.note)
        hay = " ".join(fields).lower()
        return all(word in hay for word in needle.lower().split())

    def to_dict(self) -> dict[str, Any]:
        """The row as plain data."""
        return {**asdict(self), "state": str(self.state)}


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that an execution changed. ``status`` is git's letter: A, M, D, R or T.

    ``added`` and ``removed`` count lines; both are -1 for a binary file.
    """

    path: str
    status: str
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The finished account of an execution."""

    execution: str
    agent: str
    state: State
    config_hash: str
    model: str
    offline: bool
    inputs: Mapping[str, Any]
    answer: str
    seconds: float
    steps: int
    tool_calls: Mapping[str, int]
    refused: int
    usage: Usage
    branch: str
    base_commit: str
    tip: str
    commits: tuple[str, ...]
    files: tuple[FileChange, ...]
    allowed: tuple[str, ...]
    worktree: str
    """Where the work tree still is; empty once it was put away, with everything in commits."""
    error: Mapping[str, Any] | None = None
    repository: str = ""
    """The folder whose git holds the branch: the project's, or a private one for a folder without git."""

    @property
    def honesty(self) -> str:
        """Who gave the answer, in one sentence."""
        if self.offline:
            return "Made offline by the agent's playbook; no language model was asked."
        if self.model.startswith("script:"):
            return "Replayed from a script; no language model was asked."
        return f"Answered by {self.model}."

    def to_dict(self) -> dict[str, Any]:
        """The receipt as plain JSON data; :meth:`from_dict` reads it back."""
        return {**asdict(self), "state": str(self.state)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Receipt:
        """Read what :meth:`to_dict` wrote."""
        return cls(
            **{
                **data,
                "state": State(data["state"]),
                "usage": Usage(**data["usage"]),
                "commits": tuple(data["commits"]),
                "files": tuple(FileChange(**change) for change in data["files"]),
                "allowed": tuple(data["allowed"]),
            }
        )
