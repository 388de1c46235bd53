"""The schema, as numbered steps that are only ever added to.

Plain SQL rather than a library: three statements need none, and every millisecond of import stands
between a person and the first picture of the workbench.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..domain.errors import StoreError
from .connection import translated

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE executions (
            id TEXT PRIMARY KEY,
            agent TEXT NOT NULL,
            model TEXT NOT NULL,
            state TEXT NOT NULL,
            created REAL NOT NULL,
            task TEXT NOT NULL,
            started REAL,
            finished REAL,
            branch TEXT NOT NULL DEFAULT '',
            base_commit TEXT NOT NULL DEFAULT '',
            worktree TEXT NOT NULL DEFAULT '',
            note TEXT NOT NULL DEFAULT '',
            steps INTEGER NOT NULL DEFAULT 0,
            tool_calls INTEGER NOT NULL DEFAULT 0,
            input_tokens INTEGER NOT NULL DEFAULT 0,
            output_tokens INTEGER NOT NULL DEFAULT 0,
            cost_micro INTEGER NOT NULL DEFAULT 0,
            files INTEGER NOT NULL DEFAULT 0,
            added INTEGER NOT NULL DEFAULT 0,
            removed INTEGER NOT NULL DEFAULT 0,
            last_seq INTEGER NOT NULL,
            owner TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        "CREATE INDEX executions_created ON executions (created)",
        # Few rows at any time: what a start looks through for runs whose process died.
        "CREATE INDEX executions_unfinished ON executions (owner) WHERE finished IS NULL",
        """
        CREATE TABLE events (
            execution TEXT NOT NULL REFERENCES executions (id),
            seq INTEGER NOT NULL,
            time REAL NOT NULL,
            kind TEXT NOT NULL,
            payload TEXT NOT NULL,
            PRIMARY KEY (execution, seq)
        ) WITHOUT ROWID
        """,
        # A run of a million log lines has a handful of other events; this finds them at once.
        """
        CREATE INDEX events_telling ON events (execution, seq)
        WHERE kind NOT IN ('model.text', 'log')
        """,
    ),
    (
        """
        CREATE TABLE operations (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            settled INTEGER NOT NULL,
            undone TEXT NOT NULL DEFAULT '',
            kind TEXT NOT NULL,
            payload TEXT NOT NULL
        )
        """,
        # None at any time but the one in the middle of which a process was killed.
        "CREATE INDEX operations_unsettled ON operations (number) WHERE NOT settled",
    ),
    (
        """
        CREATE TABLE reviews (
            execution TEXT PRIMARY KEY,
            changed REAL NOT NULL,
            payload TEXT NOT NULL
        ) WITHOUT ROWID
        """,
    ),
    (
        "ALTER TABLE executions ADD COLUMN asks INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE executions ADD COLUMN kind TEXT NOT NULL DEFAULT 'agent'",
        "CREATE INDEX executions_asking ON executions (id) WHERE asks > 0",
        # What a process asks of the one that runs an execution, until it has answered.
        """
        CREATE TABLE requests (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            execution TEXT NOT NULL,
            kind TEXT NOT NULL,
            payload TEXT NOT NULL,
            answer TEXT
        )
        """,
        "CREATE INDEX requests_open ON requests (execution) WHERE answer IS NULL",
    ),
    (
        """
        CREATE TABLE checks (
            tip TEXT PRIMARY KEY,
            time REAL NOT NULL,
            payload TEXT NOT NULL
        ) WITHOUT ROWID
        """,
    ),
    (
        # One row for each execution of the queue that has not ended.
        """
        CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            execution TEXT NOT NULL UNIQUE,
            priority INTEGER NOT NULL,
            not_before REAL NOT NULL,
            after TEXT NOT NULL,
            follows INTEGER NOT NULL,
            dedup TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0
        )
        """,
        "CREATE INDEX jobs_order ON jobs (priority DESC, number)",
        # Asked of each job that is about to be taken: whether anyone is at work on its branch.
        "CREATE INDEX executions_at_work ON executions (branch) WHERE finished IS NULL",
        """
        CREATE TABLE workers (
            owner TEXT PRIMARY KEY,
            slots INTEGER NOT NULL,
            since REAL NOT NULL,
            is_background INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
    ),
    (
        # The mass of a long run, text and log lines, beside its other events: those are found at once,
        # and a step writes to one page less than with an index that leaves the mass out.
        """
        CREATE TABLE lines (
            execution TEXT NOT NULL REFERENCES executions (id),
            seq INTEGER NOT NULL,
            time REAL NOT NULL,
            kind TEXT NOT NULL,
            payload TEXT NOT NULL,
            PRIMARY KEY (execution, seq)
        ) WITHOUT ROWID
        """,
        "INSERT INTO lines SELECT * FROM events WHERE kind IN ('model.text', 'log')",
        "DELETE FROM events WHERE kind IN ('model.text', 'log')",
        "DROP INDEX events_telling",
    ),
)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema up to date, in one transaction, safe against other processes doing the same.

    Raises:
        StoreError: the file was written by a newer Paracle, or cannot be written.
    """
    with translated(path):
        if _version(connection, path) == len(MIGRATIONS):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for step in MIGRATIONS[_version(connection, path) :]:
                for statement in step:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise StoreError(
            "The execution store was written by a newer Paracle",
            detail=f"{path}: schema {version}, this version knows {len(MIGRATIONS)}",
            hint="upgrade Paracle; the file is not touched",
        )
    return version
