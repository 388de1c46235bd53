"""Workflows in the workbench: found, explained, run from a form, and shown as a graph while they work."""

from pathlib import Path

import pytest

from paracle.app.domain.states import State
from paracle.app.domain.step_keys import step_of
from paracle.widgets._flow_steps import Standing
from paracle.widgets.run_log import RunLog
from paracle.widgets.step_list import StepList
from paracle.widgets.step_timeline import StepTimeline
from paracle.widgets.workflow_graph import WorkflowGraph
from tests.cli.command import make_project
from tests.tui.driving import Driver, workbench
from tests.tui.hosting import SMALL

SPEAKER = """\
---
name: speaker
description: Says a word
inputs: {word: {type: text, default: hello}}
playbook: [{tool: list_files, with: {path: "."}}, {say: "{{ inputs.word }}"}]
tools: [list_files]
---
You say a word.
"""

FLOW = """\
name: relay
description: Says words, one after the other
inputs: {word: {type: text, required: true}}
steps:
  - {id: first, agent: speaker, inputs: {word: "{{ inputs.word }}"}}
  - {id: left, agent: speaker, depends_on: first}
  - {id: right, agent: speaker, depends_on: first}
  - {id: never, agent: speaker, depends_on: first, when: "{{ inputs.word == 'no' }}"}
  - {id: shall, approval: "Shall it go on with {{ inputs.word }}?", depends_on: [left, right]}
  - {id: last, agent: speaker, depends_on: shall}
outputs: {said: "{{ steps.last.outputs.answer }}"}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a workflow that asks in the middle, and one with an error."""
    folder = make_project(tmp_path / "shop")
    parac = folder / ".parac"
    (parac / "agents" / "specs" / "speaker.md").write_text(SPEAKER)
    (parac / "workflows").mkdir(exist_ok=True)
    (parac / "workflows" / "relay.yaml").write_text(FLOW)
    (parac / "workflows" / "wrong.yaml").write_text("name: wrong\nsteps: [{id: a, agent: nobody}]\n")
    return folder


async def choose(bench: Driver, name: str) -> None:
    """Put the explorer's cursor on a workflow, and wait until the content shows it."""
    await bench.until(lambda: bench.explorer.select_workflow(name), f"listed: {name}")
    await bench.until(lambda: bench.pane_title("content-pane") == name, f"shown: {name}")


async def start(bench: Driver) -> str:
    """Run the workflow through its form; gives the run."""
    await choose(bench, "relay")
    await bench.press("r")
    await bench.see("Run relay", "word")
    await bench.fill("word", "tea")
    await bench.press("enter")
    await bench.until(lambda: len(bench.runs) == 1, "started")
    return bench.runs[0].id


def standings(bench: Driver) -> dict[str, Standing]:
    return {step.id: step.standing for step in bench.app.screen.query_one("#run-graph", WorkflowGraph).steps}


async def test_a_workflow_is_listed_and_explained(project: Path) -> None:
    async with workbench(project) as bench:
        await bench.see("workflows", "relay", "wrong")
        await choose(bench, "relay")
        await bench.see("Says words, one after the other", "input word", "required", "agent speaker")
        await bench.press("tab", "right_square_bracket")
        await bench.see("○ first", "waiting")


async def test_a_workflow_with_commands_that_nobody_trusts_says_so(project: Path) -> None:
    text = "permissions: {shell: allow}\nsteps: [{id: build, run: make all}]\n"
    (project / ".parac" / "workflows" / "builds.yaml").write_text(text)
    async with workbench(project) as bench:
        await choose(bench, "builds")
        await bench.see("not trusted", "step build; a run is refused", "'paracle trust'")


async def test_a_workflow_with_errors_says_so_and_does_not_run(project: Path) -> None:
    async with workbench(project) as bench:
        await choose(bench, "wrong")
        await bench.see("nobody")
        run = bench.key("run_agent")
        assert run is not None
        assert not run.enabled


async def test_a_run_is_a_graph_whose_steps_change_as_they_are_done(project: Path) -> None:
    async with workbench(project) as bench:
        identifier = await start(bench)
        await bench.see("Shall it go on with tea?", "◐ 1 needs you")
        await bench.until(lambda: standings(bench).get("shall") is Standing.ASKS, "asked")
        assert standings(bench) == {
            "first": Standing.DONE,
            "left": Standing.DONE,
            "right": Standing.DONE,
            "never": Standing.LEFT_OUT,
            "shall": Standing.ASKS,
            "last": Standing.AHEAD,
        }
        await bench.see("○ last", "waiting", "– never", "left out", "✓ first")
        await bench.press("n")
        await bench.see("y approve")
        await bench.press("y")
        assert (await bench.ended(identifier)).state is State.COMPLETED
        await bench.until(lambda: standings(bench)["last"] is Standing.DONE, "done")


async def test_steps_of_agents_lie_below_the_workflows_step(project: Path) -> None:
    async with workbench(project) as bench:
        await start(bench)
        await bench.see("Shall it go on with tea?")
        steps = bench.app.screen.query_one(StepList).steps
        places = [step.name for step in steps if step.depth == 0]
        assert places[0] == "first"
        assert set(places) == {"first", "left", "right", "never", "shall"}
        inner: list[str] = []
        for step in steps:
            if step.depth == 0:
                outer = step.name
            else:
                assert step.key.startswith(f"{outer}/")
                inner.append(step.name)
        assert inner.count("list_files") == 3


async def test_a_key_shows_when_each_step_ran_and_brings_back_what_was_shown(project: Path) -> None:
    async with workbench(project) as bench:
        await start(bench)
        await bench.see("Shall it go on with tea?", "○ last")
        await bench.press("t")
        await bench.until(lambda: bench.app.screen.query_one(StepTimeline).has_focus, "at the timeline")
        await bench.until(lambda: len(bench.app.screen.query_one(StepTimeline).steps) == 8, "filled")
        await bench.press("t")
        await bench.see("○ last")


async def test_enter_on_a_step_shows_what_belongs_to_it_and_nothing_else(project: Path) -> None:
    async with workbench(project, SMALL) as bench:
        await start(bench)
        await bench.see("Shall it go on with tea?")
        graph = bench.app.screen.query_one("#run-graph", WorkflowGraph)
        await bench.until(lambda: graph.has_focus, "at the graph")
        await bench.press("right")
        assert graph.cursor == "left"
        await bench.press("enter")
        await bench.see("● left", "list_files", "Graph  left")
        log = bench.app.screen.query_one("#run-step", RunLog)
        await bench.until(lambda: log.length == 4, "all there")
        keys = {e.payload.get("key", "left") for e in log.events_in_view()}
        assert all(step_of(key) == "left" for key in keys)
        await bench.press("left_square_bracket")
        await bench.until(lambda: graph.has_focus, "back at the graph")
        await bench.press("right", "right", "enter")
        await bench.see("has not begun")
