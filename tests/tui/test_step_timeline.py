"""The steps of a run on one axis of time."""

from __future__ import annotations

from textual import on
from textual.message import Message

from paracle.app.domain.states import State
from paracle.widgets._step_rows import Step
from paracle.widgets.step_timeline import StepTimeline
from tests.tui.hosting import SMALL, Host, shown

STEPS = (
    Step(3, "plan", "", 100.0, State.COMPLETED, 10.0, key="plan"),
    Step(4, "read_file", "", 102.0, State.COMPLETED, 1.0, key="plan/turn-1", depth=1),
    Step(9, "build", "", 110.0, State.FAILED, 5.0, key="build"),
    Step(12, "test", "", 110.0, State.RUNNING, None, key="test"),
)


class TimelineHost(Host):
    @on(StepTimeline.StepSelected)
    def keep(self, message: Message) -> None:
        self.hear(message)


def bars(screen: str) -> dict[str, tuple[int, int]]:
    """For each step where its bar begins and how many cells it has."""
    found = {}
    for line in screen.splitlines()[1:]:
        words = line.split()
        if len(words) > 2:
            bar = "".join(letter if letter in "▏▎▍▌▋▊▉█" else " " for letter in line)
            found[words[1]] = (len(bar) - len(bar.lstrip()), len(bar.split()[0]))
    return found


async def test_bars_stand_on_one_axis_and_running_ones_grow() -> None:
    async with TimelineHost(StepTimeline()).run_test(size=SMALL) as pilot:
        timeline = pilot.app.query_one(StepTimeline)
        timeline.steps, timeline.now = STEPS, 120.0
        await pilot.pause()
        before = bars(shown(pilot.app))
        assert before["build"][0] == before["test"][0], "they began at the same moment"
        assert before["plan"][0] < before["read_file"][0] < before["build"][0]
        assert before["plan"][1] == before["test"][1], "ten seconds each"
        assert 0 < before["build"][1] < before["test"][1]
        assert "20 s" in shown(pilot.app).splitlines()[0]
        timeline.now = 140.0
        await pilot.pause()
        after = bars(shown(pilot.app))
        assert after["test"][1] > before["test"][1]
        assert after["plan"][1] < before["plan"][1], "the axis holds more time now"


async def test_inner_steps_can_be_left_out_and_enter_tells_which_step() -> None:
    app = TimelineHost(StepTimeline())
    async with app.run_test(size=SMALL) as pilot:
        timeline = app.query_one(StepTimeline)
        timeline.steps, timeline.now = STEPS, 120.0
        timeline.focus()
        await pilot.press("j")
        assert timeline.cursor == 4
        await pilot.press("i")
        await pilot.pause()
        assert "read_file" not in shown(app)
        assert timeline.cursor == 3, "what the cursor was on is not shown"
        await pilot.press("end", "enter")
        await pilot.pause()
        (message,) = app.heard
        assert isinstance(message, StepTimeline.StepSelected)
        assert message.seq == 12


async def test_a_thousand_steps_scroll_below_the_axis() -> None:
    async with TimelineHost(StepTimeline()).run_test(size=SMALL) as pilot:
        timeline = pilot.app.query_one(StepTimeline)
        timeline.steps = tuple(
            Step(number, f"step-{number}", "", float(number), State.COMPLETED, 1.0)
            for number in range(1, 1001)
        )
        timeline.focus()
        await pilot.press("end")
        await pilot.pause()
        screen = shown(pilot.app)
        assert "step-1000" in screen
        assert screen.splitlines()[0].split()[0] == "0", "the axis stays"
