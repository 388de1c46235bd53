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
from ..domain.ids import match_prefix
from ..domain.jobs import TAKE_UPS
from .connection import BUSY_SECONDS, connect, translated
from .migrations import migrate
from .owners import Owner, is_alive, process_of
from .rows import COLUMNS, append, insert, refuse_busy, refuse_grown, refuse_passed, to_event, to_execution
from .writer import Operation, Settle, Writer

POLL_SECONDS = 0.05
"""How often another process's commits are looked for; a look costs some microseconds."""

_EXECUTION = f"SELECT {', '.join(COLUMNS)} FROM executions"
_OLDER = "WHERE (created, id) < (?, ?)"
_EVENT = "SELECT execution, seq, time, kind, payload FROM events"
# A list of events needs no megabytes of a tool's result or of a written file.
_BRIEF = (
    "SELECT execution, seq, time, kind, CASE WHEN length(payload) > 16384 THEN"
    " json_remove(payload, '$.result', '$.arguments.text') ELSE payload END FROM events"
)


class Store:
    """Executions and events on disk, shared by every process that has the project open.

    Reading is safe from any thread. Writing goes through one thread a process (see
    :class:`~paracle.app.store.writer.Writer`) that starts with the first write, so looking at a
    project writes nothing but the schema.

    Args:
        folder: where ``engine.db`` and the lock files live; made if need be.
        busy_seconds: how long to wait for another process's transaction.

    Raises:
        StoreError: the folder cannot be made, or the file is not a database Paracle can use.
    """

    def __init__(self, folder: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.folder = folder
        self.path = folder / "engine.db"
        self._busy_seconds = busy_seconds
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                "The execution store has no place to live",
                detail=str(error),
                hint=f"make {folder.parent} a writable folder",
            ) from error
        self._reader = connect(self.path, busy_seconds=busy_seconds)
        try:
            migrate(self._reader, self.path)
        except StoreError:
            self._reader.close()
            raise
        self._lock = threading.Lock()
        self._news = threading.Condition()
        self._commits = 0
        self._writer: Writer | None = None
        self._owner: Owner | None = None
        self._closed = False

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
        """Begin an execution, owned by this process, with its first event.

        Raises:
            Conflict: the id is taken.
            BranchBusy: it goes on with a branch on which another execution is at work.
            StoreError: it cannot be written.
        """
        writer, owner = self._writing()
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
        self._writing()[0].enqueue(lambda db: append(db, execution, drafts), settle)

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

    # Reading

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
        rows = self._query(
            (_BRIEF if brief else _EVENT) + " WHERE execution = ? AND seq > ? ORDER BY seq LIMIT ?",
            (execution, after, limit),
        )
        return tuple(to_event(row) for row in rows)

    def telling_events(
        self, execution: str, *, after: int = 0, limit: int = 1000, brief: bool = False
    ) -> tuple[Event, ...]:
        """:meth:`events` without the mass of text and log lines: steps, commits, states."""
        # Left to itself SQLite takes the primary key and passes over every line of a long log.
        rows = self._query(
            (_BRIEF if brief else _EVENT)
            + " INDEXED BY events_telling"
            + " WHERE execution = ? AND seq > ? AND kind NOT IN ('model.text', 'log') ORDER BY seq LIMIT ?",
            (execution, after, limit),
        )
        return tuple(to_event(row) for row in rows)

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

    def _query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            if self._closed:
                raise StoreError("The execution store is closed")
            with translated(self.path):
                try:
                    return self._reader.execute(sql, values).fetchall()
                except UnicodeEncodeError:
                    return []  # asked for by a name that is not UTF-8, which no row has

    def _writing(self) -> tuple[Writer, str]:
        with self._lock:
            if self._closed:
                raise StoreError("The execution store is closed")
            if self._owner is None:
                self._owner = Owner(self.folder)
            if self._writer is None:
                connection = connect(self.path, busy_seconds=self._busy_seconds)
                self._writer = Writer(connection, self.path, self._committed)
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
