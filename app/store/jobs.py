"""The queue: which executions wait, in what order they are taken, and which workers are there to take them.

A job is a row beside its execution, and goes in the transaction in which that ends. Whatever decides who has
a job is one transaction as well, so it is never taken twice; who has died is told by the owners' file locks
alone.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from ..domain.errors import Conflict, NotFound
from ..domain.events import Draft
from ..domain.executions import Execution
from ..domain.jobs import TAKE_UPS, Job, Order, WorkerSign, hopeful
from ..domain.states import State
from .owners import is_alive, process_of
from .rows import COLUMNS, append, insert, refuse_busy, to_execution
from .store import Store

_FINAL = ", ".join(f"'{state}'" for state in State if state.is_final)
_OPEN = ", ".join(f"'{state}'" for state in State if not state.is_final)
_KNOWN = f"{_FINAL}, {_OPEN}"
"""A row that is damaged must not keep the others of the queue from being taken."""

_AHEAD = f"LEFT JOIN executions p ON p.id = j.after AND p.state IN ({_KNOWN})"
_E = ", ".join(f"e.{name}" for name in COLUMNS)
_P = ", ".join(f"p.{name}" for name in COLUMNS)
_FIELDS = ("number", "priority", "not_before", "after", "follows", "dedup", "attempts")
_JOBS = (
    f"SELECT {', '.join(f'j.{name}' for name in _FIELDS)}, e.owner, {_E}, {_P}"
    f" FROM jobs j JOIN executions e ON e.id = j.execution {_AHEAD}"
    f" WHERE e.state IN ({_OPEN})"
)
# A branch on which another execution is at work is waited for rather than taken and found busy.
_DUE = (
    f"SELECT e.id FROM jobs j JOIN executions e ON e.id = j.execution {_AHEAD}"
    " WHERE j.not_before <= ?"
    " AND ((e.state = 'queued' AND e.owner = '')"
    f" OR (e.state = 'interrupted' AND j.attempts < {TAKE_UPS}))"
    f" AND (p.id IS NULL OR p.state IN ({_FINAL}))"
    " AND NOT EXISTS (SELECT 1 FROM executions x WHERE x.finished IS NULL AND x.id != e.id"
    " AND x.branch IN (nullif(e.branch, ''), CASE WHEN j.follows THEN nullif(p.branch, '') END))"
    " ORDER BY j.priority DESC, j.number LIMIT 1"
)
_WORKERS = (
    "SELECT w.owner, w.slots,"
    " (SELECT count(*) FROM executions e WHERE e.finished IS NULL AND e.owner = w.owner"
    f" AND e.state NOT IN ('{State.PAUSED}', '{State.WAITING}')), w.since,"
    " w.is_background FROM workers w ORDER BY w.since"
)


class Jobs:
    """The queue of a project.

    Args:
        store: the store of the project.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    # Queueing

    async def put(self, execution: str, queued: Draft, order: Order) -> tuple[Execution, bool]:
        """Queue an execution: its row, its first event and its job, all or none.

        Returns:
            The row, and whether it is new: false where a job with the same ``dedup`` has not ended.

        Raises:
            Conflict: the id is taken.
            BranchBusy: it goes on with a branch on which another execution is at work.
            StoreError: it cannot be written.
        """

        def operation(db: sqlite3.Connection) -> tuple[Execution, bool]:
            if order.dedup:
                found = db.execute(f"{_JOBS} AND j.dedup = ? ORDER BY j.number", (order.dedup,)).fetchone()
                if found is not None:
                    return to_job(found).execution, False
            row = insert(db, execution, queued, "")
            db.execute(
                "INSERT INTO jobs (execution, priority, not_before, after, follows, dedup)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (execution, order.priority, order.not_before, order.after, order.follows, order.dedup),
            )
            return row, True

        put: tuple[Execution, bool] = await self._store.write(operation)
        return put

    async def move(self, execution: str, priority: int) -> None:
        """Give a job that waits another priority.

        Raises:
            Conflict: it does not wait.
            StoreError: it cannot be written.
        """

        def operation(db: sqlite3.Connection) -> None:
            _refuse_taken(db, execution)
            db.execute("UPDATE jobs SET priority = ? WHERE execution = ?", (priority, execution))

        await self._store.write(operation)

    # Taking

    def due(self, now: float) -> Job | None:
        """The job that is next, if there is one; whoever wants it must still :meth:`claim` it.

        It waits, or was interrupted and is to be taken up.
        """
        rows = self._store.read(_DUE, (now,))
        return self.of(rows[0][0]) if rows else None

    def later(self, now: float) -> float | None:
        """When the next job that is delayed becomes due."""
        moment = self._store.read("SELECT min(not_before) FROM jobs WHERE not_before > ?", (now,))[0][0]
        return float(moment) if moment is not None else None

    async def claim(self, execution: str, taken: Draft) -> Execution:
        """Make a job that waits this process's own, with the event that says so.

        Raises:
            Conflict: it does not wait any more: another process was faster, or it was cancelled.
            BranchBusy: another execution is at work on its branch.
            StoreError: it cannot be written.
        """

        def operation(db: sqlite3.Connection, owner: str) -> Execution:
            _refuse_taken(db, execution)
            row = append(db, execution, [taken])
            refuse_busy(db, row)
            db.execute("UPDATE executions SET owner = ? WHERE id = ?", (owner, execution))
            return row

        row: Execution = await self._store.write_as_owner(operation)
        return row

    async def leave(self, execution: str) -> None:
        """Count an attempt to take a job up that came to nothing.

        Raises:
            StoreError: it cannot be written.
        """
        sql = "UPDATE jobs SET attempts = attempts + 1 WHERE execution = ?"
        await self._store.write(lambda db: db.execute(sql, (execution,)).rowcount)

    async def end(self, execution: str, *drafts: Draft) -> Execution:
        """End an execution that nobody drives: one that waits, or one that was interrupted.

        Args:
            drafts: what is recorded, of which the last is its end.

        Raises:
            NotFound: there is no such execution.
            Conflict: somebody drives it by now, or it has ended.
            StoreError: it cannot be written.
        """

        def operation(db: sqlite3.Connection) -> Execution:
            found = db.execute("SELECT state, owner FROM executions WHERE id = ?", (execution,)).fetchone()
            if found is not None and found[0] != State.INTERRUPTED and (found[0], found[1]) != ("queued", ""):
                raise Conflict(f"Somebody was faster: the execution is {State(found[0]).word} by now")
            return append(db, execution, drafts)

        row: Execution = await self._store.write(operation)
        return row

    # Reading

    def all(self) -> tuple[Job, ...]:
        """The jobs that have not ended, in the order in which they are taken."""
        rows = self._store.read(f"{_JOBS} ORDER BY j.priority DESC, j.number")
        return tuple(to_job(row) for row in rows)

    def of(self, execution: str) -> Job | None:
        """The job of an execution that has not ended."""
        rows = self._store.read(f"{_JOBS} AND j.execution = ?", (execution,))
        return to_job(rows[0]) if rows else None

    # Workers

    async def register(self, slots: int, *, is_background: bool) -> None:
        """Say that this process takes jobs, at most ``slots`` at a time.

        Raises:
            StoreError: it cannot be written.
        """
        folder = self._store.folder

        def operation(db: sqlite3.Connection, owner: str) -> None:
            known = [row[0] for row in db.execute("SELECT owner FROM workers").fetchall()]
            dead = [(one,) for one in known if not is_alive(folder, one)]
            db.executemany("DELETE FROM workers WHERE owner = ?", dead)
            values = (owner, slots, time.time(), is_background)
            sql = "INSERT INTO workers (owner, slots, since, is_background) VALUES (?, ?, ?, ?)"
            db.execute(sql, values)

        await self._store.write_as_owner(operation)

    async def retire(self) -> bool:
        """Take jobs no more, unless there is one whose turn will come by itself; says whether that was so.

        In one transaction, so that whoever queues something either sees no worker here or has it taken.

        Raises:
            StoreError: it cannot be written.
        """

        def operation(db: sqlite3.Connection, owner: str) -> bool:
            if hopeful(to_job(row) for row in db.execute(_JOBS).fetchall()):
                return False
            db.execute("DELETE FROM workers WHERE owner = ?", (owner,))
            return True

        return bool(await self._store.write_as_owner(operation))

    async def unregister(self) -> None:
        """Say that this process takes jobs no more.

        Raises:
            StoreError: it cannot be written.
        """
        sql = "DELETE FROM workers WHERE owner = ?"
        await self._store.write_as_owner(lambda db, owner: db.execute(sql, (owner,)).rowcount)

    def workers(self) -> tuple[WorkerSign, ...]:
        """The workers that are alive, the oldest first."""
        rows = self._store.read(_WORKERS)
        folder = self._store.folder
        return tuple(
            WorkerSign(owner, process_of(folder, owner) or 0, slots, busy, since, bool(background))
            for owner, slots, busy, since, background in rows
            if is_alive(folder, owner)
        )


def to_job(row: Sequence[Any]) -> Job:
    """A row of the queue as a value.

    Raises:
        StoreError: an execution in it cannot be read.
    """
    number, priority, not_before, after, follows, dedup, attempts, owner = row[: len(_FIELDS) + 1]
    execution = row[len(_FIELDS) + 1 : len(_FIELDS) + 1 + len(COLUMNS)]
    ahead = row[len(_FIELDS) + 1 + len(COLUMNS) :]
    return Job(
        number,
        to_execution(execution),
        Order(priority, not_before, after, bool(follows), dedup),
        bool(owner),
        attempts,
        to_execution(ahead) if ahead[0] is not None else None,
    )


def _refuse_taken(db: sqlite3.Connection, execution: str) -> None:
    """Refuse what does not wait any more.

    Raises:
        Conflict: it does not.
    """
    found = db.execute("SELECT state, owner FROM executions WHERE id = ?", (execution,)).fetchone()
    if found is None:
        raise NotFound(f"There is no execution '{execution}'")
    if (found[0], found[1]) != ("queued", ""):
        state = State(found[0])
        words = "is taken" if state is State.QUEUED else state.predicate
        raise Conflict(f"Execution {execution[:4]} does not wait in the queue any more", detail=f"it {words}")
