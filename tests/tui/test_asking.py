"""What runs ask: shown in place, found with one key, answered with another, wherever they run."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from paracle.app.domain.asking import Ask
from paracle.app.domain.events import Event, Kind
from paracle.app.domain.states import State
from paracle.screens.approvals import ApprovalsScreen
from paracle.widgets.approval_box import ApprovalBox
from paracle.widgets.approval_list import ApprovalList
from tests.cli.command import AGENT, call, make_project, paracle_json, write_script
from tests.tui.driving import Driver, workbench
from tests.tui.hosting import SMALL, Host


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose agent has to ask before each command, and wants to run two."""
    folder = make_project(tmp_path / "shop")
    turns = [{"tool_calls": [call("run_command", argv=["touch", name])]} for name in ("one.txt", "two.txt")]
    model = write_script(tmp_path / "asker.json", *turns, {"text": "all done"})
    text = AGENT.replace("name: worker", "name: asker").replace("model: offline", f"model: {model}")
    text = text.replace("shell: allow", "shell: ask")
    (folder / ".parac" / "agents" / "specs" / "asker.md").write_text(text)
    return folder


@pytest.fixture
def in_background(project: Path) -> Iterator[str]:
    """A run of the asker in a process of its own, which is gone afterwards."""
    said = paracle_json(project, "run", "asker", "--detach")
    yield str(said["execution"])
    with suppress(ProcessLookupError):
        os.kill(said["process"], signal.SIGKILL)


def box(bench: Driver) -> ApprovalBox:
    return bench.app.screen.query_one(ApprovalBox)


def answers(bench: Driver, execution: str) -> list[tuple[str, str]]:
    events = bench.app.workspace.store.events(execution)
    return [(e.payload["answer"], e.payload["reason"]) for e in events if e.kind is Kind.ANSWERED]


def commands(bench: Driver, execution: str) -> list[Event]:
    events = bench.app.workspace.store.events(execution)
    return [e for e in events if e.kind is Kind.STEP_STARTED and e.payload["action"] == "tool"]


async def test_a_question_stands_at_the_foot_of_its_run_and_one_key_answers_it(project: Path) -> None:
    async with workbench(project) as bench:
        assert bench.key("next_ask") is None, "nothing waits"
        row = await bench.run("asker")
        await bench.see("◐ 1 needs you", "asker asks to use run_command", "touch", "y once", "n no")
        assert not box(bench).has_focus, "it takes no focus by itself"
        await bench.press("n")
        await bench.until(lambda: box(bench).has_focus, "gone to")
        await bench.press("y")
        await bench.until(lambda: answers(bench, row.id) == [("once", "")], "answered")
        await bench.see("two.txt", "n to answer")
        await bench.press("n")
        await bench.until(lambda: box(bench).has_focus, "gone to the next")
        await bench.press("r")
        ended = await bench.ended(row.id)
        assert ended.state is State.COMPLETED
        assert answers(bench, row.id) == [("once", ""), ("run", "")]
        await bench.see("◐ 0 need you")


async def test_the_key_that_goes_to_a_question_says_no_only_when_it_is_pressed_again(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("asker")
        await bench.see("y once")
        await bench.press("n")
        await bench.until(lambda: box(bench).has_focus, "gone to")
        await bench.press("n")
        await bench.see("n once more says no")
        assert answers(bench, row.id) == []
        await bench.press("n")
        await bench.until(lambda: answers(bench, row.id) == [("no", "")], "answered")
        await bench.see("two.txt")


async def test_a_reason_is_typed_and_kept(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("asker")
        await bench.see("y once")
        await bench.press("n")
        await bench.until(lambda: box(bench).has_focus, "gone to")
        await bench.press("N")
        await bench.see("n once more says no")
        await bench.press("N")
        await bench.see("Why “no”?")
        await bench.write("not now")
        await bench.press("enter")
        await bench.until(lambda: answers(bench, row.id) == [("no", "not now")], "answered")
        assert commands(bench, row.id) == []


async def test_the_list_of_all_questions_answers_and_leads_to_the_runs(project: Path) -> None:
    async with workbench(project) as bench:
        first = await bench.run("asker")
        await bench.see("◐ 1 needs you")
        bench.explorer.focus()
        await bench.choose_agent("worker")
        second = await bench.run("asker")
        await bench.see("◐ 2 need you")
        await bench.press("a")
        await bench.until(lambda: isinstance(bench.app.screen, ApprovalsScreen), "listed")
        await bench.see(first.short, second.short, "2 questions in 2 runs")
        await bench.press("y")
        await bench.until(lambda: answers(bench, first.id) == [("once", "")], "answered")
        await bench.until(
            lambda: first.id not in bench.app.screen.query_one(ApprovalList).cursor_key, "gone on"
        )
        await bench.press("home", "enter")
        await bench.until(lambda: not isinstance(bench.app.screen, ApprovalsScreen), "left")
        await bench.until(lambda: box(bench).has_focus, "in its run")
        assert bench.pane_title("content-pane").startswith(second.short)


async def test_a_run_of_another_process_is_answered_too(project: Path, in_background: str) -> None:
    async with workbench(project, SMALL) as bench:
        await bench.see("◐ 1 needs you")
        await bench.press("n")
        await bench.see("asker asks to use run_command", "y once")
        await bench.until(lambda: box(bench).has_focus, "gone to")
        await bench.press("r")
        assert (await bench.ended(in_background)).state is State.COMPLETED


async def test_no_key_meant_for_one_question_answers_one_that_took_its_place() -> None:
    first = Ask("x:1", "x", "x asker", "one?", "", ("yes", "no"))
    waiting, new = replace(first, id="x:2", question="two?"), replace(first, id="x:3", question="three?")
    shown = ApprovalBox()
    async with Host(shown).run_test(size=SMALL) as pilot:
        shown.asks = (first, waiting)
        await pilot.pause()
        shown.jump_here()
        await pilot.pause()
        shown.asks = (waiting,)
        await pilot.pause()
        assert shown.current_ask == waiting
        assert shown.has_focus, "it was announced as one of two: whoever answers goes on to it"
        shown.asks = (new,)
        await pilot.pause()
        assert shown.current_ask == new
        assert not shown.has_focus, "nobody has seen this one yet"


async def test_hostile_words_of_a_question_reach_no_terminal() -> None:
    ask = Ask("x:1", "x", "x \x1b[31mred", "run \x1b]0;owned\a\u202e?", "a\x07\nb\x1b[2J", ("yes", "no"))
    shown = ApprovalBox()
    async with Host(shown).run_test(size=SMALL) as pilot:
        shown.asks = (ask,)
        await pilot.pause()
        text = "".join(
            segment.text for strip in pilot.app.screen._compositor.render_strips() for segment in strip
        )
    assert "owned" in text
    assert not set(text) & {"\x1b", "\x07", "\u202e"}
