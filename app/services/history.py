"""Branches of executions: listed, looked at, merged, applied, discarded, cleaned up, and all of it undone.

Nothing that was ever on a branch or in a file is lost by any of it: what a ref stood for, and what was in no
commit, is kept below ``refs/paracle/archive/`` first. Each call here may block, and may be made from any
thread that runs no event loop.

In a folder without git each execution has a private repository. What is done there is the same, but that a
merge brings the changes into the folder's files; see :mod:`.history_folders`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from ..domain.diffs import FileDiff, Selection
from ..domain.executions import FileChange
from ..domain.history import Archived, BranchRow, Clash, Cleanup, Mode, Operation, PendingMerge, Preview
from ..git import diffs, merging, patches, pending
from ..git.refs import HEADS
from . import (
    history_everywhere,
    history_files,
    history_folders,
    history_listing,
    history_merge,
)
from .history_hooks import Merge, around_merge
from .history_parts import part_of
from .history_session import Session
from .workspace import Workspace


def branches(workspace: Workspace, target: str | None = None) -> tuple[BranchRow, ...]:
    """The branches of executions with their figures against ``target``, newest first.

    Args:
        target: a branch; the one that is checked out where none is named.

    Raises:
        NotFound: there is no such branch.
        Conflict: a branch is named, and the project is in no repository.
        GitError: git is missing, older than 2.38, or cannot read.
    """
    return asyncio.run(history_everywhere.branches(workspace, target))


def target(workspace: Workspace, named: str | None = None) -> str:
    """The branch that :func:`branches` compares with; empty where there is none."""
    return asyncio.run(history_everywhere.target(workspace, named))


def show(workspace: Workspace, wanted: str, target: str | None = None) -> BranchRow:
    """One of :func:`branches`.

    Raises:
        NotFound: there is no such execution, or its branch is gone.
    """

    async def work() -> BranchRow:
        session = Session(workspace, wanted)
        history_folders.refuse_target(await session.desk(), target)
        subject = await session.subject(wanted)
        rows = await history_listing.branches(session, target)
        return next(row for row in rows if row.branch == subject.branch)

    return asyncio.run(work())


def clashes(workspace: Workspace, target: str | None = None, *, only: str = "") -> tuple[Clash, ...]:
    """The pairs of branches, not merged into ``target``, that would conflict with each other.

    Only the newest ``history_listing.COMPARED`` open branches are compared, and of their pairs that touch a
    path in common only the newest ``git.clashes.MERGED``: all pairs of many branches would take minutes.
    Copies of a folder without git are not compared: each was forked from files of another moment.

    Args:
        only: an execution or its branch: the pairs that it is part of, which is sooner known.
    """

    async def work() -> tuple[Clash, ...]:
        session = Session(workspace, only)
        if not only and await session.repository() is None:
            return ()
        if (await session.desk()).original:
            return ()
        return await history_listing.clashes(session, target, only)

    return asyncio.run(work())


def files(workspace: Workspace, wanted: str) -> tuple[FileChange, ...]:
    """The files that an execution's branch changes against its fork."""

    async def work() -> tuple[FileChange, ...]:
        session = Session(workspace, wanted)
        subject = await session.subject(wanted)
        desk = await session.desk()
        return await diffs.changes(desk.repository, subject.base, subject.tip)

    return asyncio.run(work())


def diff(
    workspace: Workspace,
    wanted: str,
    *,
    file: str = "",
    step: int = 0,
    context: int = patches.CONTEXT_LINES,
    ignore_whitespace: bool = False,
) -> tuple[FileDiff, ...]:
    """What an execution's branch changes against its fork.

    Args:
        file: only this file.
        step: only what this step committed.

    Raises:
        NotFound: there is no such branch, file, or step with a commit.
    """
    return asyncio.run(
        history_listing.diff(
            Session(workspace, wanted),
            wanted,
            file=file,
            step=step,
            context=context,
            ignore_whitespace=ignore_whitespace,
        )
    )


def preview(
    workspace: Workspace,
    wanted: str,
    *,
    target: str | None = None,
    mode: Mode = Mode.MERGE,
    files: Collection[str] = (),
    selection: Selection | None = None,
) -> Preview:
    """What :func:`merge` would do; nothing is touched.

    Raises:
        NotFound, Conflict, UsageError, GitError: as :func:`merge`, but for conflicts, which are told.
    """
    part = part_of(files, selection)

    async def work() -> Preview:
        session = Session(workspace, wanted)
        if (await session.desk()).original:
            return await history_folders.preview(session, wanted, target, mode, part)
        return await history_merge.preview(session, wanted, target, mode, part)

    return asyncio.run(work())


def merge(
    workspace: Workspace,
    wanted: str,
    *,
    target: str | None = None,
    mode: Mode = Mode.MERGE,
    files: Collection[str] = (),
    selection: Selection | None = None,
    message: str = "",
    expected: str = "",
    hook_seconds: float = merging.HOOK_SECONDS,
) -> Operation:
    """Merge an execution's branch; in a folder without git, bring its changes into the folder's files.

    Args:
        wanted: the execution, or its branch.
        target: the branch to merge into; the one that is checked out where none is named.
        files: only these files and folders; with ``squash`` alone.
        selection: only these hunks and lines of the branch against its fork; the same.
        message: of the commit, where one is made.
        expected: the target's tip in the preview that the person saw.
        hook_seconds: how long the repository's hooks may take.

    Raises:
        MergeConflicts: the merge waits in a work tree of its own; :func:`resume` or :func:`abort` it.
        ApplyConflicts: as :func:`apply`, in a folder without git.
        NothingToMerge: the target has it all.
        CheckoutBusy: the target is checked out, and files there are in no commit.
        RefMoved: the target has moved since ``expected``, or at this moment.
        HookRefused, HookTimeout: a hook of the repository said no, or did not end.
        Vetoed: a hook of the project said no.
        NotFound, UsageError, Conflict: something named does not exist or makes no sense, or the execution
            still runs.
        GitError: git is missing, older than 2.38, or cannot write.
    """
    part = part_of(files, selection)

    async def work() -> Operation:
        session = Session(workspace, wanted)

        async def do(message: str) -> Operation:
            if (await session.desk()).original:
                return await history_folders.merge(
                    session, wanted, target, mode, part=part, message=message, expected=expected
                )
            return await history_merge.merge(
                session, wanted, target, mode,
                message=message, part=part, expected=expected, hook_seconds=hook_seconds,
            )  # fmt: skip

        async def about() -> Merge:
            subject = await session.subject(wanted)
            return Merge(subject.branch, subject.named, target or "", mode)

        return await around_merge(session, about, do, message)

    return asyncio.run(work())


