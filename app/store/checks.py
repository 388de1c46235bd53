"""What came of the checks that were run on the tip of a branch; the newest run of each tip."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from ..domain.checks import Check
from ..domain.errors import StoreError
from .store import Store

_SELECT = "SELECT payload FROM checks WHERE tip = ?"
_WRITE = (
    "INSERT INTO checks (tip, time, payload) VALUES (?, ?, ?)"
    " ON CONFLICT (tip) DO UPDATE SET time = excluded.time, payload = excluded.payload"
)


class CheckResults:
    """The results of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, tip: str) -> tuple[Check, ...]:
        """The newest results for a commit; empty where none are kept.

        Raises:
            StoreError: they cannot be read.
        """
        rows = self._store.read(_SELECT, (tip,))
        try:
            return tuple(Check.from_dict(one) for one in json.loads(rows[0][0])) if rows else ()
        except (ValueError, TypeError) as error:
            raise StoreError(
                "The results of checks cannot be read",
                detail=str(error),
                hint="they were written by a newer Paracle, or the file is damaged: 'paracle doctor' looks",
            ) from None

    async def keep(self, tip: str, now: float, checks: Sequence[Check]) -> None:
        """Keep the results for a commit in place of earlier ones.

        Raises:
            StoreError: they cannot be written.
        """
        payload = json.dumps([check.to_dict() for check in checks])

        def write(db: sqlite3.Connection) -> None:
            db.execute(_WRITE, (tip, now, payload))

        await self._store.write(write)
