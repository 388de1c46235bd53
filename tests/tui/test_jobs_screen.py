"""The queue in the workbench: what waits and why, moved and cancelled with a key, beside its workers."""

from pathlib import Path

import pytest

from paracle.app.domain.jobs import Order
from paracle.app.domain.states import State
from paracle.app.services import jobs, runs
from paracle.app.services.workspace import Workspace
from paracle.screens.jobs import JobsScreen
from paracle.widgets.jobs_list import JobsList
from tests.cli.command import make_project
from tests.tui.driving import Driver, workbench


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in which two runs wait for a worker that is not there."""
    folder = make_project(tmp_path / "shop")
    with Workspace.open(folder) as here:
        for order in (Order(priority=1), Order(priority=0)):
            jobs.enqueue(here, runs.request_of(here, "tour", {}), order)
    return folder


def priorities(bench: Driver) -> list[int]:
    return [job.order.priority for job in bench.app.screen.query_one(JobsList).jobs]


async def test_what_waits_is_listed_moved_and_cancelled(project: Path) -> None:
    async with workbench(project) as bench:
        await bench.until(lambda: len(bench.runs) == 2, "listed")
        await bench.press("J")
        await bench.until(lambda: isinstance(bench.app.screen, JobsScreen), "opened")
        await bench.see("2 jobs", "○ next in turn", "priority 1", "No worker is alive")
        assert priorities(bench) == [1, 0]
        await bench.press("end", "plus", "plus")
        await bench.until(lambda: sorted(priorities(bench)) in ([1, 1], [1, 2]), "moved")
        job = bench.app.screen.query_one(JobsList).highlighted
        assert job is not None
        await bench.press("x")
        await bench.see("1 job")
        await bench.press("escape")
        assert (await bench.ended(job.execution.id)).state is State.TERMINATED


async def test_enter_leads_to_the_run_and_nothing_waiting_says_what_belongs_here(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "empty")
    async with workbench(folder) as bench:
        await bench.press("J")
        await bench.see("Nothing waits", "--detach")
        with Workspace.open(folder) as other:
            row = jobs.enqueue(other, runs.request_of(other, "tour", {})).execution
        await bench.see("1 job", row.short)
        await bench.until(lambda: bench.app.screen.query_one(JobsList).has_rows, "listed")
        bench.app.screen.query_one(JobsList).focus()
        await bench.press("enter")
        await bench.until(lambda: not isinstance(bench.app.screen, JobsScreen), "left")
        await bench.until(lambda: bench.pane_title("content-pane") == f"{row.short} tour", "shown")
