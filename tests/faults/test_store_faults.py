"""A store that is damaged, locked or not there: an error in words, and the file as it was."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from paracle.app.domain.errors import StoreError
from paracle.app.domain.states import State
from paracle.app.store.store import Store
from tests.support.studio import Studio, paracle, says, writes


@pytest.fixture
def used(studio: Studio) -> Studio:
    """A studio in which something was run."""
    studio.run(writes("a.txt"), says("first"))
    return studio


def database(studio: Studio) -> Path:
    return studio.files.parac / ".local" / "engine.db"


def refused(studio: Studio, *arguments: str) -> str:
    """What a command says that fails in an orderly way."""
    done = paracle(*arguments, cwd=studio.repo.folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "error:" in done.stderr
    return done.stderr


def test_a_file_in_place_of_the_project_folder(studio: Studio) -> None:
    folder = studio.repo.folder / ".parac"
    folder.rename(studio.folder / "elsewhere")
    folder.write_text("a file\n")
    for command in (["run", "reviewer"], ["runs", "list"], ["agents", "list"], ["validate"]):
        assert ".parac" in refused(studio, *command)
    assert folder.read_text() == "a file\n"


def test_a_file_in_place_of_the_stores_folder(studio: Studio) -> None:
    local = studio.files.parac / ".local"
    local.write_text("a file\n")
    assert ".local" in refused(studio, "run", "worker", "--model", studio.script(says()))
    assert local.read_text() == "a file\n"


@pytest.mark.parametrize(
    "content", [b"only words, no database " * 400, b"SQLite format 3\0" + b"\xff" * 9000]
)
def test_a_file_that_is_no_database(used: Studio, content: bytes) -> None:
    database(used).write_bytes(content)
    assert "hint:" in refused(used, "runs", "list")
    assert "hint:" in refused(used, "run", "worker", "--model", used.script(says()))
    assert database(used).read_bytes() == content


def test_an_empty_file_is_a_store_without_executions(used: Studio) -> None:
    database(used).write_bytes(b"")
    assert paracle("runs", "list", cwd=used.repo.folder).returncode == 0
    assert used.run(says("again"))[0].answer == "again"


def test_a_database_with_a_damaged_page_is_left_as_it_is(used: Studio) -> None:
    content = bytearray(database(used).read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 64] = b"\xee" * 64
    database(used).write_bytes(content)
    for command in (
        ["runs", "list"],
        ["runs", "show", "last"],
        ["run", "worker", "--model", used.script(says())],
    ):
        assert "damaged" in refused(used, *command)
    assert database(used).read_bytes() == content


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE executions SET state = 'dreaming'",
        "UPDATE events SET payload = '{\"agent\": ' WHERE seq = 1",
        "UPDATE events SET kind = 'execution.dreamt' WHERE seq = 2",
    ],
)
def test_what_cannot_be_read_is_named(used: Studio, damage: str) -> None:
    with closing(sqlite3.connect(database(used))) as connection:
        connection.execute(damage)
        connection.commit()
    with Store(database(used).parent) as store, pytest.raises(StoreError, match="cannot be read") as told:
        for row in store.executions():
            list(store.follow(row.id))
    assert told.value.hint
    assert "cannot be read" in refused(used, "runs", "log", "last")


def test_a_database_that_another_process_locks_is_waited_for_and_then_named(used: Studio) -> None:
    before = used.fingerprint()
    branches = used.repo.run_branches()
    with closing(sqlite3.connect(database(used), isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        said = refused(used, "run", "worker", "--model", used.script(says()))
        assert "locked by another process" in said
        assert "hint:" in said
        listed = paracle("runs", "list", cwd=used.repo.folder)
        assert listed.returncode == 0
        assert "first" in listed.stdout
        holder.execute("ROLLBACK")
    assert used.fingerprint() == before
    assert used.repo.run_branches() == branches
    with used.open() as here:
        assert [row.state for row in here.store.executions()] == [State.COMPLETED]
        assert used.start(here, says("again")).wait().answer == "again"
