"""Reviewing what an execution changed: the diff, what is thought of it, and what comes of that.

Each call here may block, and may be made from any thread that runs no event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..domain.diffs import FileDiff, Place, Selection
from ..domain.errors import Conflict, NotFound
from ..domain.events import Kind
from ..domain.executions import Execution
from ..domain.feedback import feedback
from ..domain.review import Part, Review, Verdict
from ..domain.selecting import select
from ..git.patches import CONTEXT_LINES, diff_files
from ..git.refs import HEADS, read_ref
from ..store.reviews import Reviews
from . import runs
from .workspace import Workspace

RERUNS = 200
"""How many of the newest executions are looked through for an earlier run of the same task."""

LAST_STEP = "last step"
"""Stands for the commit before the newest one, as something to compare with."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What is reviewed: two commits, and the folder whose git has them."""

    execution: Execution
    repository: Path
    base: str
    tip: str


def open_review(workspace: Workspace, wanted: str, against: str = "") -> Reviewed:
    """What there is to review of an execution.

    Args:
        wanted: The execution's id, a part of it, or ``last``.
        against: What to compare with: the recorded fork where it is empty, else :data:`LAST_STEP` or any
            name that git knows for a commit.

    Raises:
        NotFound: there is no such execution.
        Conflict: it has not begun, so that there is nothing to review.
        GitError: git cannot read the repository.
    """
    execution = runs.find(workspace, wanted)
    started = next(
        (event for event in runs.telling_events(workspace, execution.id) if event.kind is Kind.STARTED), None
    )
    if started is None:
        raise Conflict(
            f"Execution {execution.short} has changed nothing",
            detail=f"it is {execution.state.word}, and never came to work",
            hint="'paracle runs show' tells why",
        )
    # A project may have moved since; a copy's repository never does.
    copied = started.payload["isolation"] == "copy"
    repository = Path(started.payload["repository"]) if copied else workspace.project.root
    tip = asyncio.run(read_ref(repository, f"{HEADS}{execution.branch}"))
    if tip is None:
        tip = runs.receipt_of(workspace, execution).tip or execution.base_commit
    base = f"{tip}^" if against == LAST_STEP else against or execution.base_commit
    return Reviewed(execution, repository, base, tip)


def files(
    reviewed: Reviewed, *, context: int = CONTEXT_LINES, ignore_whitespace: bool = False
) -> tuple[FileDiff, ...]:
    """The diff. Verdicts are given on the one with the usual context, which minds white space.

    Raises:
        GitError: a commit is gone, or there is none of the name.
    """
    work = diff_files(
        reviewed.repository,
        reviewed.base,
        reviewed.tip,
        context=context,
        ignore_whitespace=ignore_whitespace,
    )
    return asyncio.run(work)


def load(workspace: Workspace, execution: Execution) -> Review:
    """What is thought of an execution so far.

    Where nothing is, hunks count as reviewed that were so in the last review of an execution with the same
    agent and task.
    """
    reviews = Reviews(workspace.store)
    return reviews.get(execution.id) or _of_earlier_run(workspace, reviews, execution)


def judge(
    workspace: Workspace, execution: Execution, file: FileDiff, part: Part, verdict: Verdict | None
) -> Review:
    """Accept or reject a part of a file, or neither (``None``); gives the review as it is then.

    Raises:
        Conflict: the part is of another diff than ``file``.
        StoreError: it cannot be kept.
    """
    return _change(workspace, execution, lambda review: review.judged(file, part, verdict))


def look_at(
    workspace: Workspace, execution: Execution, file: FileDiff, part: Part, reviewed: bool = True
) -> Review:
    """Mark a part of a file as reviewed, or not.

    Raises:
        Conflict, StoreError: as :func:`judge`.
    """
    return _change(workspace, execution, lambda review: review.looked_at(file, part, reviewed))


def note(
    workspace: Workspace, execution: Execution, file: FileDiff, place: Place | None, text: str
) -> Review:
    """Put a note on a line, or on a file (``None``); an empty text takes it away.

    Raises:
        Conflict, StoreError: as :func:`judge`.
    """
    return _change(workspace, execution, lambda review: review.noted(file, place, text))


def accepted(workspace: Workspace, reviewed: Reviewed) -> Selection:
    """What is accepted of everything since the fork, for ``history.merge(selection=…)``.

    Raises:
        Conflict: nothing is.
        GitError: git cannot read.
    """
    chosen = load(workspace, reviewed.execution).selection(files(_since_fork(reviewed)))
    if not chosen.parts:
        raise Conflict(
            "Nothing is accepted yet",
            hint="accept files, hunks or lines in the review, or merge the whole branch",
        )
    return chosen


def named(reviewed: Reviewed, paths: Collection[str] = (), hunks: Collection[str] = ()) -> Selection:
    """As :func:`accepted`, the files and hunks that a command line names (see :func:`.select`).

    Raises:
        NotFound, Conflict: a word names nothing, or several hunks.
        GitError: git cannot read.
    """
    return select(files(_since_fork(reviewed)), paths, hunks)


def _since_fork(reviewed: Reviewed) -> Reviewed:
    return replace(reviewed, base=reviewed.execution.base_commit)


def message(workspace: Workspace, reviewed: Reviewed) -> str:
    """Everything rejected and noted, as the task of a follow-up execution.

    Raises:
        Conflict: nothing was.
    """
    said = feedback(load(workspace, reviewed.execution), files(reviewed))
    if not said:
        raise Conflict(
            "There is nothing to send to the agent", hint="reject a hunk or write a note on a line first"
        )
    return said


def find_file(shown_files: Sequence[FileDiff], path: str) -> FileDiff:
    """The file of a diff that a part names.

    Raises:
        NotFound: there is none.
    """
    for file in shown_files:
        if file.path == path:
            return file
    raise NotFound(f"Nothing differs in '{path}'", hint="look at the diff again: it may have changed")


def _change(workspace: Workspace, execution: Execution, change: Callable[[Review], Review]) -> Review:
    reviews = Reviews(workspace.store)
    start = _of_earlier_run(workspace, reviews, execution)
    return asyncio.run(reviews.change(execution.id, time.time(), change, start))


def _of_earlier_run(workspace: Workspace, reviews: Reviews, execution: Execution) -> Review:
    alike = [
        row.id
        for row in workspace.store.executions(RERUNS)
        if (row.agent, row.task) == (execution.agent, execution.task) and row.id != execution.id
    ]
    found = reviews.newest(alike) if alike else None
    return found.for_rerun() if found else Review()
