"""What is done in every repository of a project: its own, and the private ones of executions' copies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ..domain.errors import Conflict
from ..domain.history import Archived, BranchRow, Cleanup, Operation
from ..git.archive import find_archived
from ..git.scratch import Desk
from ..git.tasks import each
from ..git.temporary import sweep
from . import history_files, history_listing, history_undo
from .history_copies import at, copies
from .history_session import Session, repository_of
from .workspace import Workspace

_AT_ONCE = 4
"""Private repositories that are read at the same time."""


async def branches(workspace: Workspace, target: str | None) -> tuple[BranchRow, ...]:
    """The branches in all of them, newest first; see :func:`.history.branches`."""
    rows = [row for _, found in await _rows(workspace, target) for row in found]
    return tuple(sorted(rows, key=lambda row: row.created, reverse=True))


async def target(workspace: Workspace, named: str | None) -> str:
    """The branch that is merged into where none is named; empty where there is none."""
    session = Session(workspace)
    if named or await session.repository() is None:
        return named or ""
    try:
        return await session.target(None)
    except Conflict:  # HEAD is on no branch
        return ""


async def cleanup(workspace: Workspace, target: str | None, *, dry_run: bool) -> Cleanup:
    """Remove what is merged, or in the user's files; see :func:`.history.cleanup`."""
    reports = [
        await history_files.cleanup(session, rows, dry_run=dry_run)
        for session, rows in await _rows(workspace, target)
    ]
    return _together(reports)


async def prune(workspace: Workspace, *, dry_run: bool) -> Cleanup:
    """Remove work trees that nobody needs; see :func:`.history.prune`."""
    desks = await _desks(workspace)
    return _together(
        [await history_files.prune(Session(workspace, desk=desk), dry_run=dry_run) for desk in desks]
    )


async def undo(workspace: Workspace, named: str) -> Operation:
    """Take back the newest operation, or the one named, where it was done; see :func:`.history.undo`."""
    await settle(workspace)
    operation = history_undo.choose(Session(workspace), named)
    return await history_undo.undo(_session_of(workspace, operation), operation.id)


async def settle(workspace: Workspace) -> None:
    """Put right what killed processes left, wherever that was; see :func:`.history.settle`."""
    await asyncio.to_thread(sweep)
    cut_off = Session(workspace).operations.unsettled()
    sessions = {repository_of(one): _session_of(workspace, one) for one in cut_off}
    if "" not in sessions and await Session(workspace).repository():
        sessions[""] = Session(workspace)  # of a merge there may be a work tree left, and nothing else
    for session in sessions.values():
        async with session.changing():
            pass


async def archive(workspace: Workspace) -> tuple[Archived, ...]:
    """What is kept in all of them; see :func:`.history.archive`."""
    return tuple(entry for entry, _ in await _archived(workspace))


async def restore(workspace: Workspace, wanted: str) -> Operation:
    """Make a branch again where it was; see :func:`.history.restore`."""
    found = await _archived(workspace)
    entry = find_archived([entry for entry, _ in found], wanted)
    desk = next(desk for other, desk in found if other is entry)
    return await history_undo.restore(Session(workspace, desk=desk), entry)


async def _archived(workspace: Workspace) -> tuple[tuple[Archived, Desk], ...]:
    return await history_undo.archived(Session(workspace), await _desks(workspace))


async def _desks(workspace: Workspace) -> list[Desk]:
    own = await Session(workspace).repository()
    return [*([own] if own else []), *copies(workspace)]


async def _rows(workspace: Workspace, target: str | None) -> list[tuple[Session, tuple[BranchRow, ...]]]:
    """The branches of each repository, with the session that read them."""
    desks = await _desks(workspace)
    if target and all(desk.original for desk in desks):
        await Session(workspace).desk()  # there is no branch of any name, and this says so
    limit = asyncio.Semaphore(_AT_ONCE)

    async def read(desk: Desk) -> tuple[Session, tuple[BranchRow, ...]]:
        session = Session(workspace, desk=desk)
        async with limit:
            return session, await history_listing.branches(session, target)

    return await each(map(read, desks))


def _session_of(workspace: Workspace, operation: Operation) -> Session:
    private = repository_of(operation)
    return Session(workspace, desk=at(workspace, private) if private else None)


def _together(reports: Sequence[Cleanup]) -> Cleanup:
    removed = tuple(name for report in reports for name in report.removed)
    kept = tuple(one for report in reports for one in report.kept)
    done = [name for report in reports for name in (report.operation, *report.more) if name]
    return Cleanup(removed, kept, "".join(done[:1]), tuple(done[1:]))
