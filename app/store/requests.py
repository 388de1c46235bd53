"""What one process asks of the one that runs an execution: a table between them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .store import Store


@dataclass(frozen=True, slots=True)
class Request:
    """Something that is asked of whoever runs ``execution``. ``number`` orders them."""

    number: int
    execution: str
    kind: str
    payload: Mapping[str, Any]


class Requests:
    """Requests to the owners of executions, and their answers.

    Args:
        store: the store of the project.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(self, execution: str, kind: str, payload: Mapping[str, Any]) -> int:
        """Ask; gives the request's number.

        Raises:
            StoreError: it cannot be written.
        """
        values = (execution, kind, json.dumps(payload))
        sql = "INSERT INTO requests (execution, kind, payload) VALUES (?, ?, ?)"
        number = await self._store.write(lambda db: db.execute(sql, values).lastrowid)
        return int(number)

    def open_for(self, executions: Collection[str]) -> tuple[Request, ...]:
        """What was asked of these executions and has no answer yet, in order."""
        if not executions:
            return ()
        marks = ", ".join("?" * len(executions))
        rows = self._store.read(
            "SELECT number, execution, kind, payload FROM requests INDEXED BY requests_open"
            f" WHERE answer IS NULL AND execution IN ({marks}) ORDER BY number",
            tuple(executions),
        )
        return tuple(Request(row[0], row[1], row[2], json.loads(row[3])) for row in rows)

    async def answer(self, number: int, answer: Mapping[str, Any]) -> bool:
        """Answer a request; false where it was taken back or answered meanwhile.

        Raises:
            StoreError: it cannot be written.
        """

        def operation(db: sqlite3.Connection) -> bool:
            sql = "UPDATE requests SET answer = ? WHERE number = ? AND answer IS NULL"
            return db.execute(sql, (json.dumps(answer), number)).rowcount == 1

        return bool(await self._store.write(operation))

    def answer_to(self, number: int) -> Mapping[str, Any] | None:
        """The answer, once there is one."""
        rows = self._store.read("SELECT answer FROM requests WHERE number = ?", (number,))
        return json.loads(rows[0][0]) if rows and rows[0][0] else None

    async def forget(self, number: int) -> bool:
        """Take a request back; false where it was answered before.

        Raises:
            StoreError: it cannot be written.
        """
        sql = "DELETE FROM requests WHERE number = ? AND answer IS NULL"
        return bool(await self._store.write(lambda db: db.execute(sql, (number,)).rowcount))
