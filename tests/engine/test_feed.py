"""What a screen learns by looking: every change once, and nothing while nothing happens."""

import asyncio
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Execution
from paracle.app.domain.states import State
from paracle.app.services import runs
from paracle.app.services.feed import Feed
from paracle.app.services.workspace import Workspace
from paracle.app.store.store import Store
from tests.support.drafts import completed, log_line, queued, started, step_started
from tests.support.studio import Studio, reads, says, until, writes


@pytest.fixture
def here(studio: Studio) -> Workspace:
    return studio.open()


def watch_to_the_end(feed: Feed, execution: str) -> tuple[list[Event], list[tuple[Execution, ...]]]:
    """Look until the execution has ended and nothing is new; gives all that was told."""
    feed.watch(execution)
    told: list[Event] = []
    rows: list[tuple[Execution, ...]] = []
    ended = [False]

    def look() -> bool:
        news = feed.look()
        if news is None:
            return ended[0]
        if news.watched is not None:
            told.extend(news.watched.telling)
        if news.rows is not None:
            rows.append(news.rows)
        ended[0] = any(row.id == execution and row.finished for row in (news.rows or ())) or ended[0]
        return False

    until(look)
    return told, rows


def test_a_run_of_another_process_is_told_exactly_once(studio: Studio, here: Workspace) -> None:
    model = studio.script(
        {"flood": {"lines": 3000}, "tool_calls": [{"tool": "read_file", "with": {"path": "README.md"}}]},
        *[reads("README.md"), reads("shop/cart.py")] * 15,
        writes("a.txt"),
        says("done"),
    )
    with here:
        feed = Feed(here)
        assert feed.look() is None
        process = subprocess.Popen(
            [sys.executable, "-m", "paracle", "run", "worker", "--model", model],
            cwd=studio.repo.folder,
            env=os.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: here.has_store and here.store.count() == 1)
        (row,) = here.store.executions()
        told, rows = watch_to_the_end(feed, row.id)
        assert process.wait(30) == 0
        assert told_in_full(told, here)
        assert told[-1].kind is Kind.COMPLETED
        assert rows[-1] == here.store.executions()
        assert all(one != other for one, other in pairwise(rows))
        assert feed.look() is None


def told_in_full(told: list[Event], here: Workspace) -> bool:
    """Whether exactly the telling events of the one execution were told, in their order."""
    (row,) = here.store.executions()
    everything = [event.seq for event in runs.telling_events(here, row.id)]
    return [event.seq for event in told] == everything


APPEND = """
import asyncio, sys
from pathlib import Path
from paracle.app.store.store import Store
from tests.support.drafts import completed, log_line, queued, started, step_started

async def main(store):
    await store.create("aaaa000000", queued())
    await store.append("aaaa000000", [started()])
    for number in range(1500):
        await store.append("aaaa000000", [log_line("x"), step_started(number)])
    await store.append("aaaa000000", [completed("aaaa000000")])

with Store(Path(sys.argv[1])) as store:
    asyncio.run(main(store))
"""


def test_looking_while_another_process_commits_repeats_nothing(here: Workspace) -> None:
    with here:
        feed = Feed(here)
        assert here.store.count() == 0
        process = subprocess.Popen([sys.executable, "-c", APPEND, str(here.local)])
        told, _ = watch_to_the_end(feed, "aaaa000000")
        assert process.wait(30) == 0
        assert told_in_full(told, here)


def create(folder: Path, identifier: str, moment: float) -> None:
    async def go() -> None:
        with Store(folder) as store:
            await store.create(identifier, queued()._replace(time=moment))
            await store.append(identifier, [started(), step_started(1), completed(identifier)])

    asyncio.run(go())


def test_an_execution_that_was_committed_late_is_not_missed(here: Workspace) -> None:
    with here:
        feed = Feed(here)
        create(here.local, "bbbb000000", 1000.5)
        news = feed.look()
        assert news is not None and news.rows is not None
        create(here.local, "aaaa000000", 1000.0)
        news = feed.look()
        assert news is not None and news.rows is not None
        assert [row.id for row in news.rows] == ["bbbb000000", "aaaa000000"]


def test_lines_alone_change_no_row(here: Workspace) -> None:
    with here:
        feed = Feed(here)

        async def go() -> None:
            with Store(here.local) as store:
                await store.create("aaaa000000", queued())
                await store.append("aaaa000000", [started()])
                feed.watch("aaaa000000")
                first = feed.look()
                assert first is not None and first.rows is not None and first.rows[0].state is State.RUNNING
                await store.append("aaaa000000", [log_line("one"), log_line("two")])
                second = feed.look()
                assert second is not None and second.rows is None
                assert second.watched is not None
                assert (second.watched.telling, second.watched.last_seq) == ((), 4)
                assert feed.look() is None
                await store.append("aaaa000000", [completed("aaaa000000")])

        asyncio.run(go())
        page = feed.page("aaaa000000", 3, 4)
        assert [event.payload["text"] for event in page] == ["one", "two"]


def test_watching_another_execution_tells_it_from_its_beginning(here: Workspace) -> None:
    with here:
        create(here.local, "aaaa000000", 1000.0)
        create(here.local, "bbbb000000", 1001.0)
        feed = Feed(here)
        for execution in ("aaaa000000", "bbbb000000", "aaaa000000"):
            told, _ = watch_again(feed, execution)
            assert [event.execution for event in told] == [execution] * 4
        feed.watch("")
        news = feed.look()
        assert news is not None and news.watched is None
        assert feed.look() is None


def watch_again(feed: Feed, execution: str) -> tuple[tuple[Event, ...], int]:
    feed.watch(execution)
    news = feed.look()
    assert news is not None and news.watched is not None
    return news.watched.telling, news.watched.last_seq


def test_what_was_spent_today_is_told(studio: Studio, here: Workspace) -> None:
    with here:
        feed = Feed(here)
        studio.start(here, says(usage={"cost_usd": 0.25})).wait()
        news = feed.look()
        assert news is not None
        assert news.spent_micro == 250_000
