"""The run log under load, without a terminal: the last step, writing to one, is not in these figures."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Callable
from statistics import quantiles
from time import perf_counter

import pytest
from textual.app import App, ComposeResult
from textual.events import Key
from textual.geometry import Region
from textual.strip import Strip

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Execution
from paracle.app.domain.states import State
from paracle.widgets.execution_list import ExecutionList
from paracle.widgets.run_log import RunLog

RUN = "7f3k000000"
START = 1_700_000_000.0
RATE = 10_000
HERTZ = 20
KEYS = ("up", "up", "pageup", "pageup", "down", "w", "w", "home", "pagedown", "end", "up", "end")

Figure = Callable[[str, float, str, float], None]


def event(seq: int) -> Event:
    text = f"line {seq} " + "of a log that an agent writes " * (1 + seq % 5)
    return Event(RUN, seq, START + seq / RATE, Kind.TEXT, {"step": 1, "text": text, "end": True})


class Probe(RunLog):
    """Says when what a key did has been drawn: ``drawn`` wakes its waiter once the frame is complete."""

    def __init__(self) -> None:
        super().__init__()
        self.acted = False
        self.last_drawn = 0
        self.drawn = asyncio.Event()

    def action_move(self, by: int) -> None:
        super().action_move(by)
        self.acted = True

    def action_page(self, by: int) -> None:
        super().action_page(by)
        self.acted = True

    def action_first(self) -> None:
        super().action_first()
        self.acted = True

    def action_follow(self) -> None:
        super().action_follow()
        self.acted = True

    def action_wrap(self) -> None:
        super().action_wrap()
        self.acted = True

    def render_lines(self, crop: Region) -> list[Strip]:
        lines = super().render_lines(crop)
        self.last_drawn = self.rows[-1][0] if self.rows else 0
        if self.acted:
            self.acted = False
            self.drawn.set()
        return lines


class Host(App[None]):
    """Grows a run and answers what the log asks for."""

    def compose(self) -> ComposeResult:
        yield Probe()

    @property
    def probe(self) -> Probe:
        return self.query_one(Probe)

    def on_run_log_page_wanted(self, message: RunLog.PageWanted) -> None:
        self.probe.put([event(seq) for seq in range(message.first_seq, message.last_seq + 1)])

    def grow(self) -> None:
        self.probe.length += RATE // HERTZ

    async def latency(self, key: str) -> float:
        """Seconds from a key press to the screen that shows its effect."""
        self.probe.drawn.clear()
        begin = perf_counter()
        self.post_message(Key(key, key if len(key) == 1 else None))
        await self.probe.drawn.wait()
        return perf_counter() - begin


async def latencies(seconds: float) -> tuple[list[float], int]:
    """Press keys for some seconds while the run grows. Latencies, and how many events came."""
    host = Host()
    async with host.run_test(size=(120, 40)) as pilot:
        host.probe.focus()
        host.probe.show(RUN, START)
        await pilot.pause()
        host.set_interval(1 / HERTZ, host.grow)
        measured: list[float] = []
        end = perf_counter() + seconds
        while perf_counter() < end:
            measured.append(await host.latency(KEYS[len(measured) % len(KEYS)]))
            # A person presses a key and looks; without this the app would do nothing but keys.
            await asyncio.sleep(0.03)
        return measured, host.probe.length


def report(figure: Figure, seconds: int, measured: list[float], events: int) -> None:
    p95 = quantiles(measured, n=20)[-1]
    figure(f"run log: key to repaint p95, 10,000 events/s for {seconds} s", p95 * 1000, "ms", 50)
    figure(f"run log: slowest of {len(measured)} keys", max(measured) * 1000, "ms", 150)
    figure("run log: seconds to take one second of events", seconds * RATE / events, "s", 1.1)


async def test_keys_are_answered_while_ten_thousand_events_a_second_arrive(figure: Figure) -> None:
    measured, events = await latencies(8)
    report(figure, 8, measured, events)


@pytest.mark.soak
async def test_keys_are_answered_for_half_a_minute_of_load(figure: Figure) -> None:
    measured, events = await latencies(30)
    report(figure, 30, measured, events)


async def test_a_million_events_open(figure: Figure) -> None:
    host = Host()
    async with host.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        begin = perf_counter()
        host.probe.show(RUN, START)
        host.probe.length = 1_000_000
        while host.probe.last_drawn != 1_000_000:
            host.probe.acted = True
            host.probe.drawn.clear()
            await host.probe.drawn.wait()
        figure("run log: open 1,000,000 events", perf_counter() - begin, "s", 0.3)


async def test_memory_stays_where_it_is(figure: Figure) -> None:
    host = Host()
    async with host.run_test(size=(120, 40)) as pilot:
        host.probe.show(RUN, START)
        tracemalloc.start()
        sizes: list[int] = []
        for batch in range(600):
            host.grow()
            host.probe.put([event(seq) for seq in range(host.probe.length - 499, host.probe.length + 1)])
            await pilot.pause()
            if batch in (99, 599):
                sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        figure("run log: memory after 50,000 events", sizes[0] / 2**20, "MiB", 20)
        figure("run log: growth over 250,000 more", (sizes[1] - sizes[0]) / 2**20, "MiB", 1)


@pytest.mark.parametrize(("count", "limit"), [(1_000, 20), (10_000, 200)])
async def test_rows_are_set(figure: Figure, count: int, limit: float) -> None:
    class ListHost(App[None]):
        def compose(self) -> ComposeResult:
            yield ExecutionList()

    rows = tuple(
        Execution(f"{number:010d}", f"agent-{number % 9}", "offline", State.COMPLETED, START + number)
        for number in range(count)
    )
    host = ListHost()
    async with host.run_test(size=(120, 40)) as pilot:
        executions = host.query_one(ExecutionList)
        executions.rows = rows[1:]
        await pilot.pause()
        begin = perf_counter()
        executions.rows = rows
        figure(f"execution list: set {count:,} rows", (perf_counter() - begin) * 1000, "ms", limit)
        begin = perf_counter()
        executions.filter = "agent-3 done"
        figure(f"execution list: filter {count:,} rows", (perf_counter() - begin) * 1000, "ms", limit)
