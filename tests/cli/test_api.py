"""The Python API as a program of somebody else uses it."""

import subprocess
import sys
from pathlib import Path

import pytest

from paracle import Engine, Project
from paracle.app.domain.errors import NotFound
from paracle.app.domain.states import State
from tests.cli.command import call, make_project, write_script
from tests.support.repo import RepoBuilder

PROGRAM = """\
from paracle import Engine, Project

project = Project.open(".")
with Engine(project) as engine:
    run = engine.run("reviewer", inputs={"paths": ["pkg"]})
    for event in run.events():
        print(event.seq, event.kind)
    print(run.receipt.answer)
    print(*(change.path for change in run.receipt.files))
"""


def test_fifteen_lines_run_an_agent_and_read_its_events_and_receipt(repo: RepoBuilder) -> None:
    assert len(PROGRAM.splitlines()) <= 15
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=repo.folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "1 execution.queued"
    assert any(line.endswith("execution.completed") for line in lines)
    assert lines[-1] == "REVIEW.md"


def test_a_run_can_be_stopped_and_found_again(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "project")
    model = write_script(
        tmp_path / "s.yaml",
        {"tool_calls": [call("write_file", path="a.txt", text="x")]},
        {"text": "late", "delay": 300},
    )
    with Engine(Project.open(folder)) as engine:
        run = engine.run("worker", model=model)
        next(event for event in run.events() if event.kind == "commit.created")
        run.stop("enough")
        assert run.receipt.state is State.TERMINATED
        assert [change.path for change in run.receipt.files] == ["a.txt"]
    with Engine(Project.open(folder)) as engine:
        assert [row.id for row in engine.executions()] == [run.id]


def test_a_run_begins_with_the_files_as_they_are_or_where_another_one_ended(repo: RepoBuilder) -> None:
    repo.write("loose.py", "# TODO: mine\n")
    with Engine(Project.open(repo.folder)) as engine:
        first = engine.run("reviewer", with_changes=True)
        assert "loose.py" in repo.names(first.receipt.base_commit)
        second = engine.run("reviewer", follows=first.id)
        assert second.receipt.branch == first.receipt.branch


def test_leaving_the_engine_stops_what_still_runs_and_keeps_the_account(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "project")
    model = write_script(tmp_path / "s.yaml", {"text": "late", "delay": 300})
    with Engine(Project.open(folder)) as engine:
        run = engine.run("worker", model=model)
    assert run.receipt.state is State.TERMINATED


def test_errors_are_typed(tmp_path: Path) -> None:
    with Engine(Project.open(tmp_path)) as engine, pytest.raises(NotFound, match="nobody"):
        engine.run("nobody")
    with pytest.raises(NotFound):
        Project.open(tmp_path / "nowhere")


def test_a_run_is_steered_from_the_program_that_started_it(project: Path, tmp_path: Path) -> None:
    turns = [{"tool_calls": [call("write_file", path=f"{n}.txt", text="x")], "delay": 0.05} for n in range(9)]
    first = write_script(tmp_path / "first.yaml", *turns, {"text": "the first's end"})
    other = write_script(tmp_path / "other.yaml", *turns, {"text": "the other's end"}, {"text": "read it"})
    with Engine(Project.open(project)) as engine:
        run = engine.run("worker", model=first)
        next(event for event in run.events() if event.kind == "step.started")
        assert run.pause("to think").state is State.PAUSED
        run.say("use tabs")
        assert run.switch_model(other).model == other
        assert run.resume().state is State.RUNNING
        assert run.receipt.answer == "the other's end"
        assert run.receipt.model == other


def test_a_workflow_runs_as_an_agent_does(project: Path) -> None:
    (project / ".parac" / "workflows").mkdir()
    step = '{id: write, tool: write_file, with: {path: a.txt, text: "{{ inputs.task }}"}}'
    text = f'permissions: {{write: ["**"]}}\nsteps: [{step}]\n'
    (project / ".parac" / "workflows" / "flow.yaml").write_text(text)
    with Engine(Project.open(project)) as engine:
        receipt = engine.workflow("flow", task="hello").receipt
    assert [change.path for change in receipt.files] == ["a.txt"]
