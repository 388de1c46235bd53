"""`runs pause|resume|stop|model|say|retry|fork`, on runs of other processes."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Running, call, paracle, paracle_json, running, write_script
from tests.support.studio import alive, until

STUBBORN = "trap '' TERM INT HUP; while :; do sleep 0.05; done"


def files(count: int, **more: Any) -> list[dict[str, Any]]:
    """Turns that write one file each."""
    return [{"tool_calls": [call("write_file", path=f"{n}.txt", text="x\n")], **more} for n in range(count)]


@pytest.fixture
def slow(project: Path, tmp_path: Path) -> Iterator[Running]:
    """A run at work, with a file written and a long way to go."""
    model = write_script(tmp_path / "slow.yaml", *files(200, delay=0.05), {"text": "never"})
    with running(project, "run", "worker", "--model", model) as command:
        command.wait_for("±")
        yield command


@contextmanager
def interrupted(project: Path, script: Path) -> Iterator[str]:
    """A run that was killed with one file written; gives its id. Its script goes on quickly afterwards."""
    model = write_script(script, *files(1), {"text": "never", "delay": 300})
    with running(project, "run", "worker", "--model", model) as command:
        command.wait_for("±")
        command.signal(signal.SIGKILL)
        command.end()
    write_script(script, *files(1), {"text": "gone on"})
    yield state(project)["id"]


def state(project: Path) -> Any:
    """The newest execution's row."""
    return paracle_json(project, "runs", "list")["executions"][0]


def test_a_run_is_paused_and_resumed_and_says_why_in_its_log(project: Path, slow: Running) -> None:
    paused = paracle(project, "runs", "pause", "last", "--reason", "lunch")
    assert paused.stdout.startswith("⏸ paused  worker")
    slow.wait_for("⏸ paused by", "lunch")
    again = paracle(project, "runs", "pause", "last")
    assert (again.returncode, "is paused already" in again.stderr) == (5, True)
    assert "paracle runs resume" in paracle(project, "runs", "show", "last").stderr
    assert paracle_json(project, "runs", "resume", "last")["state"] == "running"
    slow.wait_for("● goes on")
    slow.wait_for("±")


def test_a_run_of_another_process_is_stopped_with_its_reason(project: Path, slow: Running) -> None:
    stopped = paracle_json(project, "runs", "stop", "last", "--reason", "enough")
    assert (stopped["state"], stopped["note"]) == ("terminated", "enough")
    assert slow.end() == 130
    assert "■ stopped" in slow.text
    again = paracle(project, "runs", "stop", "last")
    assert (again.returncode, "has ended" in again.stderr) == (5, True)


def test_stop_now_ends_a_process_that_does_not_answer_and_names_what_it_ran(
    project: Path, tmp_path: Path
) -> None:
    argv = ["sh", "-c", f"echo $$ > {tmp_path}/pid; {STUBBORN}"]
    model = write_script(tmp_path / "s.yaml", {"tool_calls": [call("run_command", argv=argv)]}, {"text": "x"})
    with running(project, "run", "worker", "--model", model) as command:
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
        stubborn = int((tmp_path / "pid").read_text())
        command.signal(signal.SIGSTOP)
        done = paracle(project, "runs", "stop", "last", "--now")
        assert command.end() == -signal.SIGKILL
    assert done.returncode == 0, done.stderr
    assert f"Process {command.process.pid} did not answer" in done.stderr
    assert done.stdout.startswith("■ stopped")
    until(lambda: not alive(stubborn))


def test_stop_now_of_a_run_that_answers_kills_nobody(project: Path, slow: Running) -> None:
    done = paracle(project, "runs", "stop", "last", "--now")
    assert done.stdout.startswith("■ stopped")
    assert "did not answer" not in done.stderr
    assert slow.end() == 130


def test_what_is_said_is_in_the_log_and_read_by_the_agent(project: Path, slow: Running) -> None:
    told = paracle(project, "runs", "say", "last", "use", "tabs")
    assert (told.returncode, "runs watch" in told.stderr) == (0, True)
    slow.wait_for("»", "use tabs")
    log = paracle(project, "runs", "log", "last", "--kind", "step.started", "--json")
    until(lambda: "use tabs" in paracle(project, "runs", "log", "last", "--kind", "step.started").stdout)
    assert log.returncode == 0


