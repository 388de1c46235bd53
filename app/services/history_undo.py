"""Taking back what was done, as long as nothing that came since would be lost by it."""

from __future__ import annotations

from collections.abc import Iterable

from ..domain.errors import Conflict, GitError, NotFound
from ..domain.history import Archived, Operation, RefMove
from ..git.applying import Change, plan_change, write_change
from ..git.archive import drop, kept_commits, list_archived
from ..git.command import git, logged
from ..git.landing import land
from ..git.putting_back import HalfWritten
from ..git.refs import RefMoved, read_refs
from ..git.scratch import Desk
from ..git.tasks import to_the_end
from .history_places import rebuild
from .history_recovery import as_details, change_of
from .history_session import Session, new_operation

UNDOABLE = ("merge", "apply", "discard", "cleanup", "restore")


async def undo(session: Session, named: str) -> Operation:
    """Take back the newest operation that was not taken back, or the one named; see :func:`.history.undo`."""
    with logged() as commands:
        async with session.changing() as (desk, lock):
            # Asked again: another process may have come first.
            operation = choose(session, named)
            details = dict(operation.details or {})
            summary = f"undo: {operation.summary}"
            if operation.kind == "apply":
                return await _undo_apply(session, desk, operation, summary, lock)
            moves = tuple(move.reversed for move in operation.moves)
            await _check(desk, operation, moves)
            more = {"undoes": operation.id}
            if "rebuild" in details:
                more["rebuild"] = details["rebuild"]
            back = new_operation("undo", operation.executions, summary, moves, more, desk=desk)
            await session.operations.begin(back)
            try:
                await to_the_end(land(desk, back.id, moves, why=summary, hold=lock))
            except GitError:
                await session.operations.forget(back.id)
                raise
            if "rebuild" in details:
                await rebuild(desk, details["rebuild"], lock)
            return await session.settle(back, commands, undoes=operation.id)


async def restore(session: Session, entry: Archived) -> Operation:
    """Make a branch again that was removed; see :func:`.history.restore`."""
    with logged() as commands:
        async with session.changing() as (desk, lock):
            found = await read_refs(desk.repository, [entry.name])
            if found[entry.name] is not None:
                raise Conflict(
                    f"There is a branch {entry.name.removeprefix('refs/heads/')}",
                    hint="rename or discard it first",
                )
            move = RefMove(entry.name, None, entry.commit)
            operation = new_operation("restore", [], f"restore {move.short}", [move], desk=desk)
            return await session.perform(desk, operation, hold=lock, commands=commands)


async def archived(session: Session, desks: Iterable[Desk]) -> tuple[tuple[Archived, Desk], ...]:
    """What is kept and where, newest operation first; what no operation accounts for comes last."""
    entries = [(entry, desk) for desk in desks for entry in await list_archived(desk.repository)]
    order = {operation.id: number for number, operation in enumerate(session.operations.newest(1_000_000))}
    return tuple(
        sorted(entries, key=lambda found: (order.get(found[0].operation, len(order)), found[0].name))
    )


def choose(session: Session, named: str) -> Operation:
    """The operation to take back: the one whose id begins like this, else the newest that still stands.

    Raises:
        NotFound: there is none.
        Conflict: several begin like this, or it cannot be taken back, or was already.
    """
    if named:
        operation = session.operations.get(named)
        if operation.kind not in UNDOABLE:
            raise Conflict(f"'{operation.kind}' cannot be undone", hint="do again what it took back")
        if operation.undone:
            raise Conflict("That was undone already", detail=operation.summary)
        return operation
    for operation in session.operations.newest(1000):
        if operation.kind in UNDOABLE and not operation.undone:
            return operation
    raise NotFound("There is nothing to undo", hint="'paracle git undo --list' shows what was done")


async def _check(desk: Desk, operation: Operation, moves: tuple[RefMove, ...]) -> None:
    """Refuse where something came since; what is on the refs now would be lost."""
    found = await read_refs(desk.repository, [move.name for move in moves])
    for move in moves:
        if found[move.name] == move.before:
            continue
        error = RefMoved(move.name, move.before, found[move.name])
        if move.before and found[move.name]:
            said = await git(
                desk.repository, "rev-list", "--count", f"{move.before}..{found[move.name]}", "--"
            )
            error.detail += f"; {said.text} commits came since '{operation.summary}'"
            error.hint = "undo what came since first, or use 'git revert'"
        raise error


async def _undo_apply(
    session: Session, desk: Desk, operation: Operation, summary: str, lock: int
) -> Operation:
    applied = change_of(desk, operation)
    with logged() as commands:
        change = await plan_change(desk.files, applied.after, applied.before, applied.modes)
        details = {**as_details(change), "undoes": operation.id}
        back = new_operation("undo", operation.executions, summary, details=details, desk=desk)
        await write_recorded(session, desk, back, change, lock)
        return await session.settle(back, commands, undoes=operation.id)


async def write_recorded(
    session: Session, desk: Desk, operation: Operation, change: Change, lock: int
) -> None:
    """Bring files over for an operation, with both states of them kept."""
    also = kept_commits(operation.id, {"files/before": change.before, "files/after": change.after})
    await session.operations.begin(operation)
    try:
        await land(desk, operation.id, (), why=operation.summary, also=also, hold=lock)
        await to_the_end(write_change(change, hold=(lock,)))
    except HalfWritten:
        raise  # what the files were stays in the archive; the next operation settles this one
    except GitError:
        await drop(desk.repository, operation.id, hold=(lock,))
        await session.operations.forget(operation.id)
        raise
