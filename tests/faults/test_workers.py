"""Workers that are killed at any moment: every job ends, and nothing known to be done is done again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.jobs import TAKE_UPS, Order, Standing
from paracle.app.domain.states import State
from paracle.app.services import jobs, runs, workflow_runs
from paracle.app.services.workspace import Workspace
from tests.support.studio import Studio, of_kind, says, until

JOBS = 60
CHOICE = random.Random(20261122)
MOMENTS = sorted(CHOICE.sample(range(3, JOBS - 6), 6))

# The command says what it is for at once, and again when it ends: it is cut off between the two at times.
FLOW = """\
inputs: {{name: {{type: text, required: true}}}}
steps:
  - id: effect
    tool: run_command
    idempotent: true
    with: {{argv: [sh, -c, "echo $0 >> {log}; touch {done}/$0", "{{{{ inputs.name }}}}"]}}
  - id: keep
    tool: write_file
    depends_on: effect
    with: {{path: "{{{{ inputs.name }}}}.txt", text: done}}
permissions: {{write: ["**"], shell: allow}}
"""


class Workers:
    """Workers in processes of their own."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.processes: list[subprocess.Popen[bytes]] = []
        self._killed: set[int] = set()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "paracle", "worker", *arguments],
            cwd=self._studio.repo.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def kill_one(self) -> None:
        """End one that is alive without a word, and put another in its place."""
        victim = CHOICE.choice([process for process in self.processes if process.poll() is None])
        self._killed.add(victim.pid)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        self.start("-n", "2")

    def all_alive(self) -> bool:
        """Whether none has ended that was not killed; each of these would be missed."""
        return all(one.poll() is None for one in self.processes if one.pid not in self._killed)


@contextmanager
def workers(studio: Studio) -> Iterator[Workers]:
    """Workers, which are gone afterwards."""
    found = Workers(studio)
    try:
        yield found
    finally:
        for process in found.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in found.processes:
            process.wait(30)


def flow(studio: Studio, folder: Path) -> tuple[Path, Path]:
    """A workflow whose effects are seen outside: a line for each time that it happens, and a file."""
    log, done = folder / "effects", folder / "done"
    done.mkdir()
    studio.files.write("workflows/flow.yaml", FLOW.format(log=log, done=done))
    studio.trust()
    return log, done


def put(here: Workspace, name: str, priority: int = 0) -> str:
    """Queue a run of the workflow."""
    asked = workflow_runs.request_of(here, "flow", {"name": name})
    return jobs.enqueue(here, asked, Order(priority=priority)).execution.id


def ended(here: Workspace) -> int:
    """How many executions have come to their end."""
    return sum(row.state.is_final for row in here.store.executions(1000))


def times_begun(events: list[Event], key: str) -> int:
    """How often a step was begun."""
    return sum(event.payload["key"] == key for event in of_kind(events, Kind.STEP_STARTED))


@pytest.mark.timeout(300)
def test_of_sixty_jobs_every_one_ends_though_workers_are_killed(studio: Studio, tmp_path: Path) -> None:
    log, done = flow(studio, tmp_path)
    with studio.open() as here, workers(studio) as at_work:
        wanted = {put(here, f"job-{number}"): f"job-{number}" for number in range(JOBS)}
        for _ in range(3):
            at_work.start("-n", "2")
        for moment in (*MOMENTS, JOBS):
            until(lambda moment=moment: ended(here) >= moment or not at_work.all_alive(), seconds=120)  # type: ignore[misc]
            assert at_work.all_alive()
            if moment < JOBS:
                at_work.kill_one()
        assert jobs.listing(here) == ()

        happened = Counter(log.read_text().split())
        assert {path.name for path in done.iterdir()} == set(wanted.values())
        taken_up = 0
        for identifier, name in wanted.items():
            events = [event for page in runs.follow(here, here.store.execution(identifier)) for event in page]
            receipt = runs.receipt_of(here, here.store.execution(identifier))
            assert receipt.state is State.COMPLETED, receipt.error
            assert [change.path for change in receipt.files] == [f"{name}.txt"]
            assert len(of_kind(events, Kind.TAKEN)) == 1
            # Known to be done, a step is never done again; under way, it is begun once more at each resume.
            effects = times_begun(events, "effect/call")
            again = len(of_kind(events, Kind.RESUMED))
            taken_up += again
            assert 1 <= happened[name] <= effects <= 1 + again
            assert len(of_kind(events, Kind.INTERRUPTED)) == again
        assert taken_up > 0
        assert here.store.check() == ()
    studio.repo.git("fsck", "--strict")


def test_three_processes_take_by_priority_and_nothing_twice(studio: Studio, tmp_path: Path) -> None:
    log, _ = flow(studio, tmp_path)
    with studio.open() as here, workers(studio) as at_work:
        low = [put(here, f"low-{number}") for number in range(6)]
        high = [put(here, f"high-{number}", priority=1) for number in range(6)]
        started = [at_work.start("-n", "1", "--once") for _ in range(3)]
        assert [process.wait(60) for process in started] == [0, 0, 0]
        taken = {one: of_kind(here.store.events(one), Kind.TAKEN) for one in (*low, *high)}
        assert all(len(events) == 1 for events in taken.values())
        times = {one: events[0].time for one, events in taken.items()}
        assert max(times[one] for one in high) < min(times[one] for one in low)
        assert len(log.read_text().split()) == 12
        assert len({event.payload["worker"] for (event,) in taken.values()}) > 1


def test_what_kills_every_worker_is_left_alone_in_the_end(studio: Studio) -> None:
    studio.files.write(
        "workflows/flow.yaml",
        "steps:\n  - {id: kill, tool: run_command, idempotent: true,"
        " with: {argv: [sh, -c, 'kill -9 $PPID']}}\npermissions: {shell: allow}\n",
    )
    studio.trust()
    with studio.open() as here, workers(studio) as at_work:
        poison = jobs.enqueue(here, workflow_runs.request_of(here, "flow", {})).execution.id
        asked = runs.request_of(here, "worker", model=studio.script(says("Fine.")))
        for _ in range(1 + TAKE_UPS):
            assert at_work.start("--once").wait(60) == -signal.SIGKILL
            here.store.interrupt_orphans()
        fine = jobs.enqueue(here, asked, Order()).execution.id
        assert at_work.start("--once").wait(60) == 0
        assert here.store.execution(fine).state is State.COMPLETED
        row = here.store.execution(poison)
        assert row.state is State.INTERRUPTED
        assert "no worker takes it up again" in row.note
        (job,) = jobs.listing(here)
        assert (job.attempts, job.standing(0.0)) == (TAKE_UPS, Standing.LEFT)


def test_a_follow_up_whose_worker_is_killed_still_goes_on_with_the_branch(studio: Studio) -> None:
    model = studio.script({"text": "Done.", "delay": 1.0}, name="slow")
    with studio.open() as here, workers(studio) as at_work:
        ahead = studio.start(here, says("First."))
        ahead.wait()
        row = jobs.queue_next(here, ahead.id, "go on", model=model).execution
        first = at_work.start()
        until(lambda: of_kind(here.store.events(row.id), Kind.TAKEN))
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        here.store.interrupt_orphans()
        assert here.store.execution(row.id).state is State.INTERRUPTED
        assert at_work.start("--once").wait(60) == 0
        receipt = runs.receipt_of(here, here.store.execution(row.id))
        assert (receipt.answer, receipt.follows) == ("Done.", ahead.id)
        assert receipt.branch == here.store.execution(ahead.id).branch
