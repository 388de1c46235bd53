"""The steps of a run, made from its events."""

from __future__ import annotations

from typing import Any

import pytest
from textual import on
from textual.message import Message

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.states import State
from paracle.widgets.step_list import StepList
from tests.tui.hosting import MIDDLE, SIZES, SMALL, Host, shown


class StepHost(Host):
    @on(StepList.StepSelected)
    def keep(self, message: Message) -> None:
        self.hear(message)


def event(seq: int, kind: Kind, **payload: Any) -> Event:
    return Event("7f3kaaaaaa", seq, float(seq), kind, payload)


def begin(seq: int, step: int, name: str = "search", **arguments: Any) -> Event:
    return event(
        seq, Kind.STEP_STARTED, step=step, action="tool", name=name, arguments=arguments, idempotent=True
    )


def done(seq: int, step: int, seconds: float = 0.24) -> Event:
    return event(
        seq, Kind.STEP_COMPLETED, step=step, action="tool", name="x", seconds=seconds, result=1, summary=""
    )


def failed(seq: int, step: int, title: str) -> Event:
    return event(
        seq, Kind.STEP_FAILED, step=step, action="tool", name="x", seconds=12.0, error={"title": title}
    )


def many(count: int, first: int = 1) -> list[Event]:
    return [begin(number, number, f"tool-{number}") for number in range(first, first + count)]


@pytest.mark.parametrize("size", SIZES)
async def test_each_step_is_a_row_with_its_state_and_time(size: tuple[int, int]) -> None:
    app = StepHost(StepList())
    async with app.run_test(size=size) as pilot:
        steps = app.query_one(StepList)
        steps.put(
            [begin(1, 1, query="TODO"), done(2, 1), begin(3, 2, path="[red]"), failed(4, 2, "Leads out")]
        )
        steps.put([begin(5, 3, "offline")])
        steps.now = 11.0
        await pilot.pause()
        rows = [line.split() for line in shown(app).splitlines()[:3]]
        width = len(shown(app).splitlines()[0])
    assert rows == [
        ["✓", "search", "query=TODO", "0.24", "s"],
        ["✗", "search", "Leads", "out", "12", "s"],
        ["●", "offline", "6.0", "s"],
    ]
    assert width == size[0]


async def test_a_step_whose_condition_did_not_hold_is_left_out_and_not_done() -> None:
    app = StepHost(StepList())
    what = {"step": 1, "action": "step", "name": "deploy"}
    ended = {"seconds": 0.0, "result": {"status": "skipped"}, "summary": "left out: its condition is false"}
    async with app.run_test(size=SMALL) as pilot:
        asked = {"kind": "agent", "target": "shipper"}
        app.query_one(StepList).put(
            [
                event(1, Kind.STEP_STARTED, **what, key="deploy", arguments=asked, idempotent=True),
                event(2, Kind.STEP_COMPLETED, **what, **ended),
            ]
        )
        await pilot.pause()
        assert shown(app).splitlines()[0].startswith("○ deploy left out: its condition is false")


async def test_a_scrollbar_cuts_no_time() -> None:
    app = StepHost(StepList())
    async with app.run_test(size=SMALL) as pilot:
        steps = app.query_one(StepList)
        for number in range(1, 51):
            steps.put([begin(2 * number, number), done(2 * number + 1, number, seconds=12.0)])
        await pilot.pause()
        assert steps.show_vertical_scrollbar
        rows = [line.rstrip() for line in shown(app).splitlines() if "search" in line]
        assert rows
        assert all(row.rstrip("▁▂▃▄▅▆▇█▔▎▊ ").endswith("12 s") for row in rows), rows


async def test_events_given_twice_count_once() -> None:
    app = StepHost(StepList())
    async with app.run_test(size=SMALL):
        steps = app.query_one(StepList)
        steps.put(many(3))
        steps.put(many(4))
        assert [step.seq for step in steps.steps] == [1, 2, 3, 4]


async def test_it_follows_at_the_end_and_stays_when_scrolled_up() -> None:
    app = StepHost(StepList())
    async with app.run_test(size=SMALL) as pilot:
        steps = app.query_one(StepList)
        steps.focus()
        steps.put(many(50))
        await pilot.pause()
        assert "tool-50" in shown(app)
        await pilot.press("home")
        steps.put(many(50, first=51))
        await pilot.pause()
        assert "tool-1" in shown(app).split()
        assert "tool-100" not in shown(app)
        await pilot.press("end")
        await pilot.pause()
        assert "tool-100" in shown(app)


async def test_enter_and_a_click_tell_which_step() -> None:
    app = StepHost(StepList())
    async with app.run_test(size=SMALL) as pilot:
        steps = app.query_one(StepList)
        steps.focus()
        steps.put([begin(3, 1), done(4, 1), begin(9, 2)])
        await pilot.press("k", "enter")
        await pilot.click(StepList, offset=(4, 1))
        await pilot.pause()
    assert app.heard == [StepList.StepSelected(3), StepList.StepSelected(9)]


async def test_without_steps_enter_is_dim_and_says_why() -> None:
    app = StepHost(StepList())
    async with app.run_test(size=SMALL) as pilot:
        steps = app.query_one(StepList)
        steps.focus()
        await pilot.pause()
        assert "No steps yet." in shown(app)
        assert not app.screen.active_bindings["enter"].enabled
        assert steps.why_not("select") == "no step has begun"


async def test_old_steps_are_counted_and_not_kept() -> None:
    app = StepHost(StepList())
    async with app.run_test(size=SMALL) as pilot:
        steps = app.query_one(StepList)
        steps.focus()
        steps.put(many(StepList.LIMIT + 1234))
        await pilot.press("home")
        await pilot.pause()
        assert (len(steps.steps), steps.dropped) == (StepList.LIMIT, 1234)
        await pilot.press("up")
        steps.scroll_home(animate=False)
        await pilot.pause()
        assert "… 1,234 earlier" in shown(app)


async def test_a_run_that_ended_leaves_no_step_running() -> None:
    app = StepHost(StepList())
    async with app.run_test(size=SMALL):
        steps = app.query_one(StepList)
        steps.put([begin(1, 1), event(5, Kind.INTERRUPTED, reason="killed")])
        assert [(one.state, one.seconds) for one in steps.steps] == [(State.INTERRUPTED, 4.0)]


async def test_another_run_starts_empty() -> None:
    app = StepHost(StepList())
    async with app.run_test(size=SMALL):
        steps = app.query_one(StepList)
        steps.put(many(30))
        steps.reset()
        assert not steps.steps
        steps.put([begin(1, 1, "again")])
        assert [step.name for step in steps.steps] == ["again"]


async def test_wide_characters_keep_the_times_in_their_column() -> None:
    app = StepHost(StepList())
    async with app.run_test(size=MIDDLE) as pilot:
        steps = app.query_one(StepList)
        steps.put(
            [begin(1, 1, query="日本語" * 40), done(2, 1), begin(3, 2, query="e\u0301x\x1b[2J"), done(4, 2)]
        )
        await pilot.pause()
        lines = steps.render_line(0), steps.render_line(1)
    assert [line.cell_length for line in lines] == [120, 120]
    assert all(line.text.endswith(" 0.24 s") for line in lines)
    assert "\x1b" not in lines[1].text
