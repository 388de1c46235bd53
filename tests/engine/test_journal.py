"""What a run tells comes to the disk in time; where it cannot, the account ends early but has no hole."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from paracle.app.domain.errors import StoreError
from paracle.app.domain.events import Kind
from paracle.app.domain.states import State
from paracle.app.engine.engine import Engine, Started
from paracle.app.engine.request import RunRequest
from paracle.app.services import runs
from paracle.app.services.workspace import Workspace
from paracle.app.store.store import Store
from tests.support.repo import stand_in
from tests.support.studio import Studio, Turn, of_kind, says, text_of, until, writes

SLOW = {"text": [f"line {number}\n" for number in range(2000)], "chunk_delay": 0.01}


def test_what_is_said_is_on_the_disk_while_the_model_is_still_silent(studio: Studio) -> None:
    with studio.open() as here, studio.open() as elsewhere:
        handle = studio.start(here, {"text": ["first\n", "never\n"], "chunk_delay": 600})
        until(lambda: text_of(elsewhere.store.events(handle.id)) == "first\n")
        handle.stop()


def test_a_result_is_on_the_disk_while_the_next_answer_is_awaited(studio: Studio) -> None:
    with studio.open() as here, studio.open() as elsewhere:
        handle = studio.start(here, writes("a.txt"), says("never", delay=600))
        until(lambda: of_kind(elsewhere.store.events(handle.id), Kind.COMMIT))
        done = of_kind(elsewhere.store.events(handle.id), Kind.STEP_COMPLETED)
        assert [event.payload["name"] for event in done][-1] == "write_file"
        handle.stop()


@asynccontextmanager
async def engine_with_little_patience(here: Workspace) -> AsyncIterator[tuple[Store, Engine]]:
    with Store(here.local, busy_seconds=0.2) as store:
        engine = Engine(store, here.project.root, here.state)
        yield store, engine
        await engine.close()


async def start(studio: Studio, here: Workspace, engine: Engine, *turns: Turn) -> Started:
    agent, inputs = runs.prepare(here, "worker", {}, "")
    return await engine.start(
        RunRequest(agent=agent, inputs=inputs, model=studio.script(*turns), folder=studio.folder)
    )


async def said_something(store: Store, begun: Started) -> None:
    await asyncio.to_thread(until, lambda: of_kind(store.events(begun.execution.id), Kind.TEXT))


async def test_a_run_whose_end_cannot_be_recorded_shows_as_interrupted(
    studio: Studio,
) -> None:
    with studio.open() as here:
        here.store.close()
        async with engine_with_little_patience(here) as (store, engine):
            begun = await start(studio, here, engine, writes("kept.txt"), SLOW)
            await said_something(store, begun)
            with lock_held(store):
                with pytest.raises(StoreError, match="locked by another process"):
                    await begun.done
                assert engine.running == ()
            events = store.events(begun.execution.id)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            heard = text_of(events)
            assert "".join(f"line {number}\n" for number in range(2000)).startswith(heard)

            later = await start(studio, here, engine, says("works again"))
            assert (await later.done).answer == "works again"
    with studio.open() as again:
        row = again.store.execution(begun.execution.id)
        assert row.state is State.INTERRUPTED
        assert text_of(again.store.events(row.id)) == heard
        assert studio.repo.show(row.branch, "kept.txt") == "words"


async def test_a_run_that_lost_its_store_for_a_while_fails_and_says_so(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, hold = studio.folder / "reached", studio.folder / "hold"
    os.mkfifo(reached)
    os.mkfifo(hold)
    script = f"""case "$*" in
        *"worktree remove"*) echo here > '{reached}'; read line < '{hold}'; exec "$REAL" "$@";;
        *) exec "$REAL" "$@";;
    esac"""
    monkeypatch.setenv("PATH", stand_in(studio.folder / "bin", script))
    with studio.open() as here:
        here.store.close()
        async with engine_with_little_patience(here) as (store, engine):
            begun = await start(studio, here, engine, writes("kept.txt"), SLOW)
            await said_something(store, begun)
            with lock_held(store):
                await asyncio.to_thread(reached.read_text)
            hold.write_text("go on\n")
            receipt = await begun.done
            events = store.events(begun.execution.id)
            row = store.execution(begun.execution.id)
    assert receipt.state is row.state is State.FAILED
    assert receipt.error is not None
    assert receipt.error["code"] == "store"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events[-2:]] == [Kind.TEXT, Kind.FAILED]
    assert "".join(f"line {number}\n" for number in range(2000)).startswith(text_of(events))
    assert studio.repo.show(receipt.branch, "kept.txt") == "words"
    assert receipt.commits == (receipt.tip,)


class lock_held:
    """The write lock of a store, held by somebody else."""

    def __init__(self, store: Store) -> None:
        self._holder = sqlite3.connect(store.path, isolation_level=None, timeout=5)

    def __enter__(self) -> None:
        self._holder.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self._holder.execute("ROLLBACK")
        self._holder.close()


async def test_many_runs_that_wait_for_a_locked_store_fail_together(studio: Studio) -> None:
    with studio.open() as here:
        here.store.close()
        async with engine_with_little_patience(here) as (store, engine):
            begun = [await start(studio, here, engine, SLOW) for _ in range(8)]
            for one in begun:
                await said_something(store, one)
            with lock_held(store):
                ended = await asyncio.gather(*(one.done for one in begun), return_exceptions=True)
            assert [type(error) for error in ended] == [StoreError] * 8


def test_a_start_on_a_locked_store_leaves_nothing_behind(studio: Studio) -> None:
    with studio.open() as here:
        here.store.close()
        before = studio.fingerprint()

        async def refused() -> None:
            async with engine_with_little_patience(here) as (store, engine):
                with lock_held(store), pytest.raises(StoreError, match="locked by another process"):
                    await start(studio, here, engine, says())
                assert store.count() == 0
                assert engine.running == ()
                assert (await (await start(studio, here, engine, says())).done).answer == "All is well."

        asyncio.run(refused())
        assert len(list((here.local / "owners").iterdir())) == 0
    assert studio.fingerprint() == before
