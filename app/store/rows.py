"""Between rows and values, and the two statements that write: begin an execution, append events."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ..domain.errors import Conflict, NotFound, StoreError
from ..domain.events import Draft, Event, Kind
from ..domain.executions import Execution, Totals
from ..domain.fold import SILENT, apply, begin
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
_LARGEST = 2**63 - 1
"""The largest number that SQLite keeps."""

_INSERT = (
    f"INSERT INTO executions ({', '.join(COLUMNS)}, last_seq, owner) VALUES ({'?, ' * len(COLUMNS)}1, ?)"
)
_SELECT = f"SELECT {', '.join(COLUMNS)}, last_seq FROM executions WHERE id = ?"
_CHANGING = COLUMNS[3:]
_UPDATE = f"UPDATE executions SET {', '.join(f'{name} = ?' for name in _CHANGING)}, last_seq = ? WHERE id = ?"
_ADVANCE = "UPDATE executions SET last_seq = ? WHERE id = ?"
_EVENT = "INSERT INTO events (execution, seq, time, kind, payload) VALUES (?, ?, ?, ?, ?)"
_encoder = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


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
        StoreError: the payload is not plain JSON data.
    """
    row = begin(Event(identifier, 1, queued.time, queued.kind, queued.payload))
    try:
        db.execute(_INSERT, (*_values(row), owner))
    except sqlite3.IntegrityError:
        raise Conflict(f"There is an execution '{identifier}' already") from None
    db.execute(_EVENT, (identifier, 1, queued.time, queued.kind.value, _encode(queued.payload)))
    return row


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
    before = row = to_execution(found)
    rows = []
    for seq, draft in enumerate(drafts, found[-1] + 1):
        if draft.kind not in SILENT:
            row = apply(row, Event(identifier, seq, draft.time, draft.kind, draft.payload))
        rows.append((identifier, seq, draft.time, draft.kind.value, _encode(draft.payload)))
    db.executemany(_EVENT, rows)
    if row is before:
        db.execute(_ADVANCE, (found[-1] + len(rows), identifier))
    else:
        db.execute(_UPDATE, (*_values(row)[3:], found[-1] + len(rows), identifier))
    return row


def _values(row: Execution) -> tuple[Any, ...]:
    plain = (_storable(getattr(row, name)) for name in _PLAIN)
    return (*plain, *(min(getattr(row.totals, name), _LARGEST) for name in _TOTALS))


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
