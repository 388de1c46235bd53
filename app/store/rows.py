"""Between rows and values, and the two statements that write: begin an execution, append events."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

from ..domain.errors import Conflict, NotFound, StoreError
from ..domain.events import Draft, Event, Kind
from ..domain.executions import Execution, Totals
from ..domain.fold import SILENT, apply_all, begin, tally
from ..domain.ids import shorten
from ..domain.states import State

_PLAIN = (
    "id",
    "agent",
    "model",
    "state",
    "created",
    "task",
    "started",
    "finished",
    "branch",
    "base_commit",
    "worktree",
    "note",
    "asks",
    "kind",
)
_TOTALS = (
    "steps",
    "tool_calls",
    "input_tokens",
    "output_tokens",
    "cost_micro",
    "files",
    "added",
    "removed",
)
COLUMNS = _PLAIN + _TOTALS
_KEPT = (*COLUMNS, "last_seq")
_plain_of, _totals_of = attrgetter(*_PLAIN), attrgetter(*_TOTALS)
_LARGEST = 2**63 - 1
"""The largest number that SQLite keeps."""

_INSERT = (
    f"INSERT INTO executions ({', '.join(COLUMNS)}, last_seq, owner) VALUES ({'?, ' * len(COLUMNS)}1, ?)"
)
_SELECT = f"SELECT {', '.join(_KEPT)} FROM executions WHERE id = ?"
_EVENT = "INSERT INTO events (execution, seq, time, kind, payload) VALUES (?, ?, ?, ?, ?)"
_LINE = _EVENT.replace("events", "lines")
_BLOCKS = (50, 10, 2, 1)
_MORE = ", (?, ?, ?, ?, ?)"
_EVENTS = tuple((size, _EVENT + _MORE * (size - 1)) for size in _BLOCKS)
_LINES = tuple((size, _LINE + _MORE * (size - 1)) for size in _BLOCKS)
"""How many rows a statement writes: one costs as much as some rows."""
_COUNT = "UPDATE executions SET last_seq = last_seq + ? WHERE id = ? RETURNING last_seq"
_COUNT_STEPS = (
    "UPDATE executions SET steps = steps + ?, tool_calls = tool_calls + ?, note = ?, last_seq = last_seq + ?"
    " WHERE id = ? RETURNING last_seq"
)
_AT_WORK = "SELECT id FROM executions WHERE finished IS NULL AND branch = ? AND id != ?"
_WENT_ON = "SELECT id FROM executions WHERE branch = ? AND created > ? AND base_commit != ''"
_NAMES = {kind: kind.value for kind in Kind}
# What contains itself is found by the depth, which costs nothing where there is none.
_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False)


class BranchBusy(Conflict):
    """Another execution is at work on the branch."""

    code = "branch_busy"


class BranchWentOn(Conflict):
    """Another execution has gone on with the branch since this one was interrupted."""

    code = "branch_went_on"


class RecordGrew(Conflict):
    """Something was recorded of an execution since its record was read."""

    code = "record_grew"


def to_execution(row: Sequence[Any]) -> Execution:
    """A row in the order of :data:`COLUMNS` as a value."""
    plain = dict(zip(_PLAIN, row, strict=False))
    try:
        plain["state"] = State(plain["state"])
    except ValueError as error:
        raise _unreadable(f"execution {row[0]}", error) from None
    return Execution(**plain, totals=Totals(*row[len(_PLAIN) : len(COLUMNS)]))


def to_event(row: Sequence[Any]) -> Event:
    """An event row as a value."""
    try:
        return Event(row[0], row[1], row[2], Kind(row[3]), json.loads(row[4]))
    except ValueError as error:
        raise _unreadable(f"event {row[1]} of execution {row[0]}", error) from None


def insert(db: sqlite3.Connection, identifier: str, queued: Draft, owner: str) -> Execution:
    """Write an execution's row and its first event.

    Raises:
        Conflict: the id is taken.
        BranchBusy: it goes on with a branch on which another execution is at work.
        StoreError: the payload is not plain JSON data.
    """
    row = begin(Event(identifier, 1, queued.time, queued.kind, queued.payload))
    refuse_busy(db, row)
    try:
        db.execute(_INSERT, (*map(_storable, _values(row)), owner))
    except sqlite3.IntegrityError:
        raise Conflict(f"There is an execution '{identifier}' already") from None
    db.execute(_EVENT, (identifier, 1, queued.time, queued.kind.value, _encode(queued.payload)))
    return row


def refuse_busy(db: sqlite3.Connection, row: Execution) -> None:
    """Two executions never work on one branch at a time.

    Raises:
        BranchBusy: another execution is at work on the branch of ``row``.
    """
    found = db.execute(_AT_WORK, (row.branch, row.id)).fetchone() if row.branch else None
    if found is not None:
        raise BranchBusy(
            "An execution is at work on that branch",
            detail=f"{found[0]} on {row.branch}",
            hint="wait for its end, or stop it",
        )


def refuse_passed(db: sqlite3.Connection, row: Execution) -> None:
    """An execution that was interrupted goes on with the files that it left, or not at all.

    Raises:
        BranchWentOn: a later execution has worked on the branch of ``row``.
    """
    found = db.execute(_WENT_ON, (row.branch, row.created)).fetchone() if row.branch else None
    if found is not None:
        raise BranchWentOn(
            f"Execution {shorten(found[0])} has gone on with the branch of {row.short}",
            detail=f"what {row.short} has recorded is not what there is on {row.branch} now",
            hint=f"'paracle run {row.agent} --on {row.short}' goes on from there; "
            f"'paracle runs stop {row.short}' ends this one",
        )


def refuse_grown(db: sqlite3.Connection, identifier: str, seen: int) -> None:
    """Nobody acts on a record of which they know only a part.

    Raises:
        RecordGrew: there are events after number ``seen``.
    """
    found = db.execute("SELECT last_seq FROM executions WHERE id = ?", (identifier,)).fetchone()
    if found is not None and found[0] != seen:
        raise RecordGrew(
            f"Something has happened to '{identifier}' at this moment", hint="look at it, and try again"
        )


def append(db: sqlite3.Connection, identifier: str, drafts: Sequence[Draft]) -> Execution:
    """Number and write events, and the row that they lead to.

    Raises:
        NotFound: there is no such execution.
        Conflict: an event would make an illegal transition.
        StoreError: a payload is not plain JSON data.
    """
    found = db.execute(_SELECT, (identifier,)).fetchone()
    if found is None:
        raise NotFound(f"There is no execution '{identifier}'")
    row = apply_all(to_execution(found), drafts)
    last = found[-1] + len(drafts)
    _insert(db, identifier, drafts, last)
    _update(db, identifier, found, (*_values(row), last))
    if row.state.is_final:
        db.execute("DELETE FROM jobs WHERE execution = ?", (identifier,))
    return row


def record(db: sqlite3.Connection, identifier: str, drafts: Sequence[Draft]) -> None:
    """:func:`append` where nobody asks for the row: what most commits hold is counted without reading it.

    Raises:
        NotFound, Conflict, StoreError: as :func:`append`.
    """
    counted = tally(drafts)
    if counted is None:
        append(db, identifier, drafts)
        return
    if counted.steps:
        changes = (counted.steps, counted.tool_calls, _storable(counted.note))
        found = db.execute(_COUNT_STEPS, (*changes, len(drafts), identifier)).fetchone()
    else:
        found = db.execute(_COUNT, (len(drafts), identifier)).fetchone()
    if found is None:
        raise NotFound(f"There is no execution '{identifier}'")
    _insert(db, identifier, drafts, found[0])


def _insert(db: sqlite3.Connection, identifier: str, drafts: Sequence[Draft], last: int) -> None:
    """Write events up to a number: the mass of text and log lines into a table of its own."""
    events: list[tuple[object, ...]] = []
    lines: list[tuple[object, ...]] = []
    for seq, (kind, payload, moment) in enumerate(drafts, last - len(drafts) + 1):
        rows = lines if kind in SILENT else events
        rows.append((identifier, seq, moment, _NAMES[kind], _encode(payload)))
    _insert_rows(db, _EVENTS, events)
    _insert_rows(db, _LINES, lines)


def _insert_rows(
    db: sqlite3.Connection, statements: Sequence[tuple[int, str]], rows: Sequence[tuple[object, ...]]
) -> None:
    start, count = 0, len(rows)
    for size, sql in statements:
        while count - start >= size:
            db.execute(sql, tuple(chain.from_iterable(rows[start : start + size])))
            start += size


def _update(
    db: sqlite3.Connection, identifier: str, before: Sequence[object], after: Sequence[object]
) -> None:
    """Write the columns that have changed.

    Only those: SQLite writes the pages of every index over a column that it is given.
    """
    changed = [(name, new) for name, old, new in zip(_KEPT, before, after, strict=True) if old != new]
    if not changed:
        return
    names = ", ".join(f"{name} = ?" for name, _ in changed)
    values = (*(_storable(value) for _, value in changed), identifier)
    db.execute(f"UPDATE executions SET {names} WHERE id = ?", values)


def _values(row: Execution) -> tuple[Any, ...]:
    return (*_plain_of(row), *(min(total, _LARGEST) for total in _totals_of(row.totals)))


def _storable(value: Any) -> Any:
    """Text without the half characters that stand for bytes which are no UTF-8; SQLite takes none."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _encode(payload: Mapping[str, Any]) -> str:
    try:
        return _encoder.encode(payload)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            "An event cannot be recorded",
            detail=str(error),
            hint="values must be plain JSON: text, finite numbers, true, false, null, lists and mappings",
        ) from None


def _unreadable(what: str, error: ValueError) -> StoreError:
    return StoreError(
        "The execution store holds something that cannot be read",
        detail=f"{what}: {error}",
        hint="it was written by a newer Paracle, or damaged; 'paracle doctor' looks at the file",
    )
