"""The store keeps what it was given: in order, all or nothing, across processes and their deaths."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paracle.app.domain.errors import Conflict, NotFound, StoreError
from paracle.app.domain.events import Event, Kind
from paracle.app.domain.ids import new_execution_id
from paracle.app.domain.states import State
from paracle.app.store.migrations import MIGRATIONS
from paracle.app.store.store import Store
from tests.support.drafts import (
    completed,
    draft,
    log_line,
    queued,
    started,
    step_completed,
    step_started,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "local"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store(folder) as opened:
        yield opened


async def running(store: Store, identifier: str = "aaaa000000") -> str:
    await store.create(identifier, queued())
    await store.append(identifier, [started()])
    return identifier


def describe_kinds(events: tuple[Event, ...]) -> list[tuple[int, Kind]]:
    return [(event.seq, event.kind) for event in events]


async def test_the_row_is_the_fold_of_the_events(store: Store) -> None:
    run = await running(store)
    await store.append(run, [step_started(1), step_completed(1, tokens=12)])
    await store.append(run, [completed(run, answer="all is well")])
    row = store.execution(run)
    assert (row.state, row.note) == (State.COMPLETED, "all is well")
    assert (row.totals.steps, row.totals.tool_calls, row.totals.input_tokens) == (1, 1, 12)
    assert (row.totals.files, row.totals.added) == (1, 3)
    assert row.finished is not None and row.started is not None and row.finished >= row.started


async def test_events_are_numbered_without_gaps_whoever_writes_together(store: Store) -> None:
    runs = [await running(store, f"{letter}aaa000000") for letter in "bcdef"]
    await asyncio.gather(*(store.append(run, [log_line(str(n))]) for n in range(40) for run in runs))
    for run in runs:
        events = store.events(run)
        assert [event.seq for event in events] == list(range(1, 43))
        assert [event.payload["text"] for event in events[2:]] == [str(n) for n in range(40)]


async def test_an_illegal_transition_writes_nothing_and_spoils_nobody_else(store: Store) -> None:
    done, other = await running(store), await running(store, "bbbb000000")
    await store.append(done, [completed(done)])
    results = await asyncio.gather(
        store.append(done, [log_line("late"), started()]),
        store.append(other, [log_line("fine")]),
        return_exceptions=True,
    )
    assert isinstance(results[0], Conflict)
    assert store.last_seq(done) == 3
    assert store.last_seq(other) == 3


async def test_an_id_is_given_out_once(store: Store) -> None:
    await running(store)
    with pytest.raises(Conflict):
        await store.create("aaaa000000", queued("other"))
    assert store.execution("aaaa000000").agent == "reviewer"


async def test_an_execution_is_found_by_a_unique_prefix(store: Store) -> None:
    await running(store, "aaab000000")
    await running(store, "aaac000000")
    assert store.execution("AAAB").id == "aaab000000"
    with pytest.raises(Conflict, match="2 executions"):
        store.execution("aaa")
    for nothing in ("zzz", "", "%", "_", "a%"):
        with pytest.raises(NotFound):
            store.execution(nothing)


async def test_a_list_goes_on_where_it_stopped(store: Store) -> None:
    ids = [await running(store, f"{number:010d}") for number in range(25)]
    seen: list[str] = []
    page = store.executions(10)
    while page:
        seen += [row.id for row in page]
        page = store.executions(10, before=page[-1])
    assert sorted(seen) == sorted(ids)
    assert len(seen) == len(ids)


async def test_telling_events_leave_out_the_mass(store: Store) -> None:
    run = await running(store)
    await store.append(run, [log_line(str(n)) for n in range(500)])
    await store.append(run, [step_started(1)])
    kinds = [event.kind for event in store.telling_events(run)]
    assert kinds == [Kind.QUEUED, Kind.STARTED, Kind.STEP_STARTED]


def test_a_store_of_the_first_version_keeps_all_that_it_tells(folder: Path) -> None:
    folder.mkdir()
    run, texts = "aaaa000000", [f"line {n}" for n in range(2500)]
    told = [queued(), started(), *(log_line(text) for text in texts), step_started(1), completed(run)]
    with sqlite3.connect(folder / "engine.db") as old:
        old.execute("PRAGMA journal_mode = WAL")
        for statement in MIGRATIONS[0]:
            old.execute(statement)
        old.execute("PRAGMA user_version = 1")
        old.execute(
            "INSERT INTO executions (id, agent, model, state, created, finished, task, last_seq, owner)"
            " VALUES (?, 'reviewer', 'offline', 'completed', 1.0, 2.0, '', ?, '')",
            (run, len(told)),
        )
        old.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
            [(run, n, each.time, each.kind, json.dumps(each.payload)) for n, each in enumerate(told, 1)],
        )
    old.close()
    with Store(folder) as store:
        events = [event for batch in store.follow(run, batch=700) for event in batch]
        assert [(event.seq, event.kind, event.payload) for event in events] == [
            (n, each.kind, each.payload) for n, each in enumerate(told, 1)
        ]
        telling = [event.kind for event in store.telling_events(run)]
        assert telling == [Kind.QUEUED, Kind.STARTED, Kind.STEP_STARTED, Kind.COMPLETED]


async def test_following_meets_every_event_once_and_ends(store: Store, folder: Path) -> None:
    run = await running(store)
    seen: list[int] = []

    def follow() -> None:
        with Store(folder) as elsewhere:
            for batch in elsewhere.follow(run, batch=7):
                seen.extend(event.seq for event in batch)

    follower = threading.Thread(target=follow)
    follower.start()
    for number in range(200):
        await store.append(run, [log_line(str(number))])
    await store.append(run, [completed(run)])
    await asyncio.to_thread(follower.join, 20)
    assert seen == list(range(1, 204))


async def test_another_process_sees_that_something_was_committed(store: Store, folder: Path) -> None:
    with Store(folder) as elsewhere:
        before = elsewhere.version()
        assert elsewhere.version() == before
        run = await running(store)
        assert elsewhere.version() != before
        assert elsewhere.execution(run).state is State.RUNNING


RUN_AND_WAIT = """
import asyncio, sys
from pathlib import Path
from paracle.app.store.migrations import MIGRATIONS
from paracle.app.store.store import Store
from tests.support.drafts import queued, started, log_line

