"""What durability costs: steps against bare commits of the same database settings."""

import asyncio
import sqlite3
import statistics
import time
from pathlib import Path

from paracle.app.engine.journal import Journal
from paracle.app.engine.past import StepResult
from paracle.app.engine.steps import Steps
from paracle.app.store.store import Store
from tests.benchmarks.conftest import Figure
from tests.support.drafts import queued, started

BLOCKS = 60
LENGTH = 20


async def nothing(step: int) -> StepResult:
    return StepResult({"lines": 3}, "3 lines")


async def prepared(folder: Path) -> tuple[Store, Steps, Journal]:
    store = Store(folder)
    await store.create("aaaa000000", queued())
    await store.append("aaaa000000", [started()])
    journal = Journal(store, "aaaa000000")
    return store, Steps(journal), journal


async def step(steps: Steps) -> None:
    key = str(steps.count + 1)
    await steps.run("tool", "read_file", {"path": "a.py"}, nothing, key=key, idempotent=True)


def test_a_chain_of_steps_against_bare_commits(tmp_path: Path, figure: Figure) -> None:
    bare = sqlite3.connect(tmp_path / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=FULL")
    bare.execute("CREATE TABLE events (execution TEXT, seq INTEGER, time REAL, kind TEXT, payload TEXT)")

    def commits(count: int) -> float:
        begun = time.perf_counter()
        for number in range(count):
            bare.execute("BEGIN IMMEDIATE")
            bare.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?)", ("aaaa000000", number, 1.0, "k", '{"step":1}')
            )
            bare.execute("COMMIT")
        return time.perf_counter() - begun

    async def measure() -> list[float]:
        store, steps, journal = await prepared(tmp_path / "store")
        ratios = []
        for _ in range(BLOCKS):
            plain = commits(LENGTH + 1)
            begun = time.perf_counter()
            for _ in range(LENGTH):
                await step(steps)
            await journal.settle()
            ratios.append((time.perf_counter() - begun) / plain)
        store.close()
        return ratios

    ratios = asyncio.run(measure())
    bare.close()
    figure("chain of durable steps / bare commits", statistics.median(ratios), "x", 1.5)


def test_a_hundred_parallel_steps_against_one(tmp_path: Path, figure: Figure) -> None:
    async def measure() -> list[float]:
        store, steps, journal = await prepared(tmp_path / "store")
        ratios = []
        for _ in range(BLOCKS):
            begun = time.perf_counter()
            await step(steps)
            await journal.settle()
            one = time.perf_counter() - begun
            begun = time.perf_counter()
            await asyncio.gather(*(step(steps) for _ in range(100)))
            await journal.settle()
            ratios.append((time.perf_counter() - begun) / one)
        store.close()
        return ratios

    figure("100 parallel steps / one step", statistics.median(asyncio.run(measure())), "x", 6)
