"""What the review screen reads and decides, apart from what it looks like."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..app.domain.diffs import FileDiff, Selection
from ..app.domain.executions import Execution
from ..app.domain.feedback import unsent
from ..app.domain.review import Marks, Review, Verdict
from ..app.services import review as service
from ..app.services.review import Reviewed
from ..app.services.workspace import Workspace

Change = Callable[[], Review]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a review has come. ``selection`` is what is accepted.

    Attributes:
        hunks: All of them; a file without parts counts as one.
        accepted, rejected: Hunks of which at least a line is.
        new_rejected, new_notes: Those of which the agent has not been told yet.
        has_sent: It has been told of others.
        is_part: Something is accepted, and something is not.
    """

    hunks: int
    accepted: int
    rejected: int
    new_rejected: int
    new_notes: int
    has_sent: bool
    is_part: bool
    selection: Selection

    @property
    def words(self) -> str:
        """``2 of 5 accepted · 1 rejected``; empty while nothing is decided."""
        parts = [f"{self.accepted} of {self.hunks} accepted"] if self.accepted else []
        if self.rejected:
            parts.append(f"{self.rejected} rejected")
        return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class Compared:
    """The diff against something else than the fork. Nothing is decided on it."""

    reviewed: Reviewed
    files: tuple[FileDiff, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to review, and what is thought of it.

    Attributes:
        files: The diff that verdicts are given on: since the fork, with the usual context.
        on_branch: The executions that have worked on the branch, newest first.
        other: What is shown instead of ``files``.
    """

    reviewed: Reviewed
    files: tuple[FileDiff, ...]
    marks: Marks
    standing: Standing
    on_branch: tuple[Execution, ...] = ()
    other: Compared | None = None

    @property
    def execution(self) -> Execution:
        """Whose work it is."""
        return self.reviewed.execution

    @property
    def at_work(self) -> Execution | None:
        """The execution that works on the branch at this moment."""
        return next((row for row in self.on_branch if row.state.is_live), None)

    def with_run(self, row: Execution) -> Page:
        """The page with how one of the executions stands now."""
        rows = tuple(row if one.id == row.id else one for one in self.on_branch)
        return replace(self, on_branch=rows)

    @property
    def model(self) -> str:
        """What answered last on the branch."""
        return self.on_branch[0].model if self.on_branch else self.execution.model

    @property
    def worktree(self) -> str:
        """The branch's work tree; empty where it was put away."""
        return next((row.worktree for row in self.on_branch if row.worktree), "")

    @property
    def shown(self) -> Reviewed:
        """What is compared on the screen."""
        return self.other.reviewed if self.other else self.reviewed

    @property
    def shown_files(self) -> tuple[FileDiff, ...]:
        """What differs on the screen."""
        return self.other.files if self.other else self.files


def read_page(workspace: Workspace, wanted: str, against: str = "") -> Page:
    """Read the diff of an execution and what is thought of it. Takes a while.

    Raises:
        NotFound, Conflict, GitError: as :func:`..app.services.review.open_review`.
    """
    reviewed = service.open_review(workspace, wanted)
    files = service.files(reviewed)
    marks, standing = _thought(files, service.load(workspace, reviewed.execution))
    other = compare(workspace, wanted, against) if against else None
    on_branch = workspace.store.on_branch(reviewed.execution.branch)
    return Page(reviewed, files, marks, standing, on_branch, other)


def compare(workspace: Workspace, wanted: str, against: str) -> Compared:
    """Read the diff against something else than the fork. Takes a while.

    Raises:
        NotFound, Conflict, GitError: as :func:`..app.services.review.open_review`.
    """
    reviewed = service.open_review(workspace, wanted, against)
    return Compared(reviewed, service.files(reviewed))


def with_review(page: Page, review: Review) -> Page:
    """The page with what is thought now."""
    marks, standing = _thought(page.files, review)
    return replace(page, marks=marks, standing=standing)


def _thought(files: tuple[FileDiff, ...], review: Review) -> tuple[Marks, Standing]:
    marks = review.marks(files)
    return marks, standing_of(files, marks, unsent(review).marks(files), review.selection(files))


def standing_of(files: Sequence[FileDiff], marks: Marks, new: Marks, selection: Selection) -> Standing:
    """Count what was decided. ``new`` is what of it the agent has not been told yet."""
    is_all = True
    for file in files:
        chosen = selection.parts.get(file.path, frozenset())
        is_all = is_all and (chosen is None or (bool(chosen) and chosen == file.changes))
    accepted = _count(files, marks, Verdict.ACCEPTED)
    return Standing(
        hunks=sum(len(file.hunks) if file.is_divisible else 1 for file in files),
        accepted=accepted,
        rejected=_count(files, marks, Verdict.REJECTED),
        new_rejected=_count(files, new, Verdict.REJECTED),
        new_notes=sum(len(texts) for places in new.notes.values() for texts in places.values()),
        has_sent=new.notes != marks.notes or new.verdicts != marks.verdicts or new.files != marks.files,
        is_part=bool(accepted) and not is_all,
        selection=selection,
    )


def _count(files: Sequence[FileDiff], marks: Marks, verdict: Verdict) -> int:
    """The hunks of which at least a line was judged so; a file without parts counts as one."""
    count = 0
    for file in files:
        if not file.is_divisible:
            count += marks.files.get(file.path) is verdict
        elif given := marks.verdicts.get(file.path):
            count += sum(any(given.get(place) is verdict for place in hunk.changes) for hunk in file.hunks)
    return count


class Keeper:
    """Keeps decisions in the order in which they were made, from whatever threads.

    Args:
        told: called with the review after each decision, by the thread that kept it, in order.
    """

    def __init__(self, told: Callable[[Review], None]) -> None:
        self._told = told
        self._waiting: deque[Change] = deque()
        self._lock = threading.Lock()

    def put(self, change: Change) -> None:
        """Take a decision. It is kept by the next :meth:`keep`."""
        self._waiting.append(change)

    def keep(self) -> None:
        """Keep what waits. Takes a while.

        Raises:
            Conflict, StoreError: a decision cannot be kept; those behind it wait for the next call.
        """
        with self._lock:
            while self._waiting:
                self._told(self._waiting.popleft()())