async def main():
    store = Store(Path(sys.argv[1]))
    await store.create("dead000000", queued())
    await store.append("dead000000", [started()])
    for number in range(1_000_000):
        await store.append("dead000000", [log_line(str(number))])
        print(number, flush=True)

asyncio.run(main())
"""


def test_a_killed_process_leaves_every_committed_event_and_shows_as_interrupted(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN_AND_WAIT, str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 50:
                break
        with Store(folder) as store:
            assert store.interrupt_orphans() == ()
            assert store.execution("dead").state is State.RUNNING
        os.kill(process.pid, signal.SIGKILL)
        told = 50 + sum(1 for _ in process.stdout)
    with Store(folder) as store:
        (marked,) = store.interrupt_orphans()
        assert (marked.id, marked.state) == ("dead000000", State.INTERRUPTED)
        assert store.interrupt_orphans() == ()
        events = [event for batch in store.follow("dead000000") for event in batch]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events[-1].kind is Kind.INTERRUPTED
    kept = [int(event.payload["text"]) for event in events if event.kind is Kind.LOG]
    assert kept == list(range(len(kept)))
    assert len(kept) >= told
    check = sqlite3.connect(folder / "engine.db").execute("PRAGMA integrity_check").fetchone()
    assert check == ("ok",)


async def test_a_locked_database_is_a_typed_error_and_then_works_again(folder: Path) -> None:
    with Store(folder, busy_seconds=0.1) as store:
        run = await running(store)
        with sqlite3.connect(folder / "engine.db", isolation_level=None) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="locked by another process") as refused:
                await store.append(run, [log_line("waits")])
            assert refused.value.hint
            holder.execute("ROLLBACK")
        await store.append(run, [log_line("goes on")])
        assert [event.payload.get("text") for event in store.events(run)[2:]] == ["goes on"]
        holder.close()


@pytest.mark.parametrize("content", [b"this is not a database at all, only words" * 50, b"\x00" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_alone(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / "engine.db").write_bytes(content)
    with pytest.raises(StoreError, match="not a database"):
        Store(folder)
    assert (folder / "engine.db").read_bytes() == content


def test_a_store_of_a_newer_version_is_refused(folder: Path) -> None:
    Store(folder).close()
    with sqlite3.connect(folder / "engine.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer Paracle"):
        Store(folder)


def test_a_file_in_place_of_the_folder_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / ".parac").write_text("a file")
    with pytest.raises(StoreError, match="no place to live"):
        Store(tmp_path / ".parac" / ".local")


OPEN_AND_CREATE = """
import asyncio, sys
from pathlib import Path
from paracle.app.store.migrations import MIGRATIONS
from paracle.app.store.store import Store
from tests.support.drafts import queued

with Store(Path(sys.argv[1])) as store:
    asyncio.run(store.create(sys.argv[2] * 10, queued()))
"""


def test_many_processes_open_a_new_store_at_once(folder: Path) -> None:
    letters = "abcdef"
    processes = [
        subprocess.Popen([sys.executable, "-c", OPEN_AND_CREATE, str(folder), letter]) for letter in letters
    ]
    assert [process.wait(30) for process in processes] == [0] * len(letters)
    with Store(folder) as store:
        assert sorted(row.id[0] for row in store.executions()) == list(letters)


async def test_a_closed_store_says_so(folder: Path) -> None:
    store = Store(folder)
    run = await running(store)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.append(run, [log_line("too late")])
    with pytest.raises(StoreError, match="closed"):
        store.executions()


async def test_whoever_writes_while_the_store_is_closed_gets_an_answer(folder: Path) -> None:
    for _ in range(20):
        store = Store(folder)
        await store.create(new_execution_id(), queued())
        writing = [
            asyncio.to_thread(asyncio.run, store.create(new_execution_id(), queued())) for _ in range(4)
        ]
        closing = asyncio.to_thread(store.close)
        answers = await asyncio.gather(*writing, closing, return_exceptions=True)
        refused = [answer for answer in answers if isinstance(answer, BaseException)]
        assert all(isinstance(answer, StoreError) and "closed" in str(answer) for answer in refused)


@given(st.text(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_text_comes_back_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    async def round_trip() -> str:
        with Store(tmp_path_factory.mktemp("store")) as store:
            run = await running(store)
            await store.append(run, [draft(Kind.LOG, level="info", text=text)])
            return str(store.events(run, after=2)[0].payload["text"])

    assert asyncio.run(round_trip()) == text
