"""What has changed since a screen last looked: the executions, and the one it watches.

The same rows serve a run of this process, a run of another one and a run of last week.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from ..domain.events import Event
from ..domain.executions import Execution
from .workspace import Workspace

ROWS = 1000
"""How many executions a list holds at first; older ones are read on demand."""

OVERLAP_SECONDS = 60.0
"""How far the moments of creation and of commit may lie apart, so that two processes' may be reversed."""

FIRST_ROWS = 80
"""How many executions the first picture needs: more lines than a tall terminal has."""

STEPS = 500
"""The most step events that one look brings; the next look brings the rest."""


@dataclass(frozen=True, slots=True)
class Watched:
    """News of the execution that is being watched."""

    execution: str
    last_seq: int
    telling: tuple[Event, ...]
    """Its new events but for text and log lines."""


@dataclass(frozen=True, slots=True)
class News:
    """What one look found. ``rows`` is None where no row changed, else all rows, newest first.

    ``total`` is how many rows there are; more than ``rows`` has in :meth:`Feed.first_look` alone.
    """

    rows: tuple[Execution, ...] | None = None
    total: int = 0
    watched: Watched | None = None
    spent_micro: int = 0


class Feed:
    """Reads the store for a screen. :meth:`look` is for a thread; the other methods are for any.

    Looking costs a few microseconds while nothing happens, and reads only what may have changed.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = threading.Lock()
        self._version: int | None = None
        self._rows: dict[str, Execution] = {}
        self._watched = ""
        self._told = 0
        self._seen = 0

    def watch(self, execution: str) -> None:
        """Bring news of this execution from its beginning; "" for none."""
        with self._lock:
            self._watched, self._told, self._seen = execution, 0, 0
            self._version = None

    def first_look(self) -> News | None:
        """The newest executions alone, for the first picture; the next look brings them all.

        Raises:
            StoreError: the store cannot be read.
        """
        if not self._workspace.has_store:
            return None
        store = self._workspace.store
        rows = store.executions(FIRST_ROWS)
        return News(rows, min(store.count(), ROWS), spent_micro=self._spent_today())

    def look(self) -> News | None:
        """The news since the last look; None while nothing has been committed and no watch began.

        Raises:
            StoreError: the store cannot be read.
        """
        with self._lock:
            if not self._workspace.has_store:
                return None
            version = self._workspace.store.version()
            if version == self._version:
                return None
            # Read before the rows: what is committed meanwhile shows as a new version next time.
            rows = self._changed_rows()
            watched = self._news_of_watched()
            if watched is None or len(watched.telling) < STEPS:
                self._version = version
            return News(rows, len(self._rows), watched, self._spent_today())

    def page(self, execution: str, first: int, last: int) -> tuple[Event, ...]:
        """The events ``first`` to ``last``, both included, large results left out."""
        limit = last - first + 1
        return self._workspace.store.events(execution, after=first - 1, limit=limit, brief=True)

    def _changed_rows(self) -> tuple[Execution, ...] | None:
        store = self._workspace.store
        if not self._rows:
            changed = store.executions(ROWS)
        else:
            newest = next(iter(self._rows.values())).created
            unfinished = [row.id for row in self._rows.values() if row.finished is None]
            changed = store.newer_than(newest - OVERLAP_SECONDS, unfinished)
        known = [row for row in changed if self._rows.get(row.id) != row]
        if not known:
            return None
        merged = {**self._rows, **{row.id: row for row in known}}
        ordered = sorted(merged.values(), key=lambda row: (row.created, row.id), reverse=True)
        self._rows = {row.id: row for row in ordered[:ROWS]}
        return tuple(self._rows.values())

    def _news_of_watched(self) -> Watched | None:
        if not self._watched:
            return None
        store = self._workspace.store
        last = store.last_seq(self._watched)
        if last == self._seen and self._told >= last:
            return None
        telling = store.telling_events(self._watched, after=self._told, limit=STEPS, brief=True)
        if telling:
            # Some may have been committed since the last number was read.
            last = max(last, telling[-1].seq)
        self._told = telling[-1].seq if len(telling) == STEPS else last
        self._seen = last
        return Watched(self._watched, last, telling)

    def _spent_today(self) -> int:
        now = time.localtime()
        midnight = time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))
        return self._workspace.store.spent_since(midnight)