def waiting(workspace: Workspace) -> tuple[PendingMerge, ...]:
    """The merges that wait for their conflicts to be resolved, oldest first."""

    async def work() -> tuple[PendingMerge, ...]:
        desk = await Session(workspace).repository()
        return pending.list_pending(desk) if desk else ()

    return asyncio.run(work())


def resume(
    workspace: Workspace, wanted: str = "", *, hook_seconds: float = merging.HOOK_SECONDS
) -> Operation:
    """Go on with a merge whose conflicts are resolved.

    Raises:
        NotFound: none waits.
        Unresolved: there are conflicts left.
        MergeConflicts: the next commit that is replayed has conflicts too.
        RefMoved: the target has moved since the merge began; give it up and merge again.
        HookRefused, HookTimeout, CheckoutBusy, GitError: as :func:`merge`; it still waits then.
    """

    async def work() -> Operation:
        session = Session(workspace)

        async def do(_: str) -> Operation:
            return await history_merge.resume(session, wanted, hook_seconds=hook_seconds)

        async def about() -> Merge:
            found = pending.find_pending(await session.desk(), wanted)
            return Merge(found.branch, found.execution, found.target.removeprefix(HEADS), found.mode)

        return await around_merge(session, about, do)

    return asyncio.run(work())


def abort(workspace: Workspace, wanted: str = "") -> Operation:
    """Give up a merge that waits. What was done in its work tree is kept in the archive.

    Raises:
        NotFound: none waits.
    """
    return asyncio.run(history_merge.abort(Session(workspace), wanted))


def apply(
    workspace: Workspace, wanted: str, *, files: Collection[str] = (), selection: Selection | None = None
) -> Operation:
    """Bring an execution's changes into the user's files, uncommitted, beside what is changed there.

    Index, HEAD and branches stay as they are.

    Args:
        files: only these files and folders.
        selection: only these hunks and lines of the branch against its fork.

    Raises:
        ApplyConflicts: the changes do not fit the files as they are; nothing was written.
        NothingToMerge: the files have it all.
        CheckoutBusy: something is in the way, or a merge is under way there.
        NotFound, UsageError, Conflict: something named does not exist or makes no sense, or the execution
            still runs.
    """
    part = part_of(files, selection)
    return asyncio.run(history_files.apply(Session(workspace, wanted), wanted, part))


def discard(workspace: Workspace, wanted: str) -> Operation:
    """Remove an execution's branch and its work tree; all that was in them is kept in the archive.

    Raises:
        Conflict: it runs, or its work tree holds what cannot be kept.
    """
    return asyncio.run(history_files.discard(Session(workspace, wanted), wanted))


def cleanup(workspace: Workspace, target: str | None = None, *, dry_run: bool = False) -> Cleanup:
    """Remove the branches and work trees of executions that are merged into ``target``.

    What is unknown, not merged, unfinished, or holds anything that is nowhere else stays, with the reason.
    """

    return asyncio.run(history_everywhere.cleanup(workspace, target, dry_run=dry_run))


def prune(workspace: Workspace, *, dry_run: bool = False) -> Cleanup:
    """Remove the work trees that hold nothing of their own, and what killed processes left half-made."""
    return asyncio.run(history_everywhere.prune(workspace, dry_run=dry_run))


def undo(workspace: Workspace, operation: str = "") -> Operation:
    """Take back the newest merge, apply, discard, clean-up or restore, or the one named by its id.

    Raises:
        NotFound: there is nothing to undo, or no such operation.
        RefMoved: something came since that would be lost; the error says what.
        ApplyConflicts: the files were changed since where the apply had changed them.
        CheckoutBusy: the branch is checked out, and files there are in no commit.
        Conflict: it was undone already.
    """
    return asyncio.run(history_everywhere.undo(workspace, operation))


def operations(workspace: Workspace, limit: int = 200) -> tuple[Operation, ...]:
    """What was done, newest first."""
    return Session(workspace).operations.newest(limit)


def archive(workspace: Workspace) -> tuple[Archived, ...]:
    """The commits that are kept although nothing else names them, newest operation first."""

    return asyncio.run(history_everywhere.archive(workspace))


def restore(workspace: Workspace, wanted: str) -> Operation:
    """Make a branch again that was removed.

    Args:
        wanted: the branch, its execution, or the operation that removed it.

    Raises:
        NotFound: nothing of that name is kept.
        Conflict: there is such a branch.
    """
    return asyncio.run(history_everywhere.restore(workspace, wanted))


def settle(workspace: Workspace) -> None:
    """Put right what a killed process left. Every change does so first; at a start it saves that wait."""
    asyncio.run(history_everywhere.settle(workspace))
