"""Processes that are told to end, or whose terminal is closed: their runs are left for others."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from paracle.app.domain.jobs import TAKE_UPS
from tests.cli.command import (
    AGENT,
    PROGRAM,
    Running,
    call,
    paracle,
    paracle_json,
    running,
    write_script,
)
from tests.support.studio import alive
from tests.support.terminal import Terminal

LEAVING = pytest.mark.parametrize(
    ("number", "reason"),
    [(signal.SIGTERM, "the process was told to end"), (signal.SIGHUP, "the terminal was closed")],
)

COMMAND = "trap 'exit 0' TERM; echo pid $$; echo once >> effects.txt; while :; do sleep 0.05; done"
"""Runs until it is ended, and leaves a line in a file."""

STUBBORN = "trap '' TERM INT HUP; echo pid $$; while :; do sleep 0.05; done"

FLOW = """\
steps:
  - {id: ask, approval: Publish it?}
  - {id: after, tool: list_files, with: {}, depends_on: ask}
"""


def row_of(project: Path, execution: str = "last") -> Mapping[str, Any]:
    """How an execution stands."""
    found: Mapping[str, Any] = paracle_json(project, "runs", "show", execution)["execution"]
    return found


def kinds_of(project: Path, execution: str = "last") -> list[str]:
    """The kinds of an execution's events."""
    lines = paracle(project, "runs", "log", execution, "--json").stdout.splitlines()
    return [json.loads(line)["kind"] for line in lines]


def pid_of(command: Running) -> int:
    """The process of the command that a watched run has started."""
    return int(command.wait_until(lambda line: line.strip().startswith("pid "), "pid").split()[-1])


@LEAVING
def test_a_run_is_interrupted_and_goes_on_with_all_that_it_did(
    number: int, reason: str, project: Path
) -> None:
    write_script(
        project / "s.yaml",
        {"tool_calls": [call("write_file", path="a.txt", text="kept\n")]},
        {"text": "all done", "delay": 3},
    )
    with running(project, "run", "worker", "--model", "script:s.yaml") as command:
        command.wait_for("±")
        command.signal(number)
        assert command.end() == 130
    assert "◌ interrupted" in command.text
    assert "paracle runs resume" in command.text
    row = row_of(project)
    assert (row["state"], row["note"]) == ("interrupted", reason)
    resumed = paracle(project, "runs", "resume", "last")
    assert (resumed.returncode, resumed.stdout) == (0, "all done\n"), resumed.stderr
    receipt = paracle_json(project, "runs", "show", "last")["receipt"]
    assert [change["path"] for change in receipt["files"]] == ["a.txt"]
    assert kinds_of(project).count("commit.created") == 1


@LEAVING
def test_a_question_stays_open_and_its_answer_holds(number: int, reason: str, project: Path) -> None:
    (project / ".parac" / "workflows").mkdir(exist_ok=True)
    (project / ".parac" / "workflows" / "flow.yaml").write_text(FLOW)
    with running(project, "workflow", "run", "flow") as command:
        command.wait_for("needs you")
        command.signal(number)
        assert command.end() == 130
    assert (row_of(project)["state"], row_of(project)["note"]) == ("interrupted", reason)
    assert "approval.answered" not in kinds_of(project)
    approved = paracle(project, "approvals", "approve", "last")
    assert approved.returncode == 0, approved.stderr
    resumed = paracle(project, "runs", "resume", "last")
    assert resumed.returncode == 0, resumed.stderr
    assert kinds_of(project).count("approval.asked") == 1


@LEAVING
def test_a_command_under_way_is_ended_in_order_and_asked_about(
    number: int, reason: str, project: Path
) -> None:
    model = write_script(
        project / "s.yaml",
        {"tool_calls": [call("run_command", argv=["sh", "-c", COMMAND])]},
        {"text": "over"},
    )
    with running(project, "run", "worker", "--model", model, "--watch") as command:
        pid = pid_of(command)
        command.signal(number)
        assert command.end() == 130
    assert not alive(pid)
    assert row_of(project)["note"] == reason
    assert "step.failed" not in kinds_of(project)
    with running(project, "runs", "resume", "last") as again:
        again.wait_for("Do it again?")
        assert paracle(project, "approvals", "answer", "last", "leave").returncode == 0
        assert again.end() == 0
    receipt = paracle_json(project, "runs", "show", "last")["receipt"]
    assert [(change["path"], change["added"]) for change in receipt["files"]] == [("effects.txt", 1)]


