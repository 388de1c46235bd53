"""Approvals: asked and answered as events of their execution, so that nothing can disagree with them."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from ..domain.errors import Conflict, NotFound
from ..domain.events import Draft, Kind
from ..domain.states import State
from .rows import append
from .store import Store

_FIND = (
    "SELECT payload FROM events WHERE execution = ? AND kind = ? AND json_extract(payload, '$.approval') = ?"
)


class Approvals:
    """Finds and answers what executions have asked.

    Args:
        store: the store of the project.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def answer_to(self, execution: str, approval: str) -> Mapping[str, Any] | None:
        """The answer, once there is one: ``answer``, ``by``, ``reason``."""
        rows = self._store.read(_FIND, (execution, Kind.ANSWERED.value, approval))
        return json.loads(rows[0][0]) if rows else None

    async def answer(
        self, execution: str, approval: str, answer: str, *, by: str, reason: str
    ) -> Mapping[str, Any]:
        """Answer, unless that was done before; gives the answer that holds.

        Raises:
            NotFound: nothing of this id was asked.
            Conflict: the execution has ended.
            StoreError: it cannot be written.
        """

        def operation(db: sqlite3.Connection) -> Mapping[str, Any]:
            found = db.execute(_FIND, (execution, Kind.ANSWERED.value, approval)).fetchone()
            if found:
                held: Mapping[str, Any] = json.loads(found[0])
                return held
            if not db.execute(_FIND, (execution, Kind.ASKED.value, approval)).fetchone():
                raise NotFound(
                    f"Nothing was asked as '{approval}'", hint="'paracle approvals list' shows what waits"
                )
            state = State(db.execute("SELECT state FROM executions WHERE id = ?", (execution,)).fetchone()[0])
            if state.is_final:
                raise Conflict("The execution that asked has ended", detail=f"it {state.predicate}")
            payload = {"approval": approval, "answer": answer, "by": by, "reason": reason}
            append(db, execution, [Draft(Kind.ANSWERED, payload, time.time())])
            return payload

        answered: Mapping[str, Any] = await self._store.write(operation)
        return answered

    def open_in(self, execution: str) -> tuple[Mapping[str, Any], ...]:
        """What an execution has asked and nobody has answered, oldest first, as it was asked.

        ``number`` counts everything that it ever asked, so that it stands for one question for good.
        """
        rows = self._store.read(
            "SELECT time, kind, payload FROM events WHERE execution = ? AND kind IN (?, ?) ORDER BY seq",
            (execution, Kind.ASKED.value, Kind.ANSWERED.value),
        )
        waiting: dict[str, Mapping[str, Any]] = {}
        number = 0
        for moment, kind, text in rows:
            payload = json.loads(text)
            if kind == Kind.ASKED:
                number += 1
                waiting[payload["approval"]] = {**payload, "time": moment, "number": number}
            else:
                waiting.pop(payload["approval"], None)
        return tuple(waiting.values())
