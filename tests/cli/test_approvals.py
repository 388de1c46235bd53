"""`approvals`, and questions answered with a key at the terminal that runs them."""

import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Running, call, paracle, paracle_json, running, write_script
from tests.support.studio import until
from tests.support.terminal import Terminal

FLOW = """\
permissions: {write: ["**"]}
steps:
  - {id: sure, approval: "Write it?"}
  - {id: write, tool: write_file, depends_on: sure, with: {path: a.txt, text: x}}
"""
STUBBORN = "trap : TERM INT HUP; while true; do sleep 0.05; done"
ASKER = """\
---
name: asker
tools: [run_command]
permissions: {shell: ask}
---
You ask.
"""


@pytest.fixture
def flow(project: Path) -> Path:
    """A project with a workflow that asks, and an agent that may run what it is allowed to."""
    workflows = project / ".parac" / "workflows"
    workflows.mkdir()
    (workflows / "flow.yaml").write_text(FLOW)
    (project / ".parac" / "agents" / "specs" / "asker.md").write_text(ASKER)
    return project


@pytest.fixture
def asking(flow: Path) -> Iterator[Running]:
    """The workflow at work, waiting for its answer."""
    with running(flow, "workflow", "run", "flow") as command:
        command.wait_for("◐ needs you: Write it?")
        command.wait_for("paracle approvals approve")
        yield command


def listed(project: Path) -> Any:
    return paracle_json(project, "approvals", "list")["approvals"]


def test_an_approval_lets_the_run_go_on_and_its_reason_is_kept(flow: Path, asking: Running) -> None:
    (asked,) = listed(flow)
    assert (asked["question"], asked["options"]) == ("Write it?", ["approve", "reject"])
    line = paracle(flow, "approvals", "list").stdout
    assert asked["execution"]["id"][:4] + ":1" in line
    done = paracle(flow, "approvals", "approve", asked["id"], "--reason", "looks fine")
    assert (done.returncode, done.stdout[:9]) == (0, "◐ approve")
    assert asking.end() == 0
    assert "looks fine" in asking.text
    assert listed(flow) == []


def test_a_rejection_fails_the_run_with_its_reason(flow: Path, asking: Running) -> None:
    paracle(flow, "approvals", "reject", "last", "--reason", "not on a Friday")
    assert asking.end() == 1
    assert "not on a Friday" in asking.text


def test_the_answer_that_is_shown_can_be_typed_as_it_stands(flow: Path, asking: Running) -> None:
    hint = next(line for line in asking.text.splitlines() if "paracle approvals approve" in line)
    wanted = hint.split()[-1]
    assert ":" in wanted
    assert paracle(flow, "approvals", "approve", wanted).returncode == 0
    assert asking.end() == 0


def test_nothing_but_words_goes_to_a_pipe(flow: Path, asking: Running) -> None:
    paracle(flow, "approvals", "approve")
    asking.end()
    assert "\a" not in asking.text
    assert "\x1b" not in asking.text


def test_a_question_with_other_answers_is_answered_with_one_of_them(flow: Path, tmp_path: Path) -> None:
    turn = {"tool_calls": [call("run_command", argv=["true"])]}
    model = write_script(tmp_path / "s.yaml", turn, {"text": "done"})
    with running(flow, "run", "asker", "--model", model) as command:
        command.wait_for("approvals answer", "once|run|no")
        wrong = paracle(flow, "approvals", "answer", "", "maybe")
        assert (wrong.returncode, "once, run, no" in wrong.stderr) == (2, True)
        assert paracle_json(flow, "approvals", "answer", "", "once")["answer"] == "once"
        assert command.end() == 0


def test_who_answers_second_hears_what_was_said_and_by_whom(flow: Path, asking: Running) -> None:
    (asked,) = listed(flow)
    assert paracle(flow, "approvals", "reject", asked["id"], "--reason", "not today").returncode == 0
    assert asking.end() == 1
    late = paracle(flow, "approvals", "approve", asked["id"])
    assert late.returncode == 5
    assert "has answered already" in late.stderr
    assert "reject not today" in late.stderr
    assert paracle(flow, "approvals", "approve", asked["execution"]["id"] + ":2").returncode == 4


