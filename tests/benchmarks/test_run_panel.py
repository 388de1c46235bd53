"""The real workbench under load: store, feed and engine, drawn for a terminal that is not there."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from time import perf_counter

import pytest
from textual.events import Key

from paracle.app.domain.events import Draft, Kind
from paracle.app.services.projects import make_lite
from paracle.app.store.store import Store
from paracle.widgets.receipt_view import ReceiptView
from paracle.widgets.run_log import RunLog
from tests.benchmarks.conftest import Figure
from tests.cli.command import AGENT, paracle_json, trusted, write_script
from tests.support.big_project import make_big_project
from tests.support.drafts import completed, queued, started
from tests.tui.driving import Driver, workbench

RATE = 10_000
EVENTS = 1_000_000
BATCH = 20_000
KEYS = ("up", "up", "pageup", "pageup", "down", "home", "pagedown", "end")
PAUSE = 0.03
"""Seconds between two keys: a person presses a key and looks."""

WARM_UP = 3.0
seconds = pytest.mark.parametrize("seconds", [8, pytest.param(30, marks=pytest.mark.soak)])


pytestmark = pytest.mark.usefixtures("collector")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose agent writes without end, ten thousand lines a second."""
    folder = tmp_path / "shop"
    folder.mkdir()
    make_lite(folder, "shop")
    flood = {"lines": 100_000_000, "per_second": RATE, "text": "line {n} of a log that an agent writes"}
    model = write_script(tmp_path / "flood.json", {"flood": flood})
    text = AGENT.replace("name: worker", "name: talker").replace("model: offline", f"model: {model}")
    (folder / ".parac" / "agents" / "specs" / "talker.md").write_text(text)
    return trusted(folder)


@seconds
async def test_keys_are_answered_while_the_workbench_runs_a_flood(
    project: Path, figure: Figure, seconds: int
) -> None:
    async with workbench(project) as bench:
        await bench.run("talker")
        await measure(bench, figure, "run panel, engine in the workbench", seconds)


@seconds
async def test_keys_are_answered_while_another_process_runs_a_flood(
    project: Path, figure: Figure, seconds: int
) -> None:
    async with workbench(project) as bench, flood_elsewhere(project) as identifier:
        await bench.until(lambda: any(row.id == identifier for row in bench.runs), "listed")
        bench.list.focus()
        await bench.press("enter")
        await bench.until(lambda: bool(bench.app.screen.query(RunLog)), "opened")
        await measure(bench, figure, "run panel, engine elsewhere", seconds)


async def test_a_finished_run_of_a_million_events_opens(tmp_path: Path, figure: Figure) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    make_lite(folder, "shop")
    identifier = "7f3kmmmmmm"
    with Store(folder / ".parac" / ".local") as store:
        await fill(store, identifier)
        last = store.last_seq(identifier)
    for attempt in ("first", "again"):
        async with workbench(folder) as bench:
            await bench.until(lambda: bool(bench.runs), "listed")
            bench.list.focus()
            await bench.pilot.pause()
            begun = perf_counter()
            bench.app.post_message(Key("enter", "\r"))
            await until(lambda: receipt_is_painted(bench))
            await painted(bench)
            figure(f"open {EVENTS:,} events, {attempt}: enter to receipt", perf_counter() - begun, "s", 0.3)
            begun = perf_counter()
            for _ in ("Timeline", "Log"):
                bench.app.post_message(Key("left_square_bracket", "["))
            await until(lambda: tail_is_shown(bench, last))
            await painted(bench)
            figure(f"open {EVENTS:,} events, {attempt}: log tab to tail", perf_counter() - begun, "s", 0.3)


async def test_nothing_holds_up_the_loop_on_a_large_project(tmp_path: Path, figure: Figure) -> None:
    # It runs a loop of its own to write the store.
    project = await asyncio.to_thread(make_big_project, tmp_path / "big")
    lags: list[float] = []
    async with workbench(project) as bench:
        probe = asyncio.create_task(watch_the_loop(lags))
        await bench.until(lambda: len(bench.explorer.playbooks) >= 200, "read")
        for keys in (
            ["j"] * 30,
            ["tab", "tab"],
            ["j"] * 30,
            ["enter"],
            ["escape"],
            ["slash", "0", "9", "escape"],
        ):
            for key in keys:
                await bench.press(key)
                await asyncio.sleep(PAUSE)
        probe.cancel()
        with suppress(asyncio.CancelledError):
            await probe
    figure("loop, 200 agents and 1,000 runs: longest hold-up", max(lags) * 1000, "ms", 50)
    figure("loop, 200 agents and 1,000 runs: hold-ups over 50 ms", sum(lag > 0.05 for lag in lags), "", 0)


