"""What became of an operation in the middle of which its process was killed.

Its account was written before it acted, and git's own commands are never cut off: they hold the repository's
lock and end by themselves. So it is enough to look where its refs are: all as before, it did not happen; all
as after, it did. What removes or writes files besides is brought to its end, from what it has kept.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..domain.history import Operation, RefMove
from ..git.applying import Change, finish_change, was_written
from ..git.archive import drop, kept
from ..git.landing import states
from ..git.refs import move_refs, read_ref, read_refs
from ..git.scratch import Desk
from ..git.scratch import remove as remove_scratch
from ..git.working import Files
from ..store.operations import Operations
from .history_places import rebuild


async def finish_cut_off(operations: Operations, desk: Desk, operation: Operation, lock: int) -> None:
    """Settle an operation that was cut off, or forget it. The repository's lock must be held."""
    details = operation.details or {}
    before, after = await states(desk, operation.moves)
    if operation.moves and before and _has_removed(operation):
        await _keep_and_move(desk, operation, lock)
        after = True
    elif (operation.moves and before) or ("folder" in details and not await _written(desk, operation)):
        return await _void(operations, desk, operation, lock)
    if operation.moves and not after:
        operation = await _as_far_as_it_came(desk, operation)
    again = details.get("rebuild", {}) if operation.kind == "undo" else {}
    # A branch that has gone on since needs no work tree of then; what was in it stays in the archive.
    if again and await read_ref(desk.repository, again["branch"]) == again["tip"]:
        await rebuild(desk, again, lock)
    if "pending" in details:
        await remove_scratch(desk, details["pending"])
    await operations.settle(replace(operation, settled=True), undoes=details.get("undoes", ""))


def _has_removed(operation: Operation) -> bool:
    """Whether a discard had come to removing the work tree, so that only its refs are left to go."""
    removes = (operation.details or {}).get("removes", "")
    return bool(removes) and not Path(removes).exists()


async def _written(desk: Desk, operation: Operation) -> bool:
    """Whether the files of an apply were brought over; then its last bit is done."""
    change = change_of(desk, operation)
    if not await was_written(change):
        return False
    await finish_change(change)
    return True


def as_details(change: Change) -> dict[str, Any]:
    """A change of files as an operation keeps it."""
    return {
        "folder": str(change.files.folder),
        "before": change.before,
        "after": change.after,
        "modes": dict(change.modes),
    }


def change_of(desk: Desk, operation: Operation) -> Change:
    """The change of files that an operation keeps; none has permissions that was kept before there were."""
    details = operation.details or {}
    files = Files(Path(details["folder"]), desk.files.private)
    return Change(files, details["before"], details["after"], details.get("modes", {}))


async def _void(operations: Operations, desk: Desk, operation: Operation, lock: int) -> None:
    await drop(desk.repository, operation.id, hold=(lock,))
    await operations.forget(operation.id)


async def _keep_and_move(desk: Desk, operation: Operation, lock: int) -> None:
    keeping = kept(operation.id, operation.moves)
    there = await read_refs(desk.repository, [move.name for move in keeping])
    missing = [move for move in keeping if there[move.name] is None]
    await move_refs(desk.repository, (*missing, *operation.moves), why=operation.summary, hold=(lock,))


async def _as_far_as_it_came(desk: Desk, operation: Operation) -> Operation:
    found = await read_refs(desk.repository, [move.name for move in operation.moves])
    moved: tuple[RefMove, ...] = tuple(move for move in operation.moves if found[move.name] == move.after)
    return replace(operation, moves=moved)
