"""Steering runs from the workbench: pause, go on, stop, say, another model; runs of other processes too."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from paracle.app.domain.events import Kind
from paracle.app.domain.states import State
from paracle.widgets.run_log import RunLog
from tests.cli.command import AGENT, call, make_project, paracle_json, trusted, write_script
from tests.tui.driving import Driver, workbench

InBackground = Callable[[str], tuple[str, int]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with agents that wait, and one that takes several turns."""
    folder = make_project(tmp_path / "shop")
    sleeps = [call("run_command", argv=["sleep", f"0.05{number}"]) for number in range(400)]
    steps: list[dict[str, Any]] = [{"tool_calls": [sleep]} for sleep in sleeps]
    scripts: dict[str, list[dict[str, Any]]] = {
        "waiter": [{"text": ["one\n", "never said"], "chunk_delay": 3600}],
        "stepper": [*steps, {"text": "over"}],
    }
    for name, turns in scripts.items():
        model = write_script(tmp_path / f"{name}.json", *turns)
        text = AGENT.replace("name: worker", f"name: {name}").replace("model: offline", f"model: {model}")
        (folder / ".parac" / "agents" / "specs" / f"{name}.md").write_text(text)
    write_script(folder / "closer.json", {"text": "closed by another"})
    return trusted(folder)


@pytest.fixture
def in_background(project: Path) -> Iterator[InBackground]:
    """Runs an agent in a process of its own, gone afterwards; gives the execution and the process."""
    processes: list[int] = []

    def run(agent: str) -> tuple[str, int]:
        said = paracle_json(project, "run", agent, "--detach")
        processes.append(said["process"])
        return str(said["execution"]), int(said["process"])

    yield run
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


async def in_state(bench: Driver, identifier: str, state: State) -> None:
    await bench.until(lambda: bench.row(identifier).state is state, f"{state}: {identifier}")


async def test_a_key_pauses_a_run_and_the_same_key_lets_it_go_on(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("stepper")
        await in_state(bench, row.id, State.RUNNING)
        await bench.press("p")
        await in_state(bench, row.id, State.PAUSED)
        await bench.see("⏸ paused", "p goes on", "Go on")
        await bench.press("p")
        await in_state(bench, row.id, State.RUNNING)
        await bench.see_no_more("p goes on")
        await bench.press("x")
        assert (await bench.ended(row.id)).state is State.TERMINATED
        for action in ("pause_run", "stop_run", "say", "switch_model"):
            key = bench.key(action)
            assert key is not None
            assert not key.enabled, action


async def test_a_message_is_typed_at_the_foot_of_the_run_and_recorded(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("stepper")
        await in_state(bench, row.id, State.RUNNING)
        await bench.press("s")
        await bench.see("Say to stepper")
        await bench.write("be brief")
        await bench.press("enter")
        await bench.see_no_more("Say to stepper")
        (said,) = [e for e in bench.app.workspace.store.events(row.id) if e.kind is Kind.SAID]
        assert said.payload["text"] == "be brief"
        await bench.press("s", "enter")
        await bench.see("There is nothing to say")
        await bench.press("escape")
        await bench.see_no_more("Say to stepper", "There is nothing to say")
        assert bench.row(row.id).state is State.RUNNING


async def test_another_model_takes_over_and_a_name_that_cannot_be_had_is_said_in_place(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("stepper")
        await in_state(bench, row.id, State.RUNNING)
        await bench.press("m")
        await bench.see("Who answers", "another one")
        await bench.press("o")
        await bench.see("The model that answers")
        await bench.write("nonsense")
        await bench.press("enter")
        await bench.see("✗")
        assert bench.row(row.id).model != "nonsense"
        await bench.press("ctrl+u")
        await bench.write("script:closer.json")
        await bench.press("enter")
        await bench.until(lambda: bench.row(row.id).model == "script:closer.json", "switched")
        await bench.see_no_more("The model that answers")
        log = bench.app.screen.query_one("#run-log", RunLog)
        assert log.following, "what is asked at its foot does not stop the log"


async def test_a_run_offline_takes_no_message_and_says_why(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("tour")
        await bench.ended(row.id)
        await bench.press("question_mark")
        await bench.see("Say")
        assert bench.app.screen.why_not("say") == f"{row.short} is done"  # type: ignore[attr-defined]


async def test_runs_of_another_process_are_paused_and_stopped_too(
    project: Path, in_background: InBackground
) -> None:
    async with workbench(project) as bench:
        identifier, _ = in_background("stepper")
        await bench.until(lambda: any(row.id == identifier for row in bench.runs), "listed")
        bench.list.focus()
        await in_state(bench, identifier, State.RUNNING)
        await bench.press("p")
        await in_state(bench, identifier, State.PAUSED)
        await bench.press("x")
        assert (await bench.ended(identifier)).state is State.TERMINATED


async def test_a_run_whose_process_died_is_taken_up_with_a_key(
    project: Path, in_background: InBackground
) -> None:
    identifier, process = in_background("stepper")
    os.kill(process, signal.SIGKILL)
    async with workbench(project) as bench:
        await bench.until(lambda: any(row.id == identifier for row in bench.runs), "listed")
        await in_state(bench, identifier, State.INTERRUPTED)
        bench.list.focus()
        await bench.press("enter")
        await bench.see("p goes on from its record", "Take up")
        await bench.press("p")
        await bench.until(lambda: bench.row(identifier).state.is_live, "taken up")
        await bench.press("x")
        assert (await bench.ended(identifier)).state is State.TERMINATED