async def measure(bench: Driver, figure: Figure, name: str, seconds: float) -> None:
    """Press keys for some seconds and give the figures."""
    log = bench.app.screen.query_one("#run-log", RunLog)
    log.focus()
    await asyncio.sleep(WARM_UP)
    memory, length, begun = peak_memory(), log.length, perf_counter()
    keys, latencies = cycle(KEYS), list[float]()
    while perf_counter() < begun + seconds:
        latencies.append(await latency(bench, log, next(keys)))
        await asyncio.sleep(PAUSE)
    rate = (log.length - length) / (perf_counter() - begun)
    figure(f"{name}, {seconds} s: key to repaint p95", quantiles(latencies, n=20)[-1] * 1000, "ms", 50)
    figure(f"{name}, {seconds} s: slowest of {len(latencies)} keys", max(latencies) * 1000, "ms", 250)
    figure(f"{name}, {seconds} s: seconds a second of lines takes", RATE / rate, "s", 1.05)
    figure(f"{name}, {seconds} s: growth of memory", (peak_memory() - memory) / 2**20, "MiB", 32)


async def latency(bench: Driver, log: RunLog, key: str) -> float:
    """Seconds from a key press to the screen that shows its effect."""
    before = place(log)
    begun = perf_counter()
    bench.app.post_message(Key(key, None))
    await until(lambda: place(log) != before)
    await painted(bench)
    return perf_counter() - begun


def place(log: RunLog) -> tuple[bool, int, float]:
    """Where the log stands; while it follows it moves by itself, which is no answer to a key."""
    return (True, 0, 0.0) if log.following else (False, log.cursor, log.scroll_y)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition, looking every millisecond."""
    deadline = perf_counter() + 30
    while not holds():
        assert perf_counter() < deadline
        await asyncio.sleep(0.001)


async def painted(bench: Driver) -> None:
    """Wait until what has changed is drawn."""
    done = asyncio.Event()
    bench.app.screen.call_after_refresh(done.set)
    await done.wait()


async def watch_the_loop(lags: list[float]) -> None:
    """Note how much later than wished each short sleep ends."""
    while True:
        begun = perf_counter()
        await asyncio.sleep(0.002)
        lags.append(perf_counter() - begun - 0.002)


def receipt_is_painted(bench: Driver) -> bool:
    """Whether the receipt has got its place on the screen."""
    found = bench.app.screen.query(ReceiptView)
    return bool(found) and bool(found.first().region.area)


def tail_is_shown(bench: Driver, last: int) -> bool:
    """Whether the log's last event is in view with its words."""
    log = bench.app.screen.query_one("#run-log", RunLog)
    return (
        bool(log.region.area) and bool(log.rows) and log.rows[-1][0] == last and log.event(last) is not None
    )


def peak_memory() -> int:
    """The most bytes that this process has had in memory."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@asynccontextmanager
async def flood_elsewhere(project: Path) -> AsyncIterator[str]:
    """A run in a process of its own, which is ended afterwards; gives its id."""
    said = await asyncio.to_thread(paracle_json, project, "run", "talker", "--detach")
    try:
        yield said["execution"]
    finally:
        os.kill(said["process"], signal.SIGKILL)


async def fill(store: Store, identifier: str) -> None:
    """A finished run of a million lines."""
    begun = 1_767_279_600.0
    await store.create(identifier, queued()._replace(time=begun))
    await store.append(identifier, [started()._replace(time=begun)])
    for first in range(0, EVENTS, BATCH):
        lines = [
            Draft(
                Kind.TEXT, {"step": 1, "text": f"line {number} of a log", "end": True}, begun + number / RATE
            )
            for number in range(first, first + BATCH)
        ]
        await store.append(identifier, lines)
    await store.append(identifier, [completed(identifier)._replace(time=begun + EVENTS / RATE)])
