"""Runs that are stopped with ctrl+c, once and twice, and runs whose process is killed."""

import json
import signal
from pathlib import Path

import pytest

from tests.cli.command import call, paracle, paracle_json, running, write_script

STUBBORN = "trap '' TERM INT HUP; echo pid $$; while :; do sleep 0.05; done"


def is_gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has collected it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def test_ctrl_c_stops_the_run_and_keeps_what_was_done(project: Path) -> None:
    model = write_script(
        project / "s.yaml",
        {"tool_calls": [call("write_file", path="a.txt", text="kept\n")]},
        {"text": "never said", "delay": 300},
    )
    with running(project, "run", "worker", "--model", model) as command:
        command.wait_for("±")
        command.signal(signal.SIGINT)
        assert command.end() == 130
    assert "stopping" in command.text
    assert "■ stopped" in command.text
    shown = paracle_json(project, "runs", "show", "last")
    assert shown["execution"]["state"] == "terminated"
    assert [change["path"] for change in shown["receipt"]["files"]] == ["a.txt"]


def test_a_second_ctrl_c_ends_at_once_and_leaves_no_process(project: Path) -> None:
    model = write_script(
        project / "s.yaml", {"tool_calls": [call("run_command", argv=["sh", "-c", STUBBORN])]}, {"text": "no"}
    )
    with running(project, "run", "worker", "--model", model, "--watch") as command:
        pid = int(command.wait_until(lambda line: line.strip().startswith("pid "), "pid").split()[-1])
        assert not is_gone(pid)
        command.signal(signal.SIGINT)
        command.wait_for("ctrl+c again ends at once")
        command.signal(signal.SIGINT)
        assert command.end() == 130
    assert "ended at once" in command.text
    assert is_gone(pid)
    assert paracle_json(project, "runs", "list")["executions"][0]["state"] == "interrupted"


def test_a_run_started_in_the_background_of_a_shell_ignores_the_shells_ctrl_c(project: Path) -> None:
    write_script(project / "s.yaml", {"text": "done", "delay": 0.5})
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with running(project, "run", "worker", "--model", "script:s.yaml") as command:
            command.wait_for("● started")
            command.signal(signal.SIGINT)
            assert command.end() == 0
    finally:
        signal.signal(signal.SIGINT, before)


MOMENTS = ["execution.queued", "execution.started", "step.started", "step.completed", "commit.created"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_at_any_moment_shows_as_interrupted_with_every_committed_event(
    moment: str, project: Path
) -> None:
    model = write_script(
        project / "s.yaml",
        *({"tool_calls": [call("write_file", path=f"{n}.txt", text="x")]} for n in range(5)),
        {"text": "never said", "delay": 300},
    )
    with running(project, "run", "worker", "--model", model, "--watch", "--json") as command:
        command.wait_for(f'"{moment}"')
        command.signal(signal.SIGKILL)
        assert command.end() == -signal.SIGKILL
    told = [json.loads(line) for line in command.seen if line.endswith("}")]
    row = paracle_json(project, "runs", "list")["executions"][0]
    assert row["state"] == "interrupted"
    log = paracle(project, "runs", "log", row["id"], "--json").stdout.splitlines()
    kept = [json.loads(line) for line in log]
    assert [event["seq"] for event in kept] == list(range(1, len(kept) + 1))
    assert kept[: len(told)] == told
    assert [event["kind"] for event in kept].count("execution.interrupted") == 1


def test_a_watch_ends_when_the_process_of_the_run_is_killed(project: Path) -> None:
    model = write_script(project / "s.yaml", {"text": "never said", "delay": 300})
    with running(project, "run", "worker", "--model", model) as runner:
        runner.wait_for("● started")
        with running(project, "runs", "watch", "last") as watcher:
            watcher.wait_for("● started")
            runner.signal(signal.SIGKILL)
            assert watcher.end() == 1
    assert "◌ interrupted" in watcher.text
    assert paracle(project, "runs", "show", "last").stdout.startswith("◌ interrupted")
    assert "1 execution interrupted" in paracle(project, "doctor").stdout
