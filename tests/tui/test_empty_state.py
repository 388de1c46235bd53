"""An empty place teaches."""

from __future__ import annotations

import pytest

from paracle.widgets.empty_state import EmptyState
from tests.tui.hosting import SIZES, SMALL, Host, shown


@pytest.mark.parametrize("size", SIZES)
async def test_it_says_what_why_and_which_key(size: tuple[int, int]) -> None:
    app = Host(
        EmptyState("No runs yet", "A run is an agent at work.", "r", "runs the agent under the cursor")
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        lines = [line for line in shown(app).splitlines() if line.strip()]
    assert [line.split() for line in lines] == [
        ["No", "runs", "yet"],
        ["A", "run", "is", "an", "agent", "at", "work."],
        ["r", "runs", "the", "agent", "under", "the", "cursor"],
    ]


async def test_its_words_can_change_and_a_missing_key_takes_no_room() -> None:
    state = EmptyState("No runs yet", "Because.", "r", "runs")
    app = Host(state)
    async with app.run_test(size=SMALL) as pilot:
        state.title, state.why, state.key = "Nothing matches [x]", "", ""
        await pilot.pause()
        assert shown(app).split() == ["Nothing", "matches", "[x]"]


async def test_long_reasons_wrap_in_a_narrow_pane() -> None:
    app = Host(EmptyState("No runs", "one two three four five six seven eight nine ten"))
    async with app.run_test(size=(26, 12)) as pilot:
        await pilot.pause()
        assert "ten" in shown(app)