def test_a_second_sigterm_ends_at_once_and_leaves_no_process(project: Path) -> None:
    model = write_script(
        project / "s.yaml", {"tool_calls": [call("run_command", argv=["sh", "-c", STUBBORN])]}, {"text": "no"}
    )
    with running(project, "run", "worker", "--model", model, "--watch") as command:
        pid = pid_of(command)
        command.signal(signal.SIGTERM)
        command.wait_for("can be taken up")
        command.signal(signal.SIGTERM)
        assert command.end() == 130
    assert "ended at once" in command.text
    assert not alive(pid)
    assert row_of(project)["state"] == "interrupted"


def test_ctrl_c_while_a_question_waits_still_stops_for_good(project: Path) -> None:
    (project / ".parac" / "workflows").mkdir(exist_ok=True)
    (project / ".parac" / "workflows" / "flow.yaml").write_text(FLOW)
    with running(project, "workflow", "run", "flow") as command:
        command.wait_for("needs you")
        command.signal(signal.SIGINT)
        assert command.end() == 130
    assert row_of(project)["state"] == "terminated"
    assert paracle(project, "runs", "resume", "last").returncode == 5


def test_runs_side_by_side_are_all_left(project: Path) -> None:
    model = write_script(project / "s.yaml", {"text": ["begun\n", "never"], "chunk_delay": 300})
    with running(project, "run", "worker", "worker", "--parallel", "--watch", "--model", model) as command:
        command.wait_for("begun")
        command.wait_for("begun")
        command.signal(signal.SIGTERM)
        assert command.end() == 130
    rows = paracle_json(project, "runs", "list")["executions"]
    assert [row["state"] for row in rows] == ["interrupted"] * 2


def test_what_a_worker_leaves_when_it_is_told_to_end_is_taken_up_however_often(queue: Path) -> None:
    write_script(queue / "s.yaml", {"text": "done", "delay": 3})
    detached = False
    for _ in range(TAKE_UPS + 1):
        with running(queue, "worker") as worker:
            worker.wait_for("up to 4 at a time")
            if not detached:
                paracle_json(queue, "run", "worker", "--model", "script:s.yaml", "--detach")
                detached = True
            worker.wait_for("begun")
            worker.signal(signal.SIGTERM)
            assert worker.end() == 130
        assert "◌ interrupted" in worker.text
        (job,) = paracle_json(queue, "jobs", "list")["jobs"]
        assert (job["standing"], job["attempts"]) == ("lost", 0)
    assert paracle(queue, "worker", "--once").returncode == 0
    assert row_of(queue)["state"] == "completed"


@contextmanager
def workbench(project: Path, tmp_path: Path) -> Iterator[tuple[Terminal, int]]:
    """The workbench with a run of ``slow`` at work in it, and the process of that run's command."""
    noted = tmp_path / "pid"
    script = f"echo $$ > {noted}.new; mv {noted}.new {noted}; echo noted it; while :; do sleep 0.05; done"
    model = write_script(
        tmp_path / "s.yaml",
        {"tool_calls": [call("run_command", argv=["sh", "-c", script])]},
        {"text": "over"},
    )
    slow = AGENT.replace("name: worker", "name: slow").replace("model: offline", f"model: {model}")
    (project / ".parac" / "agents" / "specs" / "slow.md").write_text(slow)
    assert paracle(project, "trust", "--yes").returncode == 0
    with Terminal(PROGRAM, folder=project) as terminal:
        terminal.wait_for("Nothing chosen yet")
        terminal.wait_for("palette")
        terminal.type("/slow")
        terminal.wait_for("Does what a script says")
        terminal.type("\r")
        terminal.wait_for("esc shows all")
        terminal.type("r")
        terminal.wait_for("what to do, in your words")
        terminal.type("\r")
        terminal.wait_for("noted it")
        yield terminal, int(noted.read_text())


def test_closing_the_terminal_of_the_workbench_leaves_its_runs(project: Path, tmp_path: Path) -> None:
    with workbench(project, tmp_path) as (terminal, pid):
        terminal.hang_up()
    assert not alive(pid)
    assert row_of(project)["state"] == "interrupted"


def test_a_workbench_that_is_told_to_end_leaves_its_runs(project: Path, tmp_path: Path) -> None:
    with workbench(project, tmp_path) as (terminal, pid):
        terminal.signal(signal.SIGTERM)
        assert terminal.exit_code() == 128 + signal.SIGTERM
    assert not alive(pid)
    row = row_of(project)
    assert (row["state"], row["note"]) == ("interrupted", "the process was told to end")
    assert "Traceback" not in terminal.text


def test_quitting_the_workbench_twice_stops_its_runs(project: Path, tmp_path: Path) -> None:
    with workbench(project, tmp_path) as (terminal, pid):
        terminal.type("q")
        terminal.wait_for("1 run is at work")
        terminal.type("q")
        assert terminal.exit_code() == 0
    assert not alive(pid)
    assert row_of(project)["state"] == "terminated"
