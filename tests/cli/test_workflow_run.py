"""`workflow run`, and several agents side by side."""

import json
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.command import call, paracle, paracle_json, running, write_script
from tests.support.terminal import Terminal

FLOW = """\
permissions: {write: ["**"]}
inputs: {where: {type: path, default: OUT.md}}
steps:
  - {id: write, tool: write_file, with: {path: "{{ inputs.where }}", text: "{{ inputs.task }}"}}
  - {id: skipped, tool: read_file, depends_on: write, when: "{{ not steps.write.outputs.created }}",
     with: {path: a}}
  - {id: behind, tool: read_file, depends_on: skipped, with: {path: a}}
outputs: {created: "{{ steps.write.outputs.created }}"}
"""


@pytest.fixture
def flow(project: Path) -> Path:
    """A project with the workflow ``flow``."""
    (project / ".parac" / "workflows").mkdir()
    (project / ".parac" / "workflows" / "flow.yaml").write_text(FLOW)
    return project


def agent(project: Path, name: str, playbook: str) -> None:
    text = f"---\nname: {name}\ntools: [write_file]\npermissions: {{write: ['**']}}\n{playbook}\n---\nWork.\n"
    (project / ".parac" / "agents" / "specs" / f"{name}.md").write_text(text)


def test_a_workflow_is_shown_step_by_step_and_its_outputs_are_in_the_receipt(flow: Path) -> None:
    done = paracle(flow, "workflow", "run", "flow", "--task", "hello")
    assert (done.returncode, done.stdout.strip()) == (0, "1 step done, 2 left out")
    assert "✓ write path: OUT.md, created: True" in done.stderr
    assert "○ behind left out: skipped was left out" in done.stderr
    assert "output  created: True" in done.stderr


def test_its_inputs_and_its_receipt_are_data(flow: Path) -> None:
    receipt = paracle_json(flow, "workflow", "run", "flow", "--input", "where=docs/A.md")
    assert receipt["outputs"] == {"created": True}
    assert [change["path"] for change in receipt["files"]] == ["docs/A.md"]


def test_a_workflow_runs_in_the_background(flow: Path) -> None:
    started = paracle_json(flow, "workflow", "run", "flow", "--detach")
    assert paracle(flow, "runs", "watch", started["execution"]).returncode == 0


def test_a_workflow_that_there_is_not_is_refused_with_the_nearest_name(flow: Path) -> None:
    done = paracle(flow, "workflow", "run", "flw")
    assert (done.returncode, "flow" in done.stderr) == (4, True)


def test_a_model_named_for_the_run_answers_for_agents_that_name_none(flow: Path, tmp_path: Path) -> None:
    agent(flow, "silent", "model: offline\nplaybook: [{say: from the playbook}]")
    agent(flow, "open", "description: Names no model")
    (flow / ".parac" / "workflows" / "both.yaml").write_text(
        "steps: [{id: own, agent: silent}, {id: given, agent: open}]\n"
        "outputs: {own: '{{ steps.own.outputs.answer }}', given: '{{ steps.given.outputs.answer }}'}\n"
    )
    model = write_script(tmp_path / "s.json", {"text": "from the script"})
    receipt = paracle_json(flow, "workflow", "run", "both", "--model", model)
    assert receipt["outputs"] == {"own": "from the playbook", "given": "from the script"}


def test_agents_run_side_by_side_and_one_that_fails_stops_no_other(project: Path) -> None:
    agent(project, "fine", "playbook: [{write: fine.txt, text: x}, {say: all fine}]")
    agent(project, "bad", "playbook: [{write: '../out.txt', text: x}, {say: '{{ nothing }}'}]")
    done = paracle(project, "run", "fine", "bad", "fine", "--parallel", "--concurrency", "2")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["✓", "done", "fine"],
        ["✗", "failed", "bad"],
        ["✓", "done", "fine"],
    ]
    assert "fine" in done.stderr
    found = paracle_json(project, "runs", "list")["executions"]
    assert len({row["branch"] for row in found}) == 3


def test_the_end_of_each_is_data(project: Path) -> None:
    agent(project, "fine", "playbook: [{say: all fine}]")
    done = paracle_json(project, "run", "fine", "tour", "--parallel")
    assert [one["agent"] for one in done["runs"]] == ["fine", "tour"]
    assert [one["receipt"]["state"] for one in done["runs"]] == ["completed"] * 2
    watched = paracle(project, "run", "fine", "tour", "--parallel", "--watch", "--json").stdout.splitlines()
    assert {json.loads(line)["kind"] for line in watched[:-1]} >= {"execution.queued", "execution.completed"}


def test_ctrl_c_stops_all_that_run_side_by_side(project: Path, tmp_path: Path) -> None:
    turns = ({"tool_calls": [call("write_file", path="a.txt", text="x")]}, {"text": "never", "delay": 300})
    model = write_script(tmp_path / "s.yaml", *turns)
    arguments = ("run", "worker", "worker", "worker", "--parallel", "--concurrency", "2", "--model", model)
    with running(project, *arguments) as command:
        command.wait_for("±")
        command.wait_for("±")
        command.signal(signal.SIGINT)
        assert command.end() == 130
    states = [row["state"] for row in paracle_json(project, "runs", "list")["executions"]]
    assert states == ["terminated"] * 2
    assert "stopped before it began" in command.text


def test_nothing_starts_where_one_of_them_cannot(project: Path) -> None:
    done = paracle(project, "run", "tour", "nobody", "--parallel")
    assert (done.returncode, "nobody" in done.stderr) == (4, True)
    assert paracle_json(project, "runs", "list")["executions"] == []


def test_several_agents_need_to_be_told_to_run_side_by_side(project: Path) -> None:
    done = paracle(project, "run", "tour", "worker")
    assert (done.returncode, "--parallel" in done.stderr) == (2, True)


def test_on_a_terminal_each_has_a_line_that_changes(project: Path) -> None:
    agent(project, "fine", "playbook: [{say: all fine}]")
    command = [sys.executable, "-m", "paracle", "run", "fine", "tour", "--parallel"]
    with Terminal(command, folder=project) as terminal:
        assert terminal.exit_code() == 0
        assert "○ waiting for its turn" in terminal.text
        assert terminal.text.count("✓ done") >= 2
