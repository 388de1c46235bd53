"""The account of what was done to branches and files, kept so that it can be undone.

An operation is written before it acts and settled after, like a step: one that was cut off in between is
found unsettled by the next, which looks what came of it.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

from ..domain.errors import NotFound, StoreError
from ..domain.history import Operation
from ..domain.ids import match_prefix
from .store import Store

_SELECT = "SELECT payload, settled, undone FROM operations"
_INSERT = "INSERT INTO operations (id, settled, kind, payload) VALUES (?, 0, ?, ?)"
_SETTLE = "UPDATE operations SET settled = 1, payload = ? WHERE id = ?"


class Operations:
    """The operations of one store, newest first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def begin(self, operation: Operation) -> None:
        """Write down what is about to be done.

        Raises:
            StoreError: it cannot be written; then nothing may be done.
        """
        values = (operation.id, operation.kind, _encode(operation))
        await self._store.write(lambda db: db.execute(_INSERT, values).rowcount)

    async def settle(self, operation: Operation, *, undoes: str = "") -> None:
        """Write down that it was done; ``undoes`` names the operation that it took back."""
        payload = _encode(operation)

        def write(db: sqlite3.Connection) -> None:
            db.execute(_SETTLE, (payload, operation.id))
            if undoes:
                db.execute("UPDATE operations SET undone = ? WHERE id = ?", (operation.id, undoes))

        await self._store.write(write)

    async def forget(self, operation: str) -> None:
        """It did not come to it."""
        sql = "DELETE FROM operations WHERE id = ? AND NOT settled"
        await self._store.write(lambda db: db.execute(sql, (operation,)).rowcount)

    def unsettled(self) -> tuple[Operation, ...]:
        """Those that were begun and not settled, oldest first."""
        return tuple(map(_operation, self._store.read(f"{_SELECT} WHERE NOT settled ORDER BY number")))

    def newest(self, limit: int = 200) -> tuple[Operation, ...]:
        """The settled ones, newest first."""
        sql = f"{_SELECT} WHERE settled ORDER BY number DESC LIMIT ?"
        return tuple(map(_operation, self._store.read(sql, (limit,))))

    def of_kind(self, kind: str) -> tuple[Operation, ...]:
        """The settled ones of a kind that were not undone, newest first."""
        sql = f"{_SELECT} WHERE settled AND undone = '' AND kind = ? ORDER BY number DESC"
        return tuple(map(_operation, self._store.read(sql, (kind,))))

    def is_settled(self, operation: str) -> bool:
        """Whether there is an operation of this id that was done."""
        return bool(self._store.read("SELECT 1 FROM operations WHERE settled AND id = ?", (operation,)))

    def get(self, prefix: str) -> Operation:
        """The operation whose id starts with ``prefix``.

        Raises:
            NotFound: none does.
            Conflict: several do.
        """
        ids = [row[0] for row in self._store.read("SELECT id FROM operations WHERE settled")]
        try:
            identifier = match_prefix(prefix, ids)
        except NotFound:
            hint = "'paracle git undo --list' shows those there are"
            raise NotFound(f"No operation starts with '{prefix}'", hint=hint) from None
        return _operation(self._store.read(f"{_SELECT} WHERE id = ?", (identifier,))[0])


def _encode(operation: Operation) -> str:
    return json.dumps(operation.to_dict())


def _operation(row: tuple[Any, ...]) -> Operation:
    try:
        found = Operation.from_dict(json.loads(row[0]))
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(
            "The account of operations cannot be read",
            detail=str(error),
            hint="it was written by a newer Paracle; upgrade, or use git itself",
        ) from None
    return replace(found, settled=bool(row[1]), undone=row[2])
