"""The queue from the command line: detached runs, workers, and what waits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import PROGRAM, paracle, paracle_json, running, write_script
from tests.support.studio import alive, until


def detach(project: Path, *arguments: str | Path) -> dict[str, Any]:
    """Queue a run of the worker in the background."""
    said: dict[str, Any] = paracle_json(project, "run", "worker", "--detach", *arguments)
    return said


def waiting(project: Path) -> list[dict[str, Any]]:
    """What ``jobs list`` says of the queue."""
    return list(paracle_json(project, "jobs", "list")["jobs"])


def state(project: Path, execution: str) -> str:
    """The state of an execution."""
    return str(paracle_json(project, "runs", "show", execution)["execution"]["state"])


def fill(project: Path, *orders: tuple[str, ...]) -> list[str]:
    """Queue runs with no worker there: the one that was started for them is killed before it takes any."""
    far = detach(project, "--model", write_script(project / "far.yaml", {"text": "far"}), "--delay", "1h")
    model = write_script(project / "s.yaml", {"text": "done"})
    os.kill(far["process"], signal.SIGSTOP)
    ids = [detach(project, "--model", model, *order)["execution"] for order in orders]
    os.kill(far["process"], signal.SIGKILL)
    until(lambda: not alive(far["process"]))
    paracle_json(project, "jobs", "cancel", far["execution"])
    return ids


def test_detached_runs_share_a_worker_that_ends_once_nothing_is_left(queue: Path) -> None:
    slow = write_script(queue / "slow.yaml", {"text": "slow", "delay": 1.5})
    quick = write_script(queue / "quick.yaml", {"text": "quick"})
    first = detach(queue, "--model", slow)
    assert (first["worker"], first["queued"]) == ("started", True)
    second = detach(queue, "--model", quick)
    assert (second["worker"], second["process"]) == ("alive", first["process"])
    assert paracle(queue, "runs", "watch", second["execution"]).stdout == "quick\n"
    assert paracle(queue, "runs", "watch", first["execution"]).stdout == "slow\n"
    until(lambda: not alive(first["process"]))
    assert paracle_json(queue, "jobs", "list") == {"jobs": [], "workers": []}


def test_a_person_is_told_who_takes_it_and_how_to_stop_it(queue: Path) -> None:
    model = write_script(queue / "s.yaml", {"text": "never", "delay": 300})
    done = paracle(queue, "run", "worker", "--model", model, "--detach")
    short = done.stdout[:4]
    assert "A worker in process" in done.stderr
    assert f"paracle runs stop {short}" in done.stderr
    until(lambda: state(queue, short) == "running")
    assert paracle(queue, "runs", "stop", short).returncode == 0
    assert state(queue, short) == "terminated"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--priority", "3"], 2, "add --detach"),
        (["--after", "last"], 2, "add --detach"),
        (["--detach", "--delay", "soon"], 2, "10m"),
        (["--detach", "--after", "zzzz"], 4, "zzzz"),
        (["--detach", "--priority", "99999999"], 2, "priority"),
    ],
)
def test_an_order_that_makes_no_sense_queues_nothing(
    project: Path, arguments: list[str], code: int, words: str
) -> None:
    write_script(project / "s.yaml", {"text": "done"})
    paracle(project, "run", "worker", "--model", "script:s.yaml")
    done = paracle(project, "run", "worker", "--model", "script:s.yaml", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert len(paracle_json(project, "runs", "list")["executions"]) == 1


def test_a_job_without_a_worker_waits_and_the_list_says_how_to_start_one(queue: Path) -> None:
    low, high = fill(queue, (), ("--priority", "2"))
    listed = paracle(queue, "jobs", "list")
    assert [line[:4] for line in listed.stdout.splitlines()] == [high[:4], low[:4]]
    assert "No worker is alive" in listed.stderr
    assert "paracle worker" in listed.stderr
    with running(queue, "runs", "watch", low) as watcher:
        watcher.wait_for("no worker is alive", "paracle worker")
    assert paracle_json(queue, "jobs", "move", low, "--priority", "5")["priority"] == 5
    done = paracle(queue, "worker", "-n", "1", "--once", "--json")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["event"], one["execution"]["id"]) for one in told] == [
        ("begun", low),
        ("ended", low),
        ("begun", high),
        ("ended", high),
    ]
    assert "Nothing waits" in paracle(queue, "jobs", "list").stderr


def test_delay_key_and_what_is_waited_for_show_in_the_list(queue: Path) -> None:
    model = write_script(queue / "s.yaml", {"text": "done"})
    late = detach(queue, "--model", model, "--delay", "2h", "--dedup", "nightly")
    again = detach(queue, "--model", model, "--dedup", "nightly")
    assert (again["execution"], again["queued"]) == (late["execution"], False)
    behind = detach(queue, "--model", model, "--after", late["execution"])
    shown = {job["execution"]["id"]: job["standing"] for job in waiting(queue)}
    assert shown == {late["execution"]: "delayed", behind["execution"]: "behind"}
    words = paracle(queue, "jobs", "list").stdout
    assert "in 1 h 59 m" in words
    assert f"after {late['execution'][:4]}" in words
    paracle_json(queue, "jobs", "cancel", late["execution"], "--reason", "not tonight")
    assert paracle(queue, "runs", "watch", behind["execution"]).stdout == "done\n"
    until(lambda: not alive(late["process"]))


def test_a_further_task_goes_on_with_the_branch_of_the_first(queue: Path) -> None:
    calls = [{"tool": "write_file", "with": {"path": "a.txt", "text": "x"}}]
    model = write_script(queue / "s.yaml", {"tool_calls": calls, "delay": 0.5}, {"text": "done"})
    first = detach(queue, "--model", model)
    refused = paracle(queue, "runs", "queue", first["execution"])
    assert (refused.returncode, "--task" in refused.stderr) == (2, True)
    then = paracle_json(queue, "runs", "queue", first["execution"], "--task", "and then this")
    assert paracle(queue, "runs", "watch", then["execution"]).returncode == 0
    receipts = [paracle_json(queue, "runs", "show", said["execution"])["receipt"] for said in (first, then)]
    assert receipts[1]["follows"] == first["execution"]
    assert receipts[0]["branch"] == receipts[1]["branch"]
    assert receipts[1]["inputs"]["task"] == "and then this"


def test_ctrl_c_on_a_worker_waits_for_what_runs_and_again_stops_it(queue: Path) -> None:
    model = write_script(queue / "slow.yaml", {"text": "never", "delay": 300})
    with running(queue, "worker", "-n", "1") as worker:
        worker.wait_for("up to 1 at a time")
        slow = detach(queue, "--model", model)
        assert (slow["worker"], slow["process"]) == ("alive", worker.process.pid)
        left = detach(queue, "--model", model)
        worker.wait_for("begun", slow["execution"][:4])
        worker.signal(signal.SIGINT)
        worker.wait_for("taking nothing more")
        assert state(queue, slow["execution"]) == "running"
        worker.signal(signal.SIGINT)
        assert worker.end() == 130
    assert state(queue, slow["execution"]) == "terminated"
    assert state(queue, left["execution"]) == "queued"
    assert [job["standing"] for job in waiting(queue)] == ["due"]


def test_a_drained_worker_ends_with_0(queue: Path) -> None:
    model = write_script(queue / "s.yaml", {"text": "done", "delay": 0.5})
    with running(queue, "worker") as worker:
        worker.wait_for("up to 4 at a time")
        said = detach(queue, "--model", model)
        worker.wait_for("begun")
        worker.signal(signal.SIGINT)
        assert worker.end() == 0
    assert state(queue, said["execution"]) == "completed"


def test_a_worker_whose_output_nobody_reads_stops_what_it_runs_and_keeps_the_account(queue: Path) -> None:
    slow = write_script(queue / "slow.yaml", {"text": "never", "delay": 300})
    worker = subprocess.Popen(
        [*PROGRAM, "worker"], cwd=queue, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert worker.stdout is not None
    worker.stdout.close()
    until(lambda: paracle_json(queue, "jobs", "list")["workers"])
    said = detach(queue, "--model", slow)
    assert said["process"] == worker.pid
    assert worker.wait(20) != 0
    shown = paracle_json(queue, "runs", "show", said["execution"])["execution"]
    assert (shown["state"], shown["note"]) == ("terminated", "the program that ran it was closed")


def test_a_workflow_is_detached_like_an_agent(queue: Path) -> None:
    flow = "steps: [{id: look, tool: list_files, with: {}}]\noutputs: {found: '{{ steps.look.status }}'}\n"
    (queue / ".parac" / "workflows").mkdir(exist_ok=True)
    (queue / ".parac" / "workflows" / "flow.yaml").write_text(flow)
    said = paracle_json(queue, "workflow", "run", "flow", "--detach")
    assert paracle(queue, "runs", "watch", said["execution"]).returncode == 0
    shown = paracle_json(queue, "runs", "show", said["execution"])
    assert (shown["execution"]["kind"], shown["receipt"]["outputs"]) == ("workflow", {"found": "completed"})
    refused = paracle(queue, "workflow", "run", "nowhere", "--detach")
    assert refused.returncode == 4


@pytest.mark.parametrize("again", [("retry",), ("fork", "--from", "turn-1")])
def test_what_is_done_again_in_the_background_waits_in_the_queue_like_any_run(
    queue: Path, again: tuple[str, ...]
) -> None:
    script = queue / "s.yaml"
    model = write_script(script, {"error": "the model broke"})
    assert paracle(queue, "run", "worker", "--model", model).returncode == 1
    failed = paracle_json(queue, "runs", "show", "last")["execution"]["id"]
    write_script(script, {"text": "mended"})
    far = detach(queue, "--model", model, "--delay", "1h")
    act, *options = again
    said = paracle_json(queue, "runs", act, failed, *options, "--detach")
    assert (said["process"], said["worker"], said["queued"]) == (far["process"], "alive", True)
    watched = paracle(queue, "runs", "watch", said["execution"])
    assert (watched.returncode, watched.stdout.strip()) == (0, "mended")
    receipt = paracle_json(queue, "runs", "show", said["execution"])["receipt"]
    assert receipt["origin"]["execution"] == failed


def test_a_retry_that_cannot_be_is_refused_before_it_waits(queue: Path) -> None:
    model = write_script(queue / "s.yaml", {"text": "done"})
    assert paracle(queue, "run", "worker", "--model", model).returncode == 0
    refused = paracle(queue, "runs", "retry", "last", "--detach")
    assert (refused.returncode, "has failed: it is done" in refused.stderr) == (5, True)
    assert waiting(queue) == []
