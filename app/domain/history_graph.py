"""The history of a target branch with the executions that left it, as values.

How they become rows with lines between them is :mod:`.history_lanes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from .diffs import FileDiff
from .history import Mode
from .ids import shorten
from .review import Review
from .review import Verdict as Judged
from .states import State

UNKNOWN = "?"
"""Stands for the state of an execution whose account is gone."""

SHORT_SHA = 8


class Verdict(StrEnum):
    """What became of an execution's changes; the value is the word for it."""

    NONE = ""
    UNCHANGED = "no changes"
    UNREVIEWED = "unreviewed"
    REVIEWED = "looked at"
    ACCEPTED = "accepted"
    PARTLY = "partly accepted"
    REJECTED = "rejected"
    MERGED = "merged"
    PARTLY_MERGED = "partly merged"
    APPLIED = "applied"
    PARTLY_APPLIED = "partly applied"
    DISCARDED = "discarded"
    GONE = "branch gone"


def verdict_of(review: Review, files: Sequence[FileDiff]) -> Verdict:
    """What a review says of a whole diff: all of it accepted or rejected, some of it, or nothing yet."""
    marks = review.marks(files)
    given: set[Judged | None] = set()
    for file in files:
        if file.is_divisible:
            judged = marks.verdicts.get(file.path, {})
            given.update(judged.get(place) for place in file.changes)
        else:
            given.add(marks.files.get(file.path))
    if given == {Judged.ACCEPTED}:
        return Verdict.ACCEPTED
    if given == {Judged.REJECTED}:
        return Verdict.REJECTED
    if Judged.ACCEPTED in given:
        return Verdict.PARTLY
    return Verdict.REVIEWED if Judged.REJECTED in given or marks.reviewed else Verdict.UNREVIEWED


@dataclass(frozen=True, slots=True)
class TrunkCommit:
    """A commit of the target's first-parent chain. ``time`` is the author's, in seconds since the epoch."""

    sha: str
    parents: tuple[str, ...]
    author: str
    time: float
    subject: str

    @property
    def key(self) -> str:
        """What tells the row from every other one."""
        return self.sha

    @property
    def short(self) -> str:
        """The first characters of the hash."""
        return self.sha[:SHORT_SHA]

    @property
    def hay(self) -> str:
        """What a filter looks through."""
        return f"{self.sha} {self.author} {self.subject}".casefold()

    def to_dict(self) -> dict[str, Any]:
        """The commit as plain data."""
        return {"kind": "commit", **asdict(self)}


@dataclass(frozen=True, slots=True)
class Run:
    """An execution over the trunk.

    Attributes:
        state: ``None`` where its account is gone, and only its branch is there.
        fork: The commit of the trunk that it left; empty where it began nowhere on it.
        merge: The commit of the trunk that brought it back, empty where none did.
        mode: How it came back.
        created: Seconds since the epoch.
        cost_micro: Micro-dollars.
    """

    id: str
    agent: str
    model: str
    state: State | None
    created: float
    branch: str = ""
    note: str = ""
    cost_micro: int = 0
    files: int = 0
    added: int = 0
    removed: int = 0
    verdict: Verdict = Verdict.NONE
    fork: str = ""
    merge: str = ""
    mode: Mode | None = None

    @property
    def key(self) -> str:
        """What tells the row from every other one."""
        return self.id

    @property
    def short(self) -> str:
        """The first characters of the id."""
        return shorten(self.id)

    @property
    def glyph(self) -> str:
        """The sign of its state."""
        return self.state.glyph if self.state else UNKNOWN

    @property
    def word(self) -> str:
        """The word of its state."""
        return self.state.word if self.state else "unknown"

    @property
    def has_receipt(self) -> bool:
        """Whether it has come to an end that is accounted for."""
        return self.state is not None and self.state.is_final

    @property
    def outcome(self) -> str:
        """The verdict in words, with how it was merged where that was not by a merge commit."""
        if self.mode in (None, Mode.MERGE) or self.verdict is not Verdict.MERGED:
            return str(self.verdict)
        return f"{self.verdict} · {'picked' if self.mode is Mode.CHERRY_PICK else self.mode}"

    @property
    def hay(self) -> str:
        """What a filter looks through."""
        words = (self.id, self.agent, self.model, self.state or "", self.word, self.outcome, self.note)
        return " ".join(words).casefold()

    def to_dict(self) -> dict[str, Any]:
        """The execution as plain data."""
        return {"kind": "execution", **asdict(self)}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the graph: what stands there, and the lines around it.

    Lane 0 is the trunk. ``passing`` and ``joins`` are bit masks of lanes: those that go through from the row
    above to the row below, and those that begin at this commit and go down.

    Attributes:
        lane: Where the node stands.
        is_linked: The execution left the trunk at the next commit below; false for one that is nowhere on it.
        has_trunk_above: The trunk's line comes in from the row above.
    """

    node: TrunkCommit | Run
    lane: int = 0
    passing: int = 0
    joins: int = 0
    is_linked: bool = True
    has_trunk_above: bool = True

    @property
    def alone(self) -> Row:
        """The row as it stands among others that a filter has left: the lanes would lead nowhere."""
        return replace(self, lane=min(self.lane, 1), passing=0, joins=0)


@dataclass(frozen=True, slots=True)
class HistoryGraph:
    """A part of the history, from the newest commit on.

    Attributes:
        target: The branch that is the trunk; empty where there is none.
        rows: From the top.
        lanes: The highest lane.
        waiting: Executions that left the trunk below the part that was read, newest first.
        complete: The trunk was read to its root.
    """

    target: str = ""
    rows: tuple[Row, ...] = ()
    lanes: int = 0
    waiting: tuple[Run, ...] = ()
    complete: bool = True

    @property
    def runs(self) -> int:
        """How many executions there are, those included that wait for older commits."""
        return len(self.waiting) + sum(isinstance(row.node, Run) for row in self.rows)
