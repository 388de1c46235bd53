"""The list of executions: its rows at every width, and a cursor that stays with its run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from paracle.app.domain.executions import Execution, Totals
from paracle.app.domain.states import State
from paracle.widgets.execution_list import ExecutionList

NOW = 1_700_000_000.0
SIZES = [(80, 24), (120, 40)]


def run(number: int, state: State = State.COMPLETED, **values: object) -> Execution:
    """A run that was made ``number`` minutes ago and took 12 seconds."""
    created = NOW - 60 * number
    ended = None if state.is_live else created + 12
    row = Execution(
        id=f"{number:04d}aaaaaa",
        agent="reviewer",
        model="offline",
        state=state,
        created=created,
        started=created,
        finished=ended,
        note=f"note {number}",
    )
    return replace(row, **values)  # type: ignore[arg-type]


def runs(first: int, last: int) -> tuple[Execution, ...]:
    return tuple(run(number) for number in range(first, last + 1))


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.highlighted: list[str] = []
        self.opened: list[str] = []

    def compose(self) -> ComposeResult:
        yield ExecutionList()

    @property
    def executions(self) -> ExecutionList:
        return self.query_one(ExecutionList)

    def on_execution_list_highlighted(self, message: ExecutionList.Highlighted) -> None:
        self.highlighted.append(message.execution.id[:4])

    def on_execution_list_opened(self, message: ExecutionList.Opened) -> None:
        self.opened.append(message.execution.id[:4])

    def seen(self) -> list[str]:
        """The lines on the screen that are not blank."""
        height = self.executions.scrollable_content_region.height
        lines = [self.executions.render_line(y).text.rstrip() for y in range(height)]
        return [line for line in lines if line]

    def enter_is_live(self) -> bool:
        return self.screen.active_bindings["enter"].enabled

    def ids(self) -> list[str]:
        """The ids on the screen, from the top."""
        return [line[4:8] for line in self.seen()]


@asynccontextmanager
async def opened(
    rows: tuple[Execution, ...], size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    host = Host()
    async with host.run_test(size=size) as pilot:
        host.executions.focus()
        host.executions.now = NOW
        host.executions.rows = rows
        await pilot.pause()
        yield host, pilot


# Rows


@pytest.mark.parametrize("size", SIZES)
async def test_rows_are_shown_newest_first(size: tuple[int, int]) -> None:
    async with opened(tuple(reversed(runs(1, 50))), size) as (host, _):
        assert host.ids() == [f"{number:04d}" for number in range(1, size[1] + 1)]


@pytest.mark.parametrize("state", list(State))
async def test_each_state_has_its_glyph_and_its_word(state: State) -> None:
    async with opened((run(3, state),)) as (host, _):
        assert f"{state.glyph} 0003 {state.word}" in host.seen()[0]


async def test_a_wide_list_shows_what_changed_and_what_it_cost() -> None:
    totals = Totals(files=2, added=48, removed=2, cost_micro=30_000)
    async with opened((run(4, totals=totals), run(5)), (120, 40)) as (host, _):
        changed, plain = host.seen()
        assert "note 4" in changed
        assert "+48 −2" in changed
        assert changed.split()[-3:] == ["$0.03", "3", "m"]
        assert "$" not in plain
        assert "+" not in plain


@pytest.mark.parametrize("width", [24, 30, 36, 48, 60, 80, 120, 200])
async def test_every_width_shows_id_agent_and_age_and_fills_the_line(width: int) -> None:
    totals = Totals(files=2, added=12_345, removed=6_789, cost_micro=12_340_000)
    rows = (
        run(4, totals=totals, agent="漢字-agent-with-a-long-name", note="long " * 40),
        run(5, agent="fixer"),
    )
    async with opened(rows, (width, 10)) as (host, _):
        for y in range(2):
            strip = host.executions.render_line(y)
            assert cell_len(strip.text) == host.executions.scrollable_content_region.width
        first, second = host.seen()
        assert "0004" in first
        assert first.endswith("3 m")
        assert "0005" in second
        assert "fixer" in second


async def test_ages_follow_now() -> None:
    rows = (run(0, State.RUNNING), run(0, State.QUEUED, id="q" * 10, started=None), run(61))
    async with opened(rows) as (host, pilot):
        host.executions.now = NOW + 130
        await pilot.pause()
        ages = {line[4:8]: " ".join(line.split()[-2:]) for line in host.seen()}
        assert ages == {"0000": "2 m", "qqqq": "2 m", "0061": "1 h"}


async def test_text_from_elsewhere_is_shown_and_never_obeyed() -> None:
    rows = (run(1, note="[red]x[/red] \x1b[31mred\x1b[0m", agent="a\x07b\nc"),)
    async with opened(rows) as (host, _):
        assert "[red]x[/red] red" in host.seen()[0]
        assert "a␇b␊c" in host.seen()[0]


# Changes


@pytest.mark.parametrize("size", SIZES)
async def test_cursor_and_view_stay_with_their_runs_when_newer_ones_come(size: tuple[int, int]) -> None:
    async with opened(runs(100, 300), size) as (host, pilot):
        host.executions.go_to(run(165).id)
        await pilot.press(*["up"] * 5)
        before, highlighted = host.seen(), list(host.highlighted)
        host.executions.rows = runs(50, 300)
        await pilot.pause()
        assert host.seen() == before
        assert host.executions.highlighted == run(160)
        assert host.highlighted == highlighted


async def test_at_the_top_a_new_run_comes_into_view_and_the_cursor_stays_on_its_run() -> None:
    async with opened(runs(10, 60)) as (host, pilot):
        host.executions.rows = runs(9, 60)
        await pilot.pause()
        assert host.ids()[:2] == ["0009", "0010"]
        assert host.executions.highlighted == run(10)
        assert host.seen()[1].startswith("▌")


async def test_a_cursor_at_the_lower_edge_is_not_pushed_out_of_view() -> None:
    async with opened(runs(10, 60)) as (host, pilot):
        await pilot.press("pagedown")
        host.executions.rows = runs(5, 60)
        await pilot.pause()
        assert host.seen()[-1].startswith("▌")
        assert host.ids()[-1] == "0033"


async def test_a_changed_row_is_drawn_anew_under_the_same_cursor() -> None:
    async with opened((run(1, State.RUNNING), run(2))) as (host, pilot):
        host.executions.rows = (run(1, State.FAILED, note="tests fail"), run(2))
        await pilot.pause()
        assert "✗ 0001 failed" in host.seen()[0]
        assert "tests fail" in host.seen()[0]
        assert host.highlighted == ["0001"]
        assert host.executions.highlighted == run(1, State.FAILED, note="tests fail")


async def test_when_the_run_under_the_cursor_goes_the_next_one_takes_its_place() -> None:
    async with opened(runs(1, 5)) as (host, pilot):
        await pilot.press("down", "down")
        host.executions.rows = tuple(row for row in runs(1, 5) if row.id != run(3).id)
        await pilot.pause()
        assert host.highlighted == ["0001", "0002", "0003", "0004"]


async def test_a_filter_leaves_the_rows_that_match_and_the_cursor_where_it_can_stay() -> None:
    rows = (run(1), run(2, agent="fixer"), run(3, State.FAILED, agent="fixer"), run(4))
    async with opened(rows) as (host, pilot):
        await pilot.press("down")
        host.executions.filter = "fixer"
        await pilot.pause()
        assert host.ids() == ["0002", "0003"]
        assert host.highlighted == ["0001", "0002"]
        host.executions.filter = "fixer failed"
        await pilot.pause()
        assert host.ids() == ["0003"]
        assert host.highlighted[-1] == "0003"
        host.executions.filter = ""
        await pilot.pause()
        assert host.ids() == ["0001", "0002", "0003", "0004"]
        assert host.executions.highlighted == rows[2]


# Keys, mouse, empty


async def test_keys_move_open_and_stop_at_the_ends() -> None:
    async with opened(runs(1, 90)) as (host, pilot):
        await pilot.press("up", "j", "down", "k", "enter")
        await pilot.press("G", "down", "enter")
        await pilot.press("home", "pagedown", "l")
        await pilot.pause()
        assert host.opened == ["0002", "0090", "0024"]


async def test_a_click_highlights_and_a_double_click_opens() -> None:
    async with opened(runs(1, 90)) as (host, pilot):
        await pilot.click(ExecutionList, offset=(10, 4))
        await pilot.pause()
        assert (host.highlighted[-1], host.opened) == ("0005", [])
        await pilot.click(ExecutionList, offset=(10, 6), times=2)
        await pilot.pause()
        assert host.opened == ["0007"]


async def test_a_run_is_gone_to_by_its_id() -> None:
    async with opened(runs(1, 900)) as (host, pilot):
        assert host.executions.go_to(run(700).id)
        await pilot.pause()
        assert "0700" in host.ids()
        assert not host.executions.go_to("missing")


async def test_an_empty_list_teaches_and_its_key_is_dim() -> None:
    async with opened(()) as (host, pilot):
        assert host.seen() == ["  No runs yet. r runs the agent under the cursor."]
        assert not host.enter_is_live()
        host.executions.rows = runs(1, 2)
        await pilot.pause()
        assert host.enter_is_live()
        host.executions.filter = "nowhere"
        await pilot.pause()
        assert "No run matches “nowhere”" in host.seen()[0]
        assert not host.enter_is_live()


async def test_the_lesson_of_an_empty_list_wraps_where_it_is_narrow() -> None:
    host = Host()
    async with host.run_test(size=(24, 10)) as pilot:
        await pilot.pause()
        assert " ".join(" ".join(host.seen()).split()) == "No runs yet. r runs the agent under the cursor."


async def test_a_smaller_screen_keeps_the_cursor_in_view() -> None:
    async with opened(runs(1, 100), (120, 40)) as (host, pilot):
        host.executions.go_to(run(36).id)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "0036" in host.ids()


async def test_another_theme_recolours_the_rows() -> None:
    async with opened(runs(1, 3)) as (host, pilot):
        dark = host.executions.render_line(1)
        host.theme = "textual-light"
        await pilot.pause()
        light = host.executions.render_line(1)
        assert dark.text == light.text
        assert [segment.style for segment in dark] != [segment.style for segment in light]


def test_every_key_has_an_id_and_a_tooltip_and_the_moving_ones_share_a_group() -> None:
    for binding in ExecutionList.BINDINGS:
        assert not isinstance(binding, tuple)
        assert binding.id
        assert binding.show or (binding.group and binding.group.description == "Move")
        assert binding.tooltip
