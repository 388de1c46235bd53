"""An execution as lists and screens see it, and the receipt it leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .checks import Check
from .conversation import Usage
from .ids import shorten
from .states import State

_WITHIN_STEP = re.compile(r"/(call|turn-\d+.*)\Z|~\d+")


def words_of_origin(origin: Mapping[str, str]) -> str:
    """Where an execution comes from that begins with the record of another, in a few words."""
    short, step = shorten(origin["execution"]), _step_told(origin["before"])
    return f"went on from {step} of {short}" if step else f"went on from {short}"


def _step_told(key: str) -> str:
    """A step's key as a person knows the step: ``review`` of ``review/call``, ``turn-3`` of ``turn-3/1``."""
    return key.partition("/")[0] if key.startswith("turn-") else _WITHIN_STEP.sub("", key)


def owner_of(branch: str) -> str:
    """The execution that a branch ``exec/<owner>/<time>`` is named after; empty for any other branch."""
    kind, _, rest = branch.partition("/")
    return rest.partition("/")[0] if kind == "exec" else ""


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
    running one. ``asks`` counts the approvals that wait for a person. ``kind`` is
    ``agent`` or ``workflow``; ``agent`` is the name of either.
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
    asks: int = 0
    kind: str = "agent"
    totals: Totals = Totals()

    @property
    def short(self) -> str:
        """The first characters of the id."""
        return shorten(self.id)

    @property
    def owner(self) -> str:
        """The execution that its branch is named after: itself, or the one whose branch it goes on with."""
        return owner_of(self.branch) or self.id

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


def by_branch(executions: Iterable[Execution]) -> dict[str, tuple[Execution, ...]]:
    """The executions that have a branch, by branch, newest first."""
    found: dict[str, tuple[Execution, ...]] = {}
    for one in sorted(executions, key=lambda row: row.created, reverse=True):
        if one.branch:
            found[one.branch] = (*found.get(one.branch, ()), one)
    return found


def leading(executions: Sequence[Execution]) -> Execution | None:
    """Of the executions on one branch, newest first, the one that says how the branch stands.

    It is the one at work on it, and the newest where none is.
    """
    at_work = (one for one in executions if one.state.is_live)
    return next(at_work, executions[0] if executions else None)


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
    with_changes: bool = False
    """Whether it began with the user's files as they were, those in no commit included."""
    follows: str = ""
    """The execution on whose branch it went on; empty for one with a branch of its own."""
    checks: tuple[Check, ...] = ()
    """How the project's checks judged what was committed; empty where none ran."""
    origin: Mapping[str, str] | None = None
    """The ``execution`` whose record it began with, and the step ``before`` which that ended."""
    ledger: Mapping[str, Usage] = field(default_factory=dict)
    """What the answers of each model have used, by its name."""

    @property
    def beginning(self) -> str:
        """What it began with, in a few words; empty where that was the last commit and nothing else."""
        if self.origin is not None:
            return words_of_origin(self.origin)
        if self.follows:
            return f"went on where {shorten(self.follows)} had ended"
        return "began with your files as they were" if self.with_changes else ""

    degraded: tuple[str, ...] = ()
    """What was done otherwise than asked for, such as by a fallback model; one sentence each."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """What a workflow or an agent has given by name."""

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
                "ledger": {name: Usage(**used) for name, used in data.get("ledger", {}).items()},
                "commits": tuple(data["commits"]),
                "files": tuple(FileChange(**change) for change in data["files"]),
                "allowed": tuple(data["allowed"]),
                "degraded": tuple(data.get("degraded", ())),
                "checks": tuple(map(Check.from_dict, data.get("checks", ()))),
            }
        )
