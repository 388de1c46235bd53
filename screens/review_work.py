"""What the review screen reads and decides, apart from what it looks like."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..app.domain.diffs import FileDiff, Selection
from ..app.domain.executions import Execution
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
        is_part: Something is accepted, and something is not.
    """

    hunks: int
    accepted: int
    rejected: int
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
class Page:
    """What there is to review, and what is thought of it.

    ``files`` is the diff that verdicts are given on.
    """

    reviewed: Reviewed
    files: tuple[FileDiff, ...]
    marks: Marks
    standing: Standing

    @property
    def execution(self) -> Execution:
        """Whose work it is."""
        return self.reviewed.execution


def read_page(workspace: Workspace, wanted: str) -> Page:
    """Read the diff of an execution and what is thought of it. Takes a while.

    Raises:
        NotFound, Conflict, GitError: as :func:`..app.services.review.open_review`.
    """
    reviewed = service.open_review(workspace, wanted)
    files = service.files(reviewed)
    return page_of(reviewed, files, service.load(workspace, reviewed.execution))


def page_of(reviewed: Reviewed, files: tuple[FileDiff, ...], review: Review) -> Page:
    """The page with what is thought now."""
    marks = review.marks(files)
    return Page(reviewed, files, marks, standing_of(files, marks, review.selection(files)))


def standing_of(files: Sequence[FileDiff], marks: Marks, selection: Selection) -> Standing:
    """Count what was decided."""
    hunks = accepted = rejected = 0
    is_all = True
    for file in files:
        chosen = selection.parts.get(file.path, frozenset())
        is_all = is_all and (chosen is None or (bool(chosen) and chosen == file.changes))
        if not file.is_divisible:
            hunks += 1
            accepted += marks.files.get(file.path) is Verdict.ACCEPTED
            rejected += marks.files.get(file.path) is Verdict.REJECTED
            continue
        given = marks.verdicts.get(file.path, {})
        hunks += len(file.hunks)
        for hunk in file.hunks if given else ():
            found = {given.get(place) for place in hunk.changes}
            accepted += Verdict.ACCEPTED in found
            rejected += Verdict.REJECTED in found
    return Standing(hunks, accepted, rejected, bool(accepted) and not is_all, selection)


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