def test_an_answer_of_two_words_is_shown_as_it_is_typed(flow: Path, tmp_path: Path) -> None:
    same = [{"tool_calls": [call("read_file", path="README.md")]} for _ in range(3)]
    with running(flow, "run", "worker", "--model", write_script(tmp_path / "s.json", *same)) as command:
        hint = command.wait_for("paracle approvals answer")
        assert hint.endswith("'go on'|stop")
        assert paracle(flow, "approvals", "answer", hint.split()[-3], "go on").returncode == 0
        assert command.end() in (0, 1)


def test_where_nothing_waits_it_says_so(project: Path) -> None:
    assert paracle(project, "approvals", "list").stderr.strip() == "Nothing waits for an answer."
    done = paracle(project, "approvals", "approve")
    assert (done.returncode, "Nothing waits" in done.stderr) == (4, True)


def test_a_run_that_was_killed_while_it_waited_is_answered_and_taken_up(flow: Path, asking: Running) -> None:
    asking.signal(signal.SIGKILL)
    asking.end()
    answered = paracle(flow, "approvals", "approve")
    assert "paracle runs resume" in answered.stderr
    done = paracle(flow, "runs", "resume", "last")
    assert (done.returncode, "✓ done" in done.stderr) == (0, True)


def test_a_run_that_is_taken_up_shows_what_it_still_asks(flow: Path, asking: Running) -> None:
    asking.signal(signal.SIGKILL)
    asking.end()
    with running(flow, "runs", "resume", "last") as command:
        command.wait_for("◐ needs you: Write it?")
        paracle(flow, "approvals", "approve")
        assert command.end() == 0


@pytest.mark.parametrize(
    ("key", "code", "kind", "called"),
    [
        ("y", 0, "xterm-256color", "\x1b]9;Paracle: Write it?\a\a"),
        ("n", 1, "rxvt-unicode", "\x1b]777;notify;Paracle;Write it?\a\a"),
    ],
)
def test_a_person_at_the_terminal_is_called_and_answers_with_one_key(
    flow: Path, key: str, code: int, kind: str, called: str
) -> None:
    command = [sys.executable, "-m", "paracle", "workflow", "run", "flow"]
    with Terminal(command, folder=flow, environment={"TERM": kind}) as terminal:
        terminal.wait_for("y approve  n reject")
        assert called in terminal.raw
        terminal.type(key)
        assert terminal.exit_code() == code
    assert listed(flow) == []


def test_a_question_that_is_answered_elsewhere_waits_for_no_key(flow: Path) -> None:
    command = [sys.executable, "-m", "paracle", "workflow", "run", "flow"]
    with Terminal(command, folder=flow) as terminal:
        terminal.wait_for("y approve  n reject")
        paracle(flow, "approvals", "approve")
        assert terminal.exit_code() == 0


def test_an_end_at_once_leaves_a_terminal_that_shows_what_is_typed(flow: Path) -> None:
    (flow / ".parac" / "workflows" / "flow.yaml").write_text(
        f"permissions: {{shell: allow}}\nsteps:\n  - {{id: sure, approval: 'Go on?'}}\n"
        f"  - {{id: long, tool: run_command, with: {{argv: [sh, -c, '{STUBBORN}']}}}}\n"
    )
    paracle(flow, "trust", "--yes")
    program = f"{sys.executable} -m paracle workflow run flow; stty -a; echo the end"
    with Terminal(["sh", "-ic", program], folder=flow) as terminal:
        terminal.wait_for("y approve  n reject")
        terminal.type("\x03")
        terminal.wait_for("ctrl+c again ends at once")
        terminal.type("\x03")
        terminal.wait_for("the end")
        assert re.search(r"[ ]icanon[ ].*\n?.*[ ]echo[ ]", terminal.text)


def test_ctrl_c_stops_a_run_that_asks(flow: Path) -> None:
    command = [sys.executable, "-m", "paracle", "workflow", "run", "flow"]
    with Terminal(command, folder=flow) as terminal:
        terminal.wait_for("y approve  n reject")
        terminal.type("\x03")
        assert terminal.exit_code() == 130
    until(lambda: listed(flow) == [])
