"""The one thread of a process that writes, committing whatever waits in one transaction.

A commit costs one fsync whether it carries one row or a hundred; a group commit lets a hundred steps
that finish together pay for it once.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
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
        connection: used by this thread alone from now on; closed with the writer.
        path: the database, for words.
        committed: called in the writer's thread after every commit.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, committed: Callable[[], None]) -> None:
        self._connection = connection
        self._path = path
        self._committed = committed
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

    def close(self) -> None:
        """Write what waits, then end the thread and close the connection. Safe to call twice."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            self._jobs.put(None)
        self._thread.join()
        self._connection.close()

    def _put(self, job: _Job) -> None:
        # Under a lock: a job behind the sign to end would never be done, and its caller wait for ever.
        with self._lock:
            if self._closing:
                raise StoreError("The execution store is closed")
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
                self._commit(group)
                _settle(group)
                self._committed()

    def _commit(self, group: list[_Job]) -> None:
        try:
            self._transact(group)
        except Exception as error:
            if len(group) == 1 or _is_locked(error):
                told = translate(error, self._path) if isinstance(error, sqlite3.Error) else error
                for job in group:
                    job.error = told
                return
            # One of them spoils the transaction; alone, only that one fails.
            for job in group:
                self._commit([job])

    def _transact(self, group: list[_Job]) -> None:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            for job in group:
                job.value = job.operation(self._connection)
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise


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
