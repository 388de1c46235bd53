"""What can be asked of the store, from any thread."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..domain.errors import StoreError
from ..domain.events import Event
from ..domain.executions import Execution
from ..domain.ids import match_prefix
from .connection import translated
from .rows import COLUMNS, to_event, to_execution

_EXECUTION = f"SELECT {', '.join(COLUMNS)} FROM executions"
_OLDER = "WHERE (created, id) < (?, ?)"
_WHOLE = "payload"
# A list of events needs no megabytes of a tool's result or of a written file.
_BRIEF = (
    "CASE WHEN length(payload) > 16384 THEN"
    " json_remove(payload, '$.result', '$.arguments.text') ELSE payload END"
)
_AFTER = "SELECT execution, seq, time, kind, {} FROM {} WHERE execution = ? AND seq > ?"
_TELLING = " AND kind NOT IN ('model.text', 'log')"
_IN_ORDER = " ORDER BY seq LIMIT ?"


class Reader:
    """Executions and events as they are on the disk; every question sees all that was committed before it.

    Args:
        path: the database, for words.
        connection: used by one thread at a time from now on.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._reader = connection
        self._lock = threading.Lock()
        self._closed = False

    def execution(self, prefix: str) -> Execution:
        """The execution whose id starts with ``prefix``.

        Raises:
            NotFound: none does.
            Conflict: several do.
        """
        escaped = prefix.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self._query(_EXECUTION + " WHERE id LIKE ? ESCAPE '\\'", (escaped + "%",))
        found = {row[0]: to_execution(row) for row in rows}
        return found[match_prefix(prefix, found)]

    def executions(self, limit: int = 200, *, before: Execution | None = None) -> tuple[Execution, ...]:
        """Executions, newest first. ``before`` continues a list after its last row."""
        where, values = ("", ()) if before is None else (_OLDER, (before.created, before.id))
        sql = f"{_EXECUTION} {where} ORDER BY created DESC, id DESC LIMIT ?"
        return tuple(to_execution(row) for row in self._query(sql, (*values, limit)))

    def on_branch(self, branch: str) -> tuple[Execution, ...]:
        """The executions that have worked on a branch, or are about to, newest first."""
        sql = f"{_EXECUTION} WHERE branch = ? ORDER BY created DESC, id DESC"
        return tuple(to_execution(row) for row in self._query(sql, (branch,))) if branch else ()

    def newer_than(self, moment: float, also: Sequence[str] = ()) -> tuple[Execution, ...]:
        """Executions created after a moment, and those named in ``also``; what a live list reads again."""
        marks = ", ".join("?" * len(also))
        sql = f"{_EXECUTION} WHERE created > ? OR id IN ({marks}) ORDER BY created DESC, id DESC"
        return tuple(to_execution(row) for row in self._query(sql, (moment, *also)))

    def asking(self) -> tuple[Execution, ...]:
        """The executions that have asked a person something and have no answer yet."""
        return tuple(to_execution(row) for row in self._query(f"{_EXECUTION} WHERE asks > 0"))

    def count(self) -> int:
        """How many executions there are."""
        return int(self._query("SELECT count(*) FROM executions")[0][0])

    def last_seq(self, execution: str) -> int:
        """The number of the last committed event; 0 where there is no such execution."""
        rows = self._query("SELECT last_seq FROM executions WHERE id = ?", (execution,))
        return int(rows[0][0]) if rows else 0

    def events(
        self, execution: str, *, after: int = 0, limit: int = 1000, brief: bool = False
    ) -> tuple[Event, ...]:
        """Events in order, from ``after`` (exclusive), at most ``limit``.

        Args:
            brief: leave large results and texts out of the payloads, for lists.
        """
        payload = _BRIEF if brief else _WHOLE
        told, lines = _AFTER.format(payload, "events"), _AFTER.format(_WHOLE, "lines")
        # Each is in order by its key, and SQLite merges them as far as it is asked.
        rows = self._query(
            f"{told} UNION ALL {lines}{_IN_ORDER}", (execution, after, execution, after, limit)
        )
        return tuple(to_event(row) for row in rows)

    def telling_events(
        self, execution: str, *, after: int = 0, limit: int = 1000, brief: bool = False
    ) -> tuple[Event, ...]:
        """:meth:`events` without the mass of text and log lines: steps, commits, states."""
        # A process of an earlier version may have written lines among the rest.
        sql = _AFTER.format(_BRIEF if brief else _WHOLE, "events") + _TELLING + _IN_ORDER
        return tuple(to_event(row) for row in self._query(sql, (execution, after, limit)))

    def spent_since(self, moment: float) -> int:
        """What executions created since ``moment`` have cost, in micro-dollars."""
        rows = self._query(
            "SELECT coalesce(sum(cost_micro), 0) FROM executions WHERE created >= ?", (moment,)
        )
        return int(rows[0][0])

    def check(self) -> tuple[str, ...]:
        """What SQLite finds wrong with the file, empty where it is sound. Reads the whole file."""
        return tuple(str(row[0]) for row in self._query("PRAGMA quick_check(20)") if row[0] != "ok")

    def read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query, for the other tables of this folder.

        Raises:
            StoreError: the file cannot be read.
        """
        return self._query(sql, values)

    def version(self) -> int:
        """A number that changes whenever any process has committed anything; costs microseconds."""
        # data_version tells of commits by every other connection, the writer's included.
        return int(self._query("PRAGMA data_version")[0][0])

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._closed:
                raise StoreError("The execution store is closed")
            with translated(self.path):
                try:
                    return self._reader.execute(sql, values).fetchall()
                except UnicodeEncodeError:
                    return []  # asked for by a name that is not UTF-8, which no row has
