"""Branches of executions: listed, looked at, merged, applied, discarded, cleaned up, and all of it undone.

Nothing that was ever on a branch or in a file is lost by any of it: what a ref stood for, and what was in no
commit, is kept below ``refs/paracle/archive/`` first. Each call here may block, and may be made from any
thread that runs no event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from ..domain.diffs import FileDiff, Selection
from ..domain.executions import FileChange
from ..domain.history import Archived, BranchRow, Clash, Cleanup, Mode, Operation, PendingMerge, Preview
from ..git import diffs, merging, patches, pending
from . import history_files, history_listing, history_merge, history_undo
from .history_session import Session
from .workspace import Workspace


def branches(workspace: Workspace, target: str | None = None) -> tuple[BranchRow, ...]:
    """The branches of executions with their figures against ``target``, newest first.

    Args:
        target: a branch; the one that is checked out where none is named.

    Raises:
        NotFound: there is no such branch.
        Conflict: the project is in no repository.
        GitError: git is missing, older than 2.38, or cannot read.
    """
    return asyncio.run(history_listing.branches(Session(workspace), target))


def show(workspace: Workspace, wanted: str, target: str | None = None) -> BranchRow:
    """One of :func:`branches`.

    Raises:
        NotFound: there is no such execution, or its branch is gone.
    """

    async def work() -> BranchRow:
        session = Session(workspace)
        subject = await session.subject(wanted)
        rows = await history_listing.branches(session, target)
        return next(row for row in rows if row.branch == subject.branch)

    return asyncio.run(work())


def clashes(workspace: Workspace, target: str | None = None) -> tuple[Clash, ...]:
    """The pairs of branches, not merged into ``target``, that would conflict with each other."""
    return asyncio.run(history_listing.clashes(Session(workspace), target))


def files(workspace: Workspace, wanted: str) -> tuple[FileChange, ...]:
    """The files that an execution's branch changes against its fork."""

    async def work() -> tuple[FileChange, ...]:
        session = Session(workspace)
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
            Session(workspace),
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
    part = history_merge.part_of(files, selection)
    return asyncio.run(history_merge.preview(Session(workspace), wanted, target, mode, part))


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
    """Merge an execution's branch.

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
        NothingToMerge: the target has it all.
        CheckoutBusy: the target is checked out, and files there are in no commit.
        RefMoved: the target has moved since ``expected``, or at this moment.
        HookRefused, HookTimeout: a hook of the repository said no, or did not end.
        NotFound, UsageError, Conflict: something named does not exist or makes no sense, or the execution
            still runs.
        GitError: git is missing, older than 2.38, or cannot write.
    """
    return asyncio.run(
        history_merge.merge(
            Session(workspace),
            wanted,
            target,
            mode,
            message=message,
            part=history_merge.part_of(files, selection),
            expected=expected,
            hook_seconds=hook_seconds,
        )
    )


def waiting(workspace: Workspace) -> tuple[PendingMerge, ...]:
    """The merges that wait for their conflicts to be resolved, oldest first."""

    async def work() -> tuple[PendingMerge, ...]:
        return pending.list_pending(await Session(workspace).desk())

    return asyncio.run(work())


def take(workspace: Workspace, path: str, side: pending.Side, *, wanted: str = "") -> None:
    """Resolve one path of a merge that waits: as the base, ours or theirs has it, or the lines of both.

    Raises:
        NotFound: no merge waits, or the path is not in conflict.
        Unresolved: it cannot be resolved like this.
    """

    async def work() -> None:
        desk = await Session(workspace).desk()
        await pending.take(desk, pending.find_pending(desk, wanted), path, side)

    asyncio.run(work())


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
    return asyncio.run(history_merge.resume(Session(workspace), wanted, hook_seconds=hook_seconds))


def abort(workspace: Workspace, wanted: str = "") -> Operation:
    """Give up a merge that waits. What was done in its work tree is kept in the archive.

    Raises:
        NotFound: none waits.
    """
    return asyncio.run(history_merge.abort(Session(workspace), wanted))


def apply(workspace: Workspace, wanted: str) -> Operation:
    """Bring an execution's changes into the user's files, uncommitted, beside what is changed there.

    Index, HEAD and branches stay as they are.

    Raises:
        ApplyConflicts: the changes do not fit the files as they are; nothing was written.
        NothingToMerge: the files have it all.
        CheckoutBusy: ignored files are in the way, or a merge is under way there.
    """
    return asyncio.run(history_files.apply(Session(workspace), wanted))


def discard(workspace: Workspace, wanted: str) -> Operation:
    """Remove an execution's branch and its work tree; all that was in them is kept in the archive.

    Raises:
        Conflict: it runs, or its work tree holds what cannot be kept.
    """
    return asyncio.run(history_files.discard(Session(workspace), wanted))


def cleanup(workspace: Workspace, target: str | None = None, *, dry_run: bool = False) -> Cleanup:
    """Remove the branches and work trees of executions that are merged into ``target``.

    What is unknown, not merged, unfinished, or holds anything that is nowhere else stays, with the reason.
    """

    async def work() -> Cleanup:
        session = Session(workspace)
        rows = await history_listing.branches(session, target)
        return await history_files.cleanup(session, rows, dry_run=dry_run)

    return asyncio.run(work())


def prune(workspace: Workspace, *, dry_run: bool = False) -> Cleanup:
    """Remove the work trees that hold nothing of their own, and what killed processes left half-made."""
    return asyncio.run(history_files.prune(Session(workspace), dry_run=dry_run))


def undo(workspace: Workspace, operation: str = "") -> Operation:
    """Take back the newest merge, apply, discard, clean-up or restore, or the one named by its id.

    Raises:
        NotFound: there is nothing to undo, or no such operation.
        RefMoved: something came since that would be lost; the error says what.
        ApplyConflicts: the files were changed since where the apply had changed them.
        CheckoutBusy: the branch is checked out, and files there are in no commit.
        Conflict: it was undone already.
    """
    return asyncio.run(history_undo.undo(Session(workspace), operation))


def operations(workspace: Workspace, limit: int = 200) -> tuple[Operation, ...]:
    """What was done, newest first."""
    return Session(workspace).operations.newest(limit)


def archive(workspace: Workspace) -> tuple[Archived, ...]:
    """The commits that are kept although nothing else names them, newest operation first."""

    async def work() -> tuple[Archived, ...]:
        session = Session(workspace)
        return await history_undo.archived(session, await session.desk())

    return asyncio.run(work())


def restore(workspace: Workspace, wanted: str) -> Operation:
    """Make a branch again that was removed.

    Args:
        wanted: the branch, its execution, or the operation that removed it.

    Raises:
        NotFound: nothing of that name is kept.
        Conflict: there is such a branch.
    """
    return asyncio.run(history_undo.restore(Session(workspace), wanted))


def settle(workspace: Workspace) -> None:
    """Put right what a killed process left. Every change does so first; at a start it saves that wait."""

    async def work() -> None:
        async with Session(workspace).changing():
            pass

    asyncio.run(work())
