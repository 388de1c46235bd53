"""What the commands of a killed process have left running is ended before the run goes on, or with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from paracle.app.domain.events import Kind
from paracle.app.domain.states import State
from paracle.app.engine.left_over import EXECUTION, STEP
from paracle.app.services import approvals, control, runs
from paracle.app.services.runs import RunHandle
from paracle.app.services.workspace import Workspace
from paracle.app.tools.processes import variable_of
from tests.support.studio import Studio, commands, of_kind, says, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of them")

STUBBORN = "trap '' TERM INT; (trap '' TERM; sleep 77; echo x) & sleep 78; echo over; wait"
"""Ends on no polite word, and neither does what it starts."""

AWAY = "setsid sh -c \"trap '' TERM; sleep 79\" & sleep 80"
"""Part of it leaves the group."""

SCRIPT = """\
permissions: {{shell: allow}}
steps:
  - {{id: far, run: "{command}"}}
"""


def of_execution(identifier: str) -> list[int]:
    """The processes that are marked as an execution's."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return [pid for pid in pids if variable_of(pid, EXECUTION) == identifier]


def logged(here: Workspace, identifier: str) -> list[str]:
    """The warnings of an execution's account."""
    found = runs.pages(here, here.store.execution(identifier), (Kind.LOG,))
    return [event.payload["text"] for event in found if event.payload["level"] == "warning"]


@contextmanager
def killed(studio: Studio, *arguments: str, processes: int) -> Iterator[str]:
    """Run something in another process, and kill that once its commands have so many; gives the run's id.

    Whatever is left afterwards is ended.
    """
    driver = subprocess.Popen(
        [sys.executable, "-m", "paracle", *arguments],
        cwd=studio.repo.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    identifier = ""
    try:
        with studio.open() as here:
            until(lambda: here.has_store and here.store.executions())
            (row,) = here.store.executions()
            identifier = row.id
            until(lambda: len(of_execution(identifier)) >= processes)
        driver.send_signal(signal.SIGKILL)
        driver.wait()
        assert len(of_execution(identifier)) >= processes
        yield identifier
    finally:
        if driver.poll() is None:
            driver.kill()
            driver.wait()
        for pid in of_execution(identifier) if identifier else []:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def leave(here: Workspace, handle: RunHandle) -> None:
    """Answer that what was cut off is not to be done again, once that is asked."""
    until(lambda: approvals.waiting(here))
    (asked,) = approvals.waiting(here)
    assert not of_execution(handle.id), "asked while it still runs"
    approvals.answer(here, asked.id, "leave")


@pytest.fixture
def flow(studio: Studio) -> Studio:
    """A project with the workflow ``flow``, whose script ends on no polite word."""
    studio.files.write("workflows/flow.yaml", SCRIPT.format(command=STUBBORN))
    studio.trust()
    return studio


def test_a_script_left_running_is_ended_before_its_step_is_asked_about(flow: Studio) -> None:
    with killed(flow, "workflow", "run", "flow", processes=3) as identifier, flow.open() as here:
        assert {variable_of(pid, STEP).split("/")[0] for pid in of_execution(identifier)} == {"far"}
        handle = control.take_up(here, identifier)
        leave(here, handle)
        assert handle.wait().state is State.FAILED
        assert any("processes of far were still running: ended" in text for text in logged(here, identifier))
        assert not of_execution(identifier)


def test_stopping_an_interrupted_run_ends_what_it_left_running(flow: Studio) -> None:
    with killed(flow, "workflow", "run", "flow", processes=3) as identifier, flow.open() as here:
        assert control.stop(here, identifier).state is State.TERMINATED
        assert not of_execution(identifier)
        assert any("processes of far were still running: ended" in text for text in logged(here, identifier))
        last = list(runs.telling_events(here, identifier))[-1]
        assert last.kind is Kind.TERMINATED


def test_a_command_of_an_agent_that_left_its_group_is_found_too(studio: Studio) -> None:
    model = studio.script(commands("sh", "-c", AWAY), says("done"))
    with (
        killed(studio, "run", "worker", "--model", model, processes=3) as identifier,
        studio.open() as here,
    ):
        handle = control.take_up(here, identifier)
        leave(here, handle)
        assert handle.wait().state is State.COMPLETED
        assert not of_execution(identifier)


@pytest.mark.parametrize("setting", ["checks: ['{}']", "worktree: {{setup: ['{}']}}"])
def test_setup_and_checks_are_found_too(studio: Studio, tmp_path: Path, setting: str) -> None:
    script, marker = tmp_path / "slow.sh", tmp_path / "second"
    script.write_text(f"test -e {marker} && exit\ntouch {marker}\nsleep 81\necho over\n")
    studio.files.write("project.yaml", f"name: shop\n{setting.format(f'sh {script}')}\n")
    studio.trust()
    model = studio.script(commands("touch", "made"), says("done"))
    with (
        killed(studio, "run", "worker", "--model", model, processes=2) as identifier,
        studio.open() as here,
    ):
        handle = control.take_up(here, identifier)
        # It is done again without a question: it must be harmless.
        assert handle.wait().state is State.COMPLETED
        assert not of_execution(identifier)
        assert any("still running: ended" in text for text in logged(here, identifier))


def test_nothing_is_told_where_nothing_was_left(studio: Studio) -> None:
    receipt, events = studio.run(commands("true"), says("done"))
    assert receipt.state is State.COMPLETED
    assert not [event for event in of_kind(events, Kind.LOG) if "still running" in event.payload["text"]]
