"""The run log: what it shows, what it asks for, and what stays still while events arrive."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.events import MouseEvent, MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot

from paracle.app.domain.events import Event, Kind, describe
from paracle.widgets._cells import clean, fit, wrap
from paracle.widgets._event_pages import PAGE, PAGES, EventPages
from paracle.widgets.run_log import RunLog

RUN = "7f3k000000"
START = 1_700_000_000.0
SIZES = [(80, 24), (120, 40)]


def text_event(seq: int, text: str = "", execution: str = RUN) -> Event:
    payload = {"step": 1, "text": text or f"line {seq}", "end": True}
    return Event(execution, seq, START + seq / 10, Kind.TEXT, payload)


def long_event(seq: int) -> Event:
    """Every third row wraps at any width that the tests use."""
    return text_event(seq, f"line {seq} " + "word " * (60 if seq % 3 == 0 else 1))


class Host(App[None]):
    """Holds a run as a screen does: answers what is asked, at once or when ``answer`` is called."""

    def __init__(self, make: Callable[[int], Event] = text_event, *, at_once: bool = True) -> None:
        super().__init__()
        self.make = make
        self.at_once = at_once
        self.wanted: list[RunLog.PageWanted] = []
        self.opened: list[Event] = []
        self.unseen: list[int] = []

    def compose(self) -> ComposeResult:
        yield RunLog()

    @property
    def run_log(self) -> RunLog:
        return self.query_one(RunLog)

    def events(self, first: int, last: int) -> list[Event]:
        return [self.make(seq) for seq in range(first, last + 1)]

    def on_run_log_page_wanted(self, message: RunLog.PageWanted) -> None:
        self.wanted.append(message)
        if self.at_once:
            self.answer(message)

    def answer(self, message: RunLog.PageWanted) -> None:
        self.run_log.put(self.events(message.first_seq, message.last_seq))

    def on_run_log_event_selected(self, message: RunLog.EventSelected) -> None:
        self.opened.append(message.event)

    def on_run_log_unseen_changed(self, message: RunLog.UnseenChanged) -> None:
        self.unseen.append(message.unseen)

    def seen(self) -> list[str]:
        """The lines on the screen."""
        height = self.run_log.scrollable_content_region.height
        return [self.run_log.render_line(y).text.rstrip() for y in range(height)]


@asynccontextmanager
async def opened(host: Host, length: int, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[None]]:
    async with host.run_test(size=size) as pilot:
        host.run_log.focus()
        host.run_log.show(RUN, START)
        host.run_log.length = length
        await idle(pilot)
        yield pilot


async def idle(pilot: Pilot[None]) -> None:
    """Until an asked page has been answered and drawn."""
    await pilot.pause()
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await idle(pilot)


def wheel(turn: type[MouseEvent]) -> MouseEvent:
    return turn(None, 5, 5, 0, 0, 0, False, False, False)


# What is asked for and kept


@pytest.mark.parametrize("size", SIZES)
async def test_a_run_of_a_million_events_opens_at_its_end_and_asks_for_the_last_page_only(
    size: tuple[int, int],
) -> None:
    host = Host()
    async with opened(host, 1_000_000, size):
        [wanted] = host.wanted
        assert wanted.last_seq == 1_000_000
        assert wanted.last_seq - wanted.first_seq < PAGE
        assert host.seen()[-1].endswith("line 1000000")
        assert len(host.seen()) == size[1]
        assert all("line" in line for line in host.seen())


async def test_walking_a_long_run_keeps_a_bounded_number_of_pages() -> None:
    host = Host(long_event)
    async with opened(host, 1_000_000) as pilot:
        for step in range(1, 31):
            host.run_log.go_to(step * 32_000)
            await idle(pilot)
            assert any(f"line {step * 32_000} " in line for line in host.seen())
            assert host.run_log.pages_held <= PAGES


async def test_events_that_are_put_as_they_come_are_not_asked_for_again() -> None:
    host = Host()
    async with opened(host, 0) as pilot:
        for batch in range(40):
            last = (batch + 1) * 500
            host.run_log.length = last
            host.run_log.put(host.events(last - 499, last))
            await pilot.pause()
            assert host.seen()[-1].endswith(f"line {last}")
        assert host.wanted == []
        assert host.run_log.pages_held <= PAGES


async def test_a_page_in_view_is_asked_for_once_while_its_answer_is_under_way() -> None:
    host = Host(at_once=False)
    async with opened(host, 5_000) as pilot:
        host.answer(host.wanted[0])
        await press(pilot, "home")
        asked = len(host.wanted)
        await press(pilot, "down", "down", "up")
        assert len(host.wanted) == asked


async def test_an_answer_for_another_execution_is_dropped() -> None:
    host = Host()
    async with opened(host, 3) as pilot:
        host.run_log.show("another000", START)
        host.run_log.length = 1
        host.run_log.put([text_event(1, "late")])
        await pilot.pause()
        assert not any("late" in line for line in host.seen())
        host.run_log.put([text_event(1, "mine", execution="another000")])
        await idle(pilot)
        assert host.seen()[0].endswith("mine")


async def test_rows_without_their_page_show_an_ellipsis_until_it_arrives() -> None:
    host = Host(at_once=False)
    async with opened(host, 5_000) as pilot:
        assert host.seen()[0].strip() == "…"
        host.answer(host.wanted[-1])
        await press(pilot, "home")
        assert {line.strip("▌ ") for line in host.seen()} == {"…"}
        host.answer(host.wanted[-1])
        await idle(pilot)
        assert host.seen()[0].endswith("line 1")
        assert host.seen()[-1].endswith("line 24")


# Following and staying


async def test_at_the_end_new_events_scroll_into_view() -> None:
    host = Host(long_event)
    async with opened(host, 100) as pilot:
        for length in (101, 102, 150, 900):
            host.run_log.length = length
            await idle(pilot)
            assert any(f"line {length} " in line for line in host.seen())
            assert host.run_log.cursor == length
            assert host.run_log.following


async def test_following_never_shows_a_row_that_has_not_arrived() -> None:
    host = Host(at_once=False)
    async with opened(host, 100) as pilot:
        host.answer(host.wanted[-1])
        await idle(pilot)
        before = host.seen()
        host.run_log.length = 600
        await idle(pilot)
        assert host.seen() == before
        host.answer(host.wanted[-1])
        await idle(pilot)
        assert host.seen()[-1].endswith("line 600")


@pytest.mark.parametrize("size", SIZES)
async def test_scrolled_up_it_stays_and_says_how_many_are_new(size: tuple[int, int]) -> None:
    host = Host(long_event)
    async with opened(host, 1_000, size) as pilot:
        await press(pilot, "pageup", "pageup")
        before = host.seen()
        host.run_log.length = 2_204
        await idle(pilot)
        assert host.seen()[:-1] == before[:-1]
        new = host.run_log.unseen
        assert new >= 1_204
        assert host.seen()[-1].endswith(f"↓ {new:,} new  end")
        assert host.unseen == [new]
        await press(pilot, "end")
        assert host.run_log.following
        assert host.unseen == [new, 0]
        assert any("line 2204" in line for line in host.seen())


async def test_a_wheel_up_stays_and_back_at_the_end_it_follows_again() -> None:
    host = Host()
    async with opened(host, 200) as pilot:
        host.run_log.post_message(wheel(MouseScrollUp))
        await idle(pilot)
        assert not host.run_log.following
        host.run_log.post_message(wheel(MouseScrollDown))
        await idle(pilot)
        assert host.run_log.following


async def test_a_click_on_the_count_of_new_events_follows() -> None:
    host = Host()
    async with opened(host, 100) as pilot:
        await press(pilot, "home")
        host.run_log.length = 150
        await idle(pilot)
        await pilot.click(RunLog, offset=(70, 23))
        await idle(pilot)
        assert host.run_log.following
        assert host.seen()[-1].endswith("line 150")


# Nothing jumps


async def test_rows_in_view_stand_still_when_the_page_above_arrives_and_wraps() -> None:
    host = Host(long_event, at_once=False)
    async with opened(host, PAGE * 4) as pilot:
        host.answer(host.wanted[-1])
        first = PAGE * 3 + 1
        host.run_log.go_to(first)
        await idle(pilot)
        host.run_log.scroll_relative(y=-5, animate=False)
        await idle(pilot)
        before = host.seen()
        assert before[0].strip() == "…"
        place = next(y for y, line in enumerate(before) if f"line {first} " in line)
        host.answer(host.wanted[-1])
        await idle(pilot)
        assert host.seen()[place:] == before[place:]
        assert "word" in host.seen()[0]


async def test_scrolling_up_line_by_line_through_wrapped_rows_moves_one_line_each_time() -> None:
    host = Host(long_event)
    async with opened(host, PAGE * 3) as pilot:
        host.run_log.go_to(PAGE + 4)
        await idle(pilot)
        for _ in range(40):
            before = host.seen()
            host.run_log.scroll_relative(y=-1, animate=False)
            await idle(pilot)
            assert host.seen()[1:] == before[:-1]


async def test_another_width_keeps_the_event_at_the_top() -> None:
    host = Host(long_event)
    async with opened(host, 2_000, (120, 40)) as pilot:
        host.run_log.go_to(1_000)
        host.run_log.scroll_relative(y=10, animate=False)
        await idle(pilot)
        top = host.run_log.rows[0][0]
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await idle(pilot)
            assert host.run_log.rows[0][0] == top


# Cursor and keys


async def test_keys_move_the_cursor_to_the_neighbours_and_the_ends() -> None:
    host = Host()
    async with opened(host, 500) as pilot:
        await press(pilot, "up", "k")
        assert (host.run_log.cursor, host.run_log.following) == (498, False)
        await press(pilot, "g")
        assert host.run_log.cursor == 1
        await press(pilot, "j", "down")
        assert host.run_log.cursor == 3
        assert host.seen()[2].startswith("▌")
        await press(pilot, "G")
        assert (host.run_log.cursor, host.run_log.following) == (500, True)


async def test_down_onto_the_last_event_follows_again() -> None:
    host = Host()
    async with opened(host, 500) as pilot:
        await press(pilot, "up")
        assert not host.run_log.following
        await press(pilot, "down")
        assert host.run_log.following


async def test_the_cursor_comes_back_into_a_view_that_was_scrolled_away_from_it() -> None:
    host = Host()
    async with opened(host, 5_000) as pilot:
        host.run_log.scroll_to(y=1_000, animate=False)
        await press(pilot, "up")
        assert host.run_log.cursor == 1_024


async def test_a_row_higher_than_the_view_is_read_through_with_down() -> None:
    def make(seq: int) -> Event:
        return text_event(seq, " ".join(f"w{number}" for number in range(700)) if seq == 2 else "")

    host = Host(make)
    async with opened(host, 40) as pilot:
        host.run_log.go_to(2)
        seen: set[str] = set()
        while host.run_log.cursor == 2:
            seen.update(" ".join(host.seen()).split())
            await press(pilot, "down")
        assert {f"w{number}" for number in range(700)} <= seen


async def test_enter_opens_and_y_copies_the_row_under_the_cursor() -> None:
    host = Host(lambda seq: text_event(seq, f"[b]row {seq}[/b]"))
    async with opened(host, 50) as pilot:
        await press(pilot, "up", "enter", "y")
        assert [event.seq for event in host.opened] == [49]
        assert host.clipboard == "[b]row 49[/b]"


async def test_a_double_click_opens_the_row_under_the_mouse() -> None:
    host = Host()
    async with opened(host, 50) as pilot:
        await pilot.click(RunLog, offset=(20, 3), times=2)
        await idle(pilot)
        assert [event.seq for event in host.opened] == [30]


async def test_w_cuts_long_rows_and_then_left_and_right_shift_them() -> None:
    host = Host(lambda seq: text_event(seq, "".join(chr(97 + place % 26) for place in range(200))))
    async with opened(host, 10) as pilot:
        await press(pilot, "home")
        assert host.run_log.virtual_size.height > 10
        await press(pilot, "w")
        assert host.run_log.virtual_size.height == 10
        assert host.seen()[0].endswith("…")
        assert "abcdefgh" in host.seen()[0]
        await press(pilot, "l")
        assert "  ijklmnop" in host.seen()[0]
        await press(pilot, "h", "w")
        assert host.run_log.virtual_size.height > 10


async def test_keys_that_cannot_act_are_dim() -> None:
    host = Host()
    async with opened(host, 0) as pilot:

        def is_live(key: str) -> bool:
            return host.screen.active_bindings[key].enabled

        assert not is_live("enter")
        assert not is_live("right")
        host.run_log.put(host.events(1, 5))
        await press(pilot, "w")
        assert is_live("enter")
        assert is_live("right")


def test_every_key_has_an_id_and_a_tooltip_and_the_moving_ones_share_a_group() -> None:
    for binding in RunLog.BINDINGS:
        assert not isinstance(binding, tuple)
        assert binding.id
        assert binding.show or (binding.group and binding.group.description == "Move")
        assert binding.tooltip


# The look


async def test_rows_show_the_time_since_the_start_and_the_words_of_the_event() -> None:
    step = {"step": 1, "action": "tool", "name": "search", "arguments": {"query": "TODO"}, "idempotent": True}
    warning = {"level": "warning", "text": "slow"}
    events = [
        Event(RUN, 1, START, Kind.STARTED, {"model": "offline"}),
        Event(RUN, 2, START + 4.27, Kind.STEP_STARTED, step),
        Event(RUN, 3, START + 3 * 3600 + 62, Kind.LOG, warning),
        Event(RUN, 4, START + 5 * 86400, Kind.TERMINATED, {"receipt": {}, "reason": "stopped"}),
    ]
    host = Host(lambda seq: events[seq - 1])
    async with opened(host, 4):
        times = ["0:00.0", "0:04.2", "3:01:02", "5 d 00"]
        for line, time, event in zip(host.seen(), times, events, strict=False):
            assert line.lstrip("▌ ").split("  ", 1) == [time, describe(event)]


async def test_a_narrow_log_gives_the_time_up_for_the_words() -> None:
    host = Host()
    async with opened(host, 3, (30, 10)):
        assert host.seen()[0].strip() == "line 1"


async def test_text_from_elsewhere_is_shown_and_never_obeyed() -> None:
    texts = [
        "[red]not markup[/red] [@click=app.quit]x[/]",
        "\x1b[31mred\x1b[0m \x1b]0;title\x07after \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
        "bell\x07 back\x08 nul\x00 del\x7f csi\x9b31m c1\x85 half\ud800",
        "turn\u202eround",
    ]
    shown = [texts[0], "red after link", "bell␇ back␈ nul␀ del␡ csi c1  half\ufffd", "turn\ufffdround"]
    host = Host(lambda seq: text_event(seq, texts[seq - 1]))
    async with opened(host, 4):
        assert [line[11:] for line in host.seen()[:4]] == shown


@pytest.mark.parametrize("width", [24, 40, 80])
async def test_wide_combining_and_joined_characters_fill_exactly_the_width(width: int) -> None:
    words = ["漢字かな" * 30, "e\u0301a\u0308" * 60, "👩‍👩‍👧‍👦 family " * 12, "❤️" * 70, "tab\tstop " * 20]
    host = Host(lambda seq: text_event(seq, words[seq - 1]))
    async with opened(host, len(words), (width, 60)):
        log = host.run_log
        expected = log.scrollable_content_region.width
        for y in range(log.scrollable_content_region.height):
            assert cell_len(log.render_line(y).text) == expected
        assert "".join(line.strip() for line in host.seen()).count("漢") == 30


async def test_before_the_first_event_it_says_what_belongs_here() -> None:
    host = Host()
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "enter on a run shows it" in host.seen()[0]
        host.run_log.show(RUN, START)
        assert "Nothing has happened yet" in host.seen()[0]


async def test_another_theme_recolours_rows_already_drawn() -> None:
    host = Host()
    async with opened(host, 5) as pilot:
        dark = host.run_log.render_line(0)
        host.theme = "textual-light"
        await idle(pilot)
        light = host.run_log.render_line(0)
        assert dark.text == light.text
        assert [segment.style for segment in dark] != [segment.style for segment in light]


# The parts


@given(st.text(max_size=300), st.integers(4, 60))
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(text: str, width: int) -> None:
    cleaned = clean(text)
    lines = wrap(cleaned, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == cleaned.replace(" ", "")


@given(st.text(max_size=100), st.integers(1, 60), st.booleans())
def test_fitted_text_takes_exactly_its_cells(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(clean(text), width, right=right)) == width


@given(st.text(st.characters(exclude_categories=[]), max_size=100))
def test_cleaned_text_can_be_written_and_holds_no_control(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 for sign in cleaned)


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=PAGE * 2 + 50),
    st.lists(st.tuples(st.integers(1, 600), st.integers(1, 600)), max_size=3),
)
def test_every_line_belongs_to_the_event_that_stands_on_it(
    heights: list[int], laid_out: list[tuple[int, int]]
) -> None:
    pages = EventPages(lambda event: ("row",) * heights[event.seq - 1])
    pages.put([text_event(seq) for seq in range(1, len(heights) + 1)])
    pages.end = len(heights)
    expected = [1] * len(heights)
    for first, last in laid_out:
        pages.lay_out(first, last)
        expected[first - 1 : last] = heights[first - 1 : last]
    rows = [(seq, part) for seq, height in enumerate(expected, 1) for part in range(height)]
    assert pages.total == len(rows)
    assert pages.span(0, len(rows) + 9) == rows
    assert [pages.at(line) for line in range(len(rows))] == rows
    assert [pages.line_of(seq) for seq in range(1, len(heights) + 1)] == [
        line for line, (_, part) in enumerate(rows) if not part
    ]
