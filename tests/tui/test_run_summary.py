"""The gauge of a run says state, time, figures and changes in one line."""

from __future__ import annotations

import pytest

from paracle.app.domain.executions import Execution, Totals
from paracle.app.domain.states import State
from paracle.widgets.run_summary import RunSummary, gauge
from tests.tui.hosting import SIZES, Host, shown

NONE = Totals()


def execution(state: State, totals: Totals = NONE, **more: float | str | None) -> Execution:
    values = {"created": 0.0, "started": 10.0, "note": "", "finished": None} | more
    return Execution("7f3kaaaaaa", "reviewer", "offline", state, totals=totals, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZES)
async def test_a_running_execution_counts_up(size: tuple[int, int]) -> None:
    summary = RunSummary()
    app = Host(summary)
    totals = Totals(5, 4, 1200, 300, 20_000, 2, 48, 2)
    async with app.run_test(size=size) as pilot:
        summary.execution, summary.now = execution(State.RUNNING, totals, note="search [b]TODO"), 22.0
        await pilot.pause()
        first = shown(app)
        summary.now = 23.0
        await pilot.pause()
        second = shown(app)
    line, note = first.splitlines()[:2]
    words = "● running 12 s 5 steps 1.5 k tok $0.02 2 files +48 −2 offline"
    assert line.split() == words.split()
    assert note.strip() == "search [b]TODO"
    assert "13 s" in second


def test_a_finished_execution_stands_still() -> None:
    ended = execution(State.COMPLETED, finished=14.0)
    assert gauge(ended, 100.0) == gauge(ended, 2000.0)
    assert "4.0 s" in gauge(ended, 100.0).plain


def test_a_queued_execution_has_no_time_yet() -> None:
    assert gauge(execution(State.QUEUED, started=None), 100.0).plain.split()[:3] == ["○", "queued", "0"]


@pytest.mark.parametrize("state", list(State))
def test_each_state_has_its_glyph_and_its_word(state: State) -> None:
    assert gauge(execution(state), 12.0).plain.startswith(f"{state.glyph} {state.word}")
