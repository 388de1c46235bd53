"""The store of a project's executions and their events."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..domain.errors import NotFound, StoreError
from ..domain.events import Draft, Event, Kind
from ..domain.executions import Execution
from ..domain.jobs import TAKE_UPS
from .connection import BUSY_SECONDS, connect
from .migrations import migrate
from .owners import Owner, is_alive, process_of
from .reader import Reader
from .rows import append, insert, record, refuse_busy, refuse_grown, refuse_passed
from .writer import Operation, Settle, Writer

POLL_SECONDS = 0.05
"""How often another process's commits are looked for; a look costs some microseconds."""


class Store(Reader):
    """Executions and events on disk, shared by every process that has the project open.

    Reading is safe from any thread. Writing goes through one connection a process and mostly one thread
    (see :class:`~paracle.app.store.writer.Writer`), which come with the first write, so looking at a project
    writes nothing but the schema.

    Args:
        folder: where ``engine.db`` and the lock files live; made if need be.
        busy_seconds: how long to wait for another process's transaction.

    Raises:
        StoreError: the folder cannot be made, or the file is not a database Paracle can use.
    """

    def __init__(self, folder: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.folder = folder
        path = folder / "engine.db"
        self._busy_seconds = busy_seconds
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                "The execution store has no place to live",
                detail=str(error),
                hint=f"make {folder.parent} a writable folder",
            ) from error
        connection = connect(path, busy_seconds=busy_seconds)
        try:
            migrate(connection, path)
        except StoreError:
            connection.close()
            raise
        super().__init__(path, connection)
        self._news = threading.Condition()
        self._commits = 0
        self._writer: Writer | None = None
        self._owner: Owner | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits and let go of the file. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        if self._writer is not None:
            self._writer.close()
        if self._owner is not None:
            self._owner.release()
        with self._lock:
            self._reader.close()
        with self._news:
            self._news.notify_all()

    # Writing

    def prepare_to_write(self) -> None:
        """Take this process's sign of life and start the writer. Blocks; done by need otherwise.

        Raises:
            StoreError: the folder cannot be written, or stays locked.
        """
        self._writing()

    async def create(self, execution: str, queued: Draft) -> Execution:
        """Begin an execution, owned by this process, with its first event; as :meth:`append_now` if it can.

        Raises:
            Conflict: the id is taken.
            BranchBusy: it goes on with a branch on which another execution is at work.
            StoreError: it cannot be written.
        """
        writer, owner = self._writing()
        rows: list[Execution] = []
        if writer.commit_now(lambda db: rows.append(insert(db, execution, queued, owner))):
            return rows[-1]
        row: Execution = await _written(writer, lambda db: insert(db, execution, queued, owner))
        return row

    async def append(self, execution: str, drafts: Sequence[Draft]) -> Execution:
        """Commit events, all or none, and give the row they lead to once they are on the disk.

        Raises:
            Conflict: an event would make an illegal transition; nothing is written.
            NotFound: there is no such execution.
            StoreError: it cannot be written.
        """
        row: Execution = await _written(self._writing()[0], lambda db: append(db, execution, drafts))
        return row

    async def write(self, operation: Operation) -> Any:
        """Run what writes to another table in a transaction; gives what it gave, once it is on the disk.

        Raises:
            StoreError: it cannot be written.
        """
        return await _written(self._writing()[0], operation)

    async def write_as_owner(self, operation: Callable[[sqlite3.Connection, str], Any]) -> Any:
        """:meth:`write` with the id under which this process owns executions.

        Raises:
            StoreError: it cannot be written.
        """
        writer, owner = self._writing()
        return await _written(writer, lambda db: operation(db, owner))

    async def take_over(self, execution: str, resumed: Draft, *, seen: int | None = None) -> Execution:
        """Make an interrupted execution this process's own, with the event that says so.

        Args:
            seen: the number of the last event that the caller has read of it.

        Raises:
            RecordGrew: something was recorded since.
            Conflict: it is not interrupted; another process may have taken it over at this moment.
            BranchBusy: another execution goes on with its branch.
            BranchWentOn: another execution has done so, and has ended.
            NotFound: there is no such execution.
            StoreError: it cannot be written.
        """
        writer, owner = self._writing()

        def operation(db: sqlite3.Connection) -> Execution:
            if seen is not None:
                refuse_grown(db, execution, seen)
            row = append(db, execution, [resumed])
            refuse_busy(db, row)
            refuse_passed(db, row)
            db.execute("UPDATE executions SET owner = ? WHERE id = ?", (owner, execution))
            if not _was_left(db, execution):
                db.execute("UPDATE jobs SET attempts = attempts + 1 WHERE execution = ?", (execution,))
            return row

        row: Execution = await _written(writer, operation)
        return row

    def append_soon(self, execution: str, drafts: Sequence[Draft], settle: Settle) -> None:
        """:meth:`append` with a callback on the running loop instead of an await.

        Raises:
            StoreError: the store is closed or cannot be written to at all.
        """
        self._writing()[0].enqueue(lambda db: record(db, execution, drafts), settle)

    def append_now(self, execution: str, drafts: Sequence[Draft]) -> bool:
        """:meth:`append` in this thread, if that takes no longer than the disk needs.

        Returns:
            Whether the events are on the disk; if not, nothing has happened, and :meth:`append_soon`
            is the way, and tells what is wrong.

        Raises:
            StoreError: the store is closed or cannot be written to at all.
        """
        return self._writing()[0].commit_now(lambda db: record(db, execution, drafts))

    def interrupt_orphans(self) -> tuple[Execution, ...]:
        """Mark the unfinished executions whose process has died as interrupted.

        Returns:
            The executions that were marked.
        """
        # One without an owner waits in the queue.
        rows = self._query("SELECT id, owner FROM executions WHERE finished IS NULL AND owner != ''")
        dead = {row[1] for row in rows if not is_alive(self.folder, row[1])}
        marked = []
        for identifier, owner in rows:
            if owner in dead:
                done = self._writing()[0].submit(_interrupt(identifier, owner)).result()
                marked += [done] if done else []
        return tuple(marked)

    # Following

    def is_driven(self, execution: str) -> bool:
        """Whether the process that an execution belongs to is alive."""
        rows = self._query("SELECT owner FROM executions WHERE id = ?", (execution,))
        return bool(rows) and is_alive(self.folder, rows[0][0])

    def process_of(self, execution: str) -> int | None:
        """The id of the process that an execution belongs to, where it is alive and on this machine."""
        rows = self._query("SELECT owner FROM executions WHERE id = ?", (execution,))
        return process_of(self.folder, rows[0][0]) if rows else None

    def follow(
        self,
        execution: str,
        *,
        after: int = 0,
        batch: int = 1000,
        until: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[Event, ...]]:
        """Events as they are committed, in batches without gap or repetition, by whatever process.

        Ends after the execution's last event: a final state, or interrupted; also once ``until``
        holds and nothing is left, for a run whose end could not be recorded. Blocks while waiting.

        Raises:
            NotFound: there is no such execution.
        """
        while not self._closed:
            seen, ending = self._commits, until()
            events = self.events(execution, after=after, limit=batch)
            if events:
                after = events[-1].seq
                yield events
                continue
            if ending or self._is_over(execution, after):
                return
            with self._news:
                self._news.wait_for(lambda seen=seen: self._commits != seen, POLL_SECONDS)  # type: ignore[misc]

    # Private

    def _is_over(self, execution: str, after: int) -> bool:
        rows = self._query("SELECT finished, last_seq, owner FROM executions WHERE id = ?", (execution,))
        if not rows:
            raise NotFound(f"There is no execution '{execution}'")
        finished, last_seq, owner = rows[0]
        if last_seq > after:
            return False
        if finished is None and not is_alive(self.folder, owner):
            self.interrupt_orphans()
            return False
        return finished is not None

    def _writing(self) -> tuple[Writer, str]:
        with self._lock:
            if self._closed:
                raise StoreError("The execution store is closed")
            if self._owner is None:
                self._owner = Owner(self.folder)
            if self._writer is None:
                # The ends of many executions: a step writes there, and should not have to read first.
                connection = connect(self.path, busy_seconds=self._busy_seconds, cache_kib=16 * 1024)
                self._writer = Writer(connection, self.path, self._committed, self._busy_seconds)
            return self._writer, self._owner.id

    def _committed(self) -> None:
        with self._news:
            self._commits += 1
            self._news.notify_all()


