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
