"""A step that is alone is committed in its own thread, where that holds nobody up."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.domain.events import Draft
from paracle.app.domain.pacing import Pace
from paracle.app.domain.scheduling import Fate, Node, Schedule
from paracle.app.engine.graph import run_graph
from paracle.app.engine.journal import Journal
from paracle.app.engine.past import Past, PastStep, StepResult
from paracle.app.engine.steps import HOLD, Steps
from paracle.app.store.connection import connect
from paracle.app.store.store import Store
from paracle.app.store.writer import SLOW, SPARED, Writer
from tests.support.drafts import RUN, log_line, queued, started, step_completed, step_started


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    path = tmp_path / "some.db"
    connection = connect(path)
    connection.execute("CREATE TABLE t (n)")
    writer = Writer(connection, path, lambda: None, busy_seconds=5)
    yield writer
    writer.close()


def insert(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO t VALUES (1)")


def insert_slowly(database: sqlite3.Connection) -> None:
    insert(database)
    over = time.perf_counter() + SLOW
    while time.perf_counter() <= over:
        pass


def appends_now(store: Store, drafts: list[Draft]) -> bool:
    """Whether it does, be it after a while for which a slow disk was left to the thread."""
    return any(store.append_now(RUN, drafts) for _ in range(20 * SPARED))


def rows(path: Path) -> int:
    with sqlite3.connect(path) as database:
        return int(database.execute("SELECT count(*) FROM t").fetchone()[0])


async def test_it_is_on_the_disk_at_once(store: Store, tmp_path: Path) -> None:
    assert appends_now(store, [step_started(1)])
    with Store(tmp_path) as elsewhere:
        assert elsewhere.execution(RUN).totals.steps == 1


async def test_it_never_waits_for_another_process(store: Store) -> None:
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert not store.append_now(RUN, [step_started(1)])
    # The thread does wait.
    waiting = asyncio.ensure_future(store.append(RUN, [step_started(1)]))
    await asyncio.sleep(0)
    assert not store.append_now(RUN, [step_started(2)])
    other.execute("ROLLBACK")
    await waiting
    assert appends_now(store, [step_started(2)])
    assert [event.payload.get("step") for event in store.events(RUN, after=2)] == [1, 2]
    other.close()


async def test_what_may_not_be_written_is_left_to_the_thread_to_tell(store: Store) -> None:
    assert not store.append_now("none000000", [step_started(1)])
    assert not store.append_now(RUN, [step_started(1), started()])
    assert store.last_seq(RUN) == 2
    with pytest.raises(NotFound):
        await store.append("none000000", [step_started(1)])
    with pytest.raises(Conflict):
        await store.append(RUN, [step_started(1), started()])


def test_a_slow_disk_is_left_to_the_thread_for_a_while(writer: Writer, tmp_path: Path) -> None:
    assert writer.commit_now(insert_slowly)
    refused = 0
    while not writer.commit_now(insert):
        refused += 1
    assert refused == SPARED
    assert rows(tmp_path / "some.db") == 2


async def test_the_log_is_moved_into_the_database_now_and_then(store: Store) -> None:
    log = store.path.with_name(f"{store.path.name}-wal")
    now = 0
    for _ in range(4000):
        if store.append_now(RUN, [log_line("x" * 400)]):
            now += 1
        else:
            await store.append(RUN, [log_line("x" * 400)])
    assert now
    # Each commit writes two pages of 4 KiB at least, so all of them would be 32 MiB.
    assert log.stat().st_size < 10 * 2**20


async def turns_while(work: Coroutine[Any, Any, None]) -> int:
    """How often the loop turns to somebody else meanwhile."""
    turns, running = 0, asyncio.ensure_future(work)
    while not running.done():
        turns += 1
        await asyncio.sleep(0)
    await running
    return turns


async def nothing(step: int) -> StepResult:
    return StepResult({})


async def test_a_chain_leaves_the_loop_to_others_now_and_then(store: Store) -> None:
    steps, count = Steps(Journal(store, RUN)), 100

    async def act(step: int) -> StepResult:
        over = time.perf_counter() + HOLD / 5
        while time.perf_counter() <= over:
            pass
        return StepResult({})

    async def chain() -> None:
        for number in range(count):
            await steps.run("tool", "act", {}, act, key=str(number), idempotent=False)

    assert await turns_while(chain()) > count / 6


async def test_so_do_steps_that_are_in_the_record_already(store: Store) -> None:
    done = StepResult({})
    record = {
        str(number): PastStep(number, str(number), "tool", "act", {}, idempotent=True, result=done)
        for number in range(1, 40_000)
    }
    steps = Steps(Journal(store, RUN), past=Past(steps=record))

    async def go_through(name: str) -> Fate:
        await steps.run("tool", "act", {}, nothing, key=name, idempotent=True)
        return Fate.DONE

    nodes = [Node(name, (str(int(name) - 1),) if name != "1" else ()) for name in record]
    assert await turns_while(run_graph(Schedule(nodes), go_through, Pace(5))) > 4


drafts = st.one_of(
    st.builds(step_started, st.integers(1, 9)),
    st.builds(step_completed, st.integers(1, 9)),
    st.builds(step_completed, st.integers(1, 9), tokens=st.integers(1, 99)),
    st.builds(log_line, st.text(max_size=9)),
)


@given(st.lists(st.lists(drafts, min_size=1, max_size=120), max_size=6))
@settings(max_examples=40, deadline=None)
def test_the_row_that_is_counted_is_the_one_that_is_folded(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Draft]]
) -> None:
    counted, folded = "aaaa000000", "bbbb000000"

    async def write(store: Store) -> None:
        for run in (counted, folded):
            await store.create(run, queued())
            await store.append(run, [started()])
        for batch in batches:
            if not store.append_now(counted, batch):
                await store.append(counted, batch)
            await store.append(folded, batch)

    with Store(tmp_path_factory.mktemp("store")) as store:
        asyncio.run(write(store))
        one, other = store.execution(counted), store.execution(folded)
        assert (one.totals, one.note, one.state) == (other.totals, other.note, other.state)
        told = [
            [(event.seq, event.kind, event.payload) for event in store.events(run)]
            for run in (counted, folded)
        ]
        assert told[0][1:] == told[1][1:]
