"""Opening the database, and turning what SQLite says into words."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..domain.errors import StoreError

BUSY_SECONDS = 10.0
"""How long a statement waits for another process's transaction before it gives up."""


def connect(path: Path, *, busy_seconds: float = BUSY_SECONDS, cache_kib: int = 2048) -> sqlite3.Connection:
    """Open (and create) a database file in WAL mode with ``synchronous=FULL``.

    The connection is in autocommit mode, so that every transaction is explicit, and may be used by
    any thread, one at a time; its owner keeps the order.

    Args:
        cache_kib: the most that it keeps of the file in memory.

    Raises:
        StoreError: the file cannot be opened, or is not a database.
    """
    with translated(path):
        connection = sqlite3.connect(
            path, timeout=busy_seconds, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            _use_wal(connection, busy_seconds)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA cache_size = -{cache_kib:d}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _use_wal(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Bring a new file into WAL mode, whoever else opens it at the same moment."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite's own patience does not hold for a change of the mode.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn every SQLite error inside the block into a :class:`StoreError` that names ``path``."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error, path) from error


def translate(error: sqlite3.Error, path: Path) -> StoreError:
    """The typed error for what SQLite said."""
    name = getattr(error, "sqlite_errorname", "") or ""
    for prefix, title, hint in _KNOWN:
        if name.startswith(prefix):
            return StoreError(title, detail=f"{path}: {error}", hint=hint)
    return StoreError("The execution store failed", detail=f"{path}: {error}", hint="see 'paracle doctor'")


_KNOWN = (
    (
        "SQLITE_BUSY",
        "The execution store is locked by another process",
        "something holds a write transaction open; close it and try again",
    ),
    ("SQLITE_LOCKED", "The execution store is locked", "close the program that holds it and try again"),
    (
        "SQLITE_FULL",
        "The disk is full",
        "free some space; everything committed so far is kept",
    ),
    ("SQLITE_IOERR", "The disk refused to read or write", "check free space and the disk's health"),
    ("SQLITE_READONLY", "The execution store is read-only", "make its folder writable"),
    ("SQLITE_CANTOPEN", "The execution store cannot be opened", "make its folder exist and writable"),
    (
        "SQLITE_NOTADB",
        "The execution store is not a database",
        "move the file away to begin with an empty history; it is not touched",
    ),
    (
        "SQLITE_CORRUPT",
        "The execution store is damaged",
        "copy it to safety, then 'sqlite3 engine.db .recover' rescues what can be read",
    ),
)