def _was_left(db: sqlite3.Connection, execution: str) -> bool:
    """Whether the process that drove it last has let go of it, rather than died of it perhaps."""
    sql = (
        "SELECT json_extract(payload, '$.left') FROM events WHERE execution = ? AND kind = ?"
        " ORDER BY seq DESC LIMIT 1"
    )
    found = db.execute(sql, (execution, Kind.INTERRUPTED.value)).fetchone()
    return found is not None and bool(found[0])


def _interrupt(execution: str, owner: str) -> Any:
    def operation(db: sqlite3.Connection) -> Execution | None:
        # Another process may have marked it since this one looked, or a worker have taken it up.
        row = db.execute("SELECT finished, owner FROM executions WHERE id = ?", (execution,)).fetchone()
        if row is None or row[0] is not None or row[1] != owner:
            return None
        reason = "the process that ran it ended"
        job = db.execute("SELECT attempts FROM jobs WHERE execution = ?", (execution,)).fetchone()
        if job is not None and job[0] >= TAKE_UPS:
            reason += (
                f", as it did each of the {job[0]} times it was taken up before; no worker takes it up again"
            )
        return append(db, execution, [Draft(Kind.INTERRUPTED, {"reason": reason}, time.time())])

    return operation


async def _written(writer: Writer, operation: Operation) -> Any:
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def settle(value: Any, error: Exception | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    writer.enqueue(operation, settle)
    return await future