def test_another_model_answers_from_the_next_turn_on(project: Path, slow: Running, tmp_path: Path) -> None:
    other = write_script(tmp_path / "other.yaml", *files(200), {"text": "the other's end"})
    named = f"script:{os.path.relpath(tmp_path / 'other.yaml', project)}"
    assert paracle_json(project, "runs", "model", "last", named)["model"].endswith("other.yaml")
    slow.wait_for("⇄")
    assert slow.end() == 0
    assert "the other's end" in slow.text
    assert other.startswith("script:")
    shown = paracle(project, "runs", "show", "last").stdout
    assert "slow.yaml" in shown
    assert "other.yaml" in shown


def test_a_model_that_there_is_not_is_refused(project: Path, slow: Running) -> None:
    done = paracle(project, "runs", "model", "last", "nobody:x", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "usage"
    assert state(project)["state"] == "running"


def test_an_interrupted_run_is_taken_up_and_followed_to_its_end(project: Path, tmp_path: Path) -> None:
    with interrupted(project, tmp_path / "s.yaml") as execution:
        done = paracle(project, "runs", "resume", execution)
    assert (done.returncode, done.stdout.strip()) == (0, "gone on")
    assert "● goes on" in done.stderr
    assert "write_file" not in done.stderr.partition("✓ done")[0]
    receipt = paracle_json(project, "runs", "show", execution)["receipt"]
    assert [change["path"] for change in receipt["files"]] == ["0.txt"]


def test_an_interrupted_run_is_taken_up_in_the_background(project: Path, tmp_path: Path) -> None:
    with interrupted(project, tmp_path / "s.yaml") as execution:
        assert paracle_json(project, "runs", "resume", execution, "--detach")["execution"] == execution
    watched = paracle(project, "runs", "watch", execution)
    assert (watched.returncode, watched.stdout.strip()) == (0, "gone on")


def test_what_has_ended_is_not_resumed(project: Path) -> None:
    paracle(project, "run", "tour")
    done = paracle(project, "runs", "resume", "last")
    assert (done.returncode, "is done, not paused" in done.stderr) == (5, True)
    assert "--from STEP" in done.stderr


def test_a_failed_run_is_retried_from_where_it_failed(project: Path, tmp_path: Path) -> None:
    script = tmp_path / "s.yaml"
    model = write_script(script, *files(2), {"error": "the model broke"})
    assert paracle(project, "run", "worker", "--model", model).returncode == 1
    write_script(script, *files(2), {"text": "mended"})
    done = paracle(project, "runs", "retry", "last")
    assert (done.returncode, done.stdout.strip()) == (0, "mended")
    assert "went on from turn-3 of" in done.stderr
    exported = paracle(project, "runs", "export", "last", "--script", "-o", "again.yaml")
    assert exported.returncode == 0, exported.stderr
    replayed = paracle_json(project, "run", "worker", "--model", "script:again.yaml")
    assert replayed["answer"] == "mended"
    assert [change["path"] for change in replayed["files"]] == ["0.txt", "1.txt"]
    assert paracle(project, "runs", "retry", "last").returncode == 5


def test_what_waits_in_the_queue_is_told_nothing_and_says_so_at_once(project: Path) -> None:
    queued = write_script(project / "s.yaml", {"text": "never"})
    # Nobody takes it yet, whatever workers there are.
    row = paracle_json(project, "run", "worker", "--model", queued, "--detach", "--delay", "3600")
    identifier = row["execution"][:4]
    for words in (("say", "hello"), ("model", "offline")):
        refused = paracle(project, "runs", words[0], identifier, words[1])
        assert (refused.returncode, "waits in the queue" in refused.stderr) == (5, True)
        assert f"paracle jobs cancel {identifier}" in refused.stderr
    paused = paracle(project, "runs", "pause", identifier)
    assert (paused.returncode, "is queued, and cannot be paused" in paused.stderr) == (5, True)
    resumed = paracle(project, "runs", "resume", identifier)
    assert (resumed.returncode, "has not begun" in resumed.stderr) == (5, True)
    assert paracle(project, "jobs", "cancel", identifier).returncode == 0


def test_a_fork_goes_another_way_from_a_turn(project: Path, tmp_path: Path) -> None:
    model = write_script(tmp_path / "s.yaml", *files(2), {"text": "one end"})
    assert paracle(project, "run", "worker", "--model", model).returncode == 0
    other = write_script(tmp_path / "other.yaml", *files(1), {"text": "another end"})
    receipt = paracle_json(project, "runs", "fork", "last", "--from", "turn-2", "--model", other)
    assert receipt["answer"] == "another end"
    assert [change["path"] for change in receipt["files"]] == ["0.txt"]
    missing = paracle(project, "runs", "fork", "last", "--from", "turn-9")
    assert (missing.returncode, "turn-2" in missing.stderr) == (4, True)
