"""The one connection of a process that writes, and the thread that commits whatever waits in one transaction.

A commit costs one fsync whether it carries one row or a hundred; a group commit lets a hundred steps
that finish together pay for it once. A step that is alone gains nothing by that, and pays for two
threads that are woken, which is as much as a quick disk costs; it may commit in its own thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from ..domain.errors import StoreError
from .connection import translate

Operation = Callable[[sqlite3.Connection], Any]
Settle = Callable[[Any, Exception | None], None]
"""Takes what an operation gave, or the error that undid it."""

GROUP = 256
"""The most operations that share a transaction; bounds how long readers of other processes wait."""

SLOW = 0.005
"""Seconds of a commit in a caller's own thread after which that thread is spared another for a while."""

SPARED = 64
"""Commits for which it is."""

IN_A_ROW = 128
"""Commits in callers' threads until one is left to the writer's, which may find the log long enough to be
moved into the database: that takes several times as long."""

_PATIENT = ("PRAGMA busy_timeout = {:d}", "PRAGMA wal_autocheckpoint = 1000")
_QUICK = ("PRAGMA busy_timeout = 0", "PRAGMA wal_autocheckpoint = 0")
"""How the connection waits for other processes, and tidies up, in the writer's thread and in another."""


@dataclass(slots=True)
class _Job:
    operation: Operation
    settle: Settle
    loop: asyncio.AbstractEventLoop | None
    value: Any = None
    error: Exception | None = None


class Writer:
    """Runs operations in order, each atomically, several a transaction.

    Args:
        connection: used by the writer alone from now on; closed with it.
        path: the database, for words.
        committed: called after every commit, in the thread that made it.
        busy_seconds: how long the thread waits for another process's transaction.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, committed: Callable[[], None], busy_seconds: float
    ) -> None:
        self._connection = connection
        self._path = path
        self._committed = committed
        self._patient = [words.format(round(busy_seconds * 1000)) for words in _PATIENT]
        self._set(_QUICK)
        # Held by whoever uses the connection.
        self._turn = threading.Lock()
        self._unsettled = 0
        self._in_a_row = 0
        self._spared = 0
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closing = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="paracle-writer", daemon=True)
        self._thread.start()

    def submit(self, operation: Operation) -> Future[Any]:
        """Run an operation; the future is done once it is on the disk."""
        future: Future[Any] = Future()

        def settle(value: Any, error: Exception | None) -> None:
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)

        self._put(_Job(operation, settle, None))
        return future

    def enqueue(self, operation: Operation, settle: Settle) -> None:
        """Run an operation; ``settle`` is called on the running loop once it is on the disk.

        A plain callback rather than a future: every hop between tasks costs as much as a commit's
        share of the disk.
        """
        self._put(_Job(operation, settle, asyncio.get_running_loop()))

    def commit_now(self, operation: Operation) -> bool:
        """Run an operation in this thread, where that takes no longer than the disk needs.

        Returns:
            Whether it is on the disk. If not, nothing has happened, and :meth:`enqueue` is the way: where
            others write, where the disk was slow or the log is to be tidied up, and where anything goes
            wrong, of which the thread tells.
        """
        if self._unsettled or not self._turn.acquire(blocking=False):
            return False
        try:
            if self._closing or not self._may_commit_now():
                return False
            begun = time.perf_counter()
            try:
                self._transact((operation,))
            except Exception:  # Whatever it was comes again in the thread, which tells the caller of it.
                return False
            finally:
                if time.perf_counter() - begun > SLOW:
                    self._spared = SPARED
        finally:
            self._turn.release()
        self._committed()
        return True

    def _may_commit_now(self) -> bool:
        if self._spared:
            self._spared -= 1
            return False
        self._in_a_row = (self._in_a_row + 1) % IN_A_ROW
        return self._in_a_row > 0

    def close(self) -> None:
        """Write what waits, then end the thread and close the connection. Safe to call twice."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            self._jobs.put(None)
        self._thread.join()
        with self._turn:
            self._connection.close()

    def _put(self, job: _Job) -> None:
        # Under a lock: a job behind the sign to end would never be done, and its caller wait for ever.
        with self._lock:
            if self._closing:
                raise StoreError("The execution store is closed")
            self._unsettled += 1
            self._jobs.put(job)

    def _run(self) -> None:
        closing = False
        while not closing:
            group: list[_Job] = []
            job = self._jobs.get()
            while job is not None:
                group.append(job)
                try:
                    job = self._jobs.get_nowait() if len(group) < GROUP else None
                except Empty:
                    break
            else:
                closing = len(group) < GROUP
            if group:
                with self._turn:
                    self._set(self._patient)
                    self._commit(group)
                    self._set(_QUICK)
                with self._lock:
                    self._unsettled -= len(group)
                _settle(group)
                self._committed()

    def _commit(self, group: list[_Job]) -> None:
        try:
            values = self._transact([job.operation for job in group])
        except Exception as error:
            if len(group) == 1 or _is_locked(error):
                told = translate(error, self._path) if isinstance(error, sqlite3.Error) else error
                for job in group:
                    job.error = told
                return
            # One of them spoils the transaction; alone, only that one fails.
            for job in group:
                self._commit([job])
            return
        for job, value in zip(group, values, strict=True):
            job.value = value

    def _set(self, pragmas: Sequence[str]) -> None:
        for pragma in pragmas:
            self._connection.execute(pragma)

    def _transact(self, operations: Iterable[Operation]) -> list[Any]:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            values = [operation(connection) for operation in operations]
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return values


def _is_locked(error: Exception) -> bool:
    """Whether another process kept the database for itself: no job's fault, and each would wait again."""
    return getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY")


def _settle(group: list[_Job]) -> None:
    loops: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in group:
        if job.loop is None:
            job.settle(job.value, job.error)
        else:
            loops.setdefault(job.loop, []).append(job)
    for loop, jobs in loops.items():
        # A loop that has closed meanwhile has nobody left to tell.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle_all, jobs)


def _settle_all(jobs: list[_Job]) -> None:
    for job in jobs:
        job.settle(job.value, job.error)
