"""What a person thinks of the executions' diffs, one row an execution."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from ..domain.errors import StoreError
from ..domain.review import Review
from .store import Store

_SELECT = "SELECT payload FROM reviews WHERE execution = ?"
_WRITE = (
    "INSERT INTO reviews (execution, changed, payload) VALUES (?, ?, ?)"
    " ON CONFLICT (execution) DO UPDATE SET changed = excluded.changed, payload = excluded.payload"
)


class Reviews:
    """The reviews of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, execution: str) -> Review | None:
        """An execution's review, ``None`` where nobody has begun one.

        Raises:
            StoreError: it cannot be read.
        """
        rows = self._store.read(_SELECT, (execution,))
        return _review(rows[0]) if rows else None

    def times(self) -> dict[str, float]:
        """When each review was last changed, in seconds since the epoch, by its execution."""
        return dict(self._store.read("SELECT execution, changed FROM reviews"))

    def newest(self, executions: Sequence[str]) -> Review | None:
        """The review that was changed last among those of some executions."""
        marks = ", ".join("?" * len(executions))
        sql = f"SELECT payload FROM reviews WHERE execution IN ({marks}) ORDER BY changed DESC LIMIT 1"
        rows = self._store.read(sql, tuple(executions))
        return _review(rows[0]) if rows else None

    async def change(
        self, execution: str, now: float, change: Callable[[Review], Review], start: Review
    ) -> Review:
        """Change a review in one transaction, so that two terminals do not undo each other's work.

        Args:
            change: Called in the writer's thread with what is there.
            start: What there is before the first change.

        Raises:
            StoreError: it cannot be written.
            Conflict: ``change`` says so; nothing is written.
        """

        def write(db: sqlite3.Connection) -> Review:
            row = db.execute(_SELECT, (execution,)).fetchone()
            changed = change(_review(row) if row else start)
            db.execute(_WRITE, (execution, now, json.dumps(changed.to_dict())))
            return changed

        review: Review = await self._store.write(write)
        return review


def _review(row: Sequence[Any]) -> Review:
    try:
        return Review.from_dict(json.loads(row[0]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(
            "A review cannot be read",
            detail=str(error),
            hint="it was written by a newer Paracle, or the file is damaged: 'paracle doctor' looks",
        ) from None
