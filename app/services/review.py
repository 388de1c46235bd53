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
from ..domain.executions import Execution, owner_of
from ..domain.feedback import feedback, with_sent
from ..domain.review import Part, Review, Verdict
from ..domain.selecting import select
from ..git.patches import CONTEXT_LINES, diff_files
from ..git.place import BranchGone
from ..git.refs import HEADS, read_ref
from ..store.reviews import Reviews
from . import runs
from .following import first_on_branch, private_repository
from .review_bases import Ends, ends
from .workspace import Workspace

RERUNS = 200
"""How many of the newest executions are looked through for an earlier run of the same task."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What is reviewed: two commits, and the folder whose git has them.

    ``execution`` is the one that the branch was made for, whichever that worked on it was named.
    ``against`` is what it is compared with, as :func:`open_review` takes it; empty for the recorded fork.
    """

    execution: Execution
    repository: Path
    base: str
    tip: str
    against: str = ""


def open_review(workspace: Workspace, wanted: str, against: str = "") -> Reviewed:
    """What there is to review of an execution.

    Args:
        wanted: The execution's id, a part of it, ``last``, or its branch.
        against: What to compare with: the recorded fork where it is empty, else ``LAST_STEP`` or
            ``UNCOMMITTED`` of :mod:`.review_bases`, or any name that git knows for a commit.

    Raises:
        NotFound: there is no such execution, or no commit of the name.
        Conflict: it has not begun, so that there is nothing to review; or the work tree that is wanted is
            gone.
        BranchGone: its branch does not exist any more, and nothing tells what was on it.
        GitError: git cannot read the repository.
    """
    execution = first_on_branch(workspace, runs.find(workspace, owner_of(wanted) or wanted))
    if not execution.base_commit:
        raise Conflict(
            f"Execution {execution.short} has changed nothing",
            detail=f"it {execution.state.predicate}, and never came to work",
            hint="'paracle runs show' tells why",
        )
    repository = private_repository(workspace, execution) or workspace.project.root
    on_branch = workspace.store.on_branch(execution.branch)
    fork = Ends(execution.base_commit, _tip(workspace, repository, on_branch))
    worktree = next((row.worktree for row in on_branch if row.worktree), "")
    found = asyncio.run(ends(repository, fork, worktree, against))
    return Reviewed(execution, repository, found.base, found.tip, against)


def _tip(workspace: Workspace, repository: Path, on_branch: Sequence[Execution]) -> str:
    """What the branch stands for; where it is gone, what it stood for when its last execution ended."""
    branch = on_branch[0].branch
    if tip := asyncio.run(read_ref(repository, f"{HEADS}{branch}")):
        return tip
    ended = (runs.receipt_of(workspace, row).tip for row in on_branch if row.state.is_final)
    if tip := next(filter(None, ended), ""):
        return tip
    raise BranchGone(branch)


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
    return reviews.get(execution.owner) or _of_earlier_run(workspace, reviews, execution)


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
    """What was rejected and noted since the last :func:`send`, as the task of a follow-up execution.

    Raises:
        Conflict: nothing was.
    """
    return _message(load(workspace, reviewed.execution), files(reviewed))


def _message(thought: Review, differs: Sequence[FileDiff]) -> str:
    if said := feedback(thought, differs):
        return said
    marks = thought.marks(differs)
    given = [*marks.files.values(), *(one for lines in marks.verdicts.values() for one in lines.values())]
    if marks.sent or Verdict.REJECTED in given:
        raise Conflict(
            "There is nothing new to send to the agent",
            detail="all that was rejected and noted has been sent already",
            hint="reject another hunk, or write a note anew",
        )
    raise Conflict(
        "There is nothing to send to the agent", hint="reject a hunk or write a note on a line first"
    )


def send(workspace: Workspace, reviewed: Reviewed, *, model: str | None = None) -> runs.RunHandle:
    """Send :func:`message` to the agent: it goes on with its branch, with the same inputs.

    What went is marked as sent once the run has begun, and does not go a second time.

    Args:
        model: instead of the one that answered last.

    Raises:
        Conflict: there is nothing to send, or nobody to send it to, or an execution is at work on the branch.
        BranchGone: the branch does not exist any more.
        NotFound, ProjectError, UsageError: the agent cannot run any more, or not with the inputs it had.
        StoreError, GitError: as ``runs.start``.
    """
    first = reviewed.execution
    queued = workspace.store.events(first.id, limit=1)[0].payload
    if queued.get("kind", "agent") != "agent":
        raise Conflict(
            f"{first.agent} is a {queued['kind']}, and no agent of its own could answer",
            hint=f"'paracle run AGENT --on {first.short} --task …' lets one go on with the branch",
        )
    # Of all that is on the branch now, whatever it was compared with.
    differs = files(open_review(workspace, first.id))
    thought = load(workspace, first)
    task = _message(thought, differs)
    inputs = {name: value for name, value in queued["inputs"].items() if name != "task"}
    newest = workspace.store.on_branch(first.branch)[0]
    run = runs.start(
        workspace,
        first.agent,
        inputs,
        task=task,
        model=model or newest.model,
        follows=first.id,
        recorded=not model,
    )
    _change(workspace, first, lambda review: with_sent(review, thought, differs))
    return run


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
    return asyncio.run(reviews.change(execution.owner, time.time(), change, start))


def _of_earlier_run(workspace: Workspace, reviews: Reviews, execution: Execution) -> Review:
    alike = [
        row.id
        for row in workspace.store.executions(RERUNS)
        if (row.agent, row.task) == (execution.agent, execution.task) and row.id != execution.id
    ]
    found = reviews.newest(alike) if alike else None
    return found.for_rerun() if found else Review()
