"""The form asks for what the agent declares and says at the field what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import on
from textual.message import Message
from textual.widgets import Input as Line

from paracle.app.domain.agents import ResolvedAgent
from paracle.app.domain.specs import AgentSpec, Input
from paracle.widgets.run_form import RunForm
from tests.tui.hosting import SIZES, SMALL, Host, shown

PATH = Path("/p/a.md")


class FormHost(Host):
    @on(RunForm.Submitted)
    @on(RunForm.Cancelled)
    def keep(self, message: Message) -> None:
        self.hear(message)


def form(**inputs: Input) -> FormHost:
    spec = AgentSpec(name="reviewer", description="Reviews", model="offline", inputs=inputs)
    return FormHost(RunForm(ResolvedAgent(spec, "", PATH), ("openai:gpt-large", "offline")))


@pytest.mark.parametrize("size", SIZES)
async def test_an_agent_without_inputs_is_a_task_and_one_key_away(size: tuple[int, int]) -> None:
    app = form()
    async with app.run_test(size=size) as pilot:
        await pilot.press(*"go", "enter")
        await pilot.pause()
    assert app.heard == [RunForm.Submitted("reviewer", {}, "go", "")]


async def test_in_a_repository_a_run_can_begin_with_the_files_as_they_are() -> None:
    spec = AgentSpec(name="reviewer", description="Reviews", model="offline")
    app = FormHost(RunForm(ResolvedAgent(spec, "", PATH), in_repository=True))
    async with app.run_test(size=SMALL) as pilot:
        assert "my changes" in shown(app)
        await pilot.press("tab", "tab", "space", "ctrl+r")
        await pilot.pause()
    assert app.heard == [RunForm.Submitted("reviewer", {}, "", "", with_changes=True)]


async def test_without_a_repository_nobody_is_asked_about_uncommitted_changes() -> None:
    app = form()
    async with app.run_test(size=SMALL):
        assert "my changes" not in shown(app)


async def test_values_arrive_in_their_types_and_defaults_are_left_out() -> None:
    app = form(
        paths=Input(type="list[path]", default=["."]),
        limit=Input(type="int", default=3),
        ratio=Input(type="number"),
        strict=Input(type="bool", default=False),
        depth=Input(type="quick|deep", default="quick"),
        note=Input(type="text"),
    )
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("tab", "end", *", src", "tab", "tab", *"0.5", "tab", "space")
        await pilot.press("tab", "enter", "down", "enter", "ctrl+r")
        await pilot.pause()
    expected = {"paths": [".", "src"], "ratio": 0.5, "strict": True, "depth": "deep"}
    assert app.heard == [RunForm.Submitted("reviewer", expected, "", "")]


async def test_a_value_that_does_not_fit_is_said_at_its_field_and_gets_the_cursor() -> None:
    app = form(limit=Input(type="int"), name=Input(type="text"))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("tab", *"ten", "tab", *"x", "enter")
        await pilot.pause()
        lines = shown(app).splitlines()
        row = next(number for number, line in enumerate(lines) if line.strip().startswith("limit"))
        assert "✗ Input 'limit' must be a whole number" in lines[row + 1]
        assert app.heard == []
        focused = app.focused
        assert isinstance(focused, Line)
        assert focused.value == "ten"
        await pilot.press("backspace", "backspace", "backspace", *"10")
        await pilot.pause()
        assert "must be a whole number" not in shown(app)
        await pilot.press("enter")
        await pilot.pause()
    assert app.heard == [RunForm.Submitted("reviewer", {"limit": 10, "name": "x"}, "", "")]


async def test_leaving_a_field_with_a_wrong_value_says_so_at_once() -> None:
    app = form(limit=Input(type="int"))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("tab", *"ten", "tab")
        await pilot.pause()
        assert "must be a whole number" in shown(app)


async def test_a_needed_input_is_asked_for_first_and_not_left_empty() -> None:
    app = form(where=Input(type="path", required=True))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert "Input 'where' is needed" in shown(app)
        await pilot.press(*"src", "enter")
        await pilot.pause()
    assert app.heard == [RunForm.Submitted("reviewer", {"where": "src"}, "", "")]


async def test_a_needed_task_is_asked_for_once() -> None:
    app = form(task=Input(type="text", required=True, description="what to look at"))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        text = shown(app)
        assert "Say what to do." in text
        assert sum(line.strip().startswith("task") for line in text.splitlines()) == 1
        await pilot.press(*"api", "enter")
        await pilot.pause()
    assert app.heard == [RunForm.Submitted("reviewer", {}, "api", "")]


async def test_another_model_can_be_named_and_is_completed() -> None:
    app = form()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("tab", *"open")
        await pilot.pause(0.1)
        await pilot.press("right", "enter")
        await pilot.pause()
    assert app.heard == [RunForm.Submitted("reviewer", {}, "", "openai:gpt-large")]


async def test_escape_goes_back_without_running() -> None:
    app = form()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(*"half a task", "escape")
        await pilot.pause()
    assert app.heard == [RunForm.Cancelled("reviewer")]


async def test_the_buttons_do_what_they_say() -> None:
    app = form()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.click("#run")
        await pilot.click("#back")
        await pilot.pause()
    assert app.heard == [RunForm.Submitted("reviewer", {}, "", ""), RunForm.Cancelled("reviewer")]


async def test_a_form_longer_than_a_small_terminal_keeps_its_buttons_in_sight() -> None:
    app = form(**{f"input_{number}": Input(type="text") for number in range(30)})
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        text = shown(app)
        assert "Run" in text
        assert "Back" in text
        await pilot.press(*["tab"] * 30)
        await pilot.pause()
        assert "input_29" in shown(app)
