"""The queue of the project and its workers."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker

from ..app.domain.executions import Execution
from ..app.domain.jobs import Job, WorkerSign
from ..app.domain.words import ago, plural
from ..app.services import jobs
from ..app.services.workspace import Workspace
from ..widgets.empty_state import EmptyState
from ..widgets.jobs_list import JobsList
from ..widgets.key_bar import KeyBar

LOOK_SECONDS = 1.0


class JobsScreen(Screen[Execution | None]):
    """Ends with the run that is to be shown, or with nothing."""

    CSS_PATH = "jobs.tcss"
    BINDING_GROUP_TITLE = "Jobs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="jobs.back", tooltip="Back to the workbench"),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace

    def compose(self) -> ComposeResult:
        with Vertical(id="jobs-pane"):
            yield Static(id="workers", markup=False)
            yield JobsList()
            yield EmptyState(
                "Nothing waits",
                "Runs that are started with --detach wait here for a worker, which runs them one after the "
                "other, whatever becomes of the terminal they were started in.",
                "esc",
                "goes back to the workbench",
            )
        yield KeyBar()

    def on_mount(self) -> None:
        """Look now, and again while it is shown."""
        self.query_one("#jobs-pane").border_title = "Jobs"
        self.query_one(EmptyState).display = False
        self.query_one(JobsList).focus()
        self._look()
        self.set_interval(LOOK_SECONDS, self._look)

    def on_worker_state_changed(self, message: Worker.StateChanged) -> None:
        """Hand on what went wrong: these messages do not bubble, and the application tells errors."""
        self.app.post_message(message)

    @on(JobsList.Opened)
    def _opened(self, message: JobsList.Opened) -> None:
        self.dismiss(message.execution)

    @on(JobsList.Moved)
    def _moved(self, message: JobsList.Moved) -> None:
        self._move(message.job, message.priority)

    @on(JobsList.Cancelled)
    def _cancelled(self, message: JobsList.Cancelled) -> None:
        self._cancel(message.job)

    def action_back(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)

    @work(thread=True, exclusive=True, group="look", exit_on_error=False)
    def _look(self) -> None:
        self._read()

    @work(thread=True, group="jobs", exit_on_error=False)
    def _move(self, job: Job, priority: int) -> None:
        jobs.move(self._workspace, job.execution.id, priority)
        self._read()

    @work(thread=True, group="jobs", exit_on_error=False)
    def _cancel(self, job: Job) -> None:
        jobs.cancel(self._workspace, job.execution.id)
        self._read()

    def _read(self) -> None:
        self.call_later(self._show, jobs.listing(self._workspace), jobs.workers(self._workspace))

    def _show(self, found: tuple[Job, ...], workers: tuple[WorkerSign, ...]) -> None:
        listed = self.query_one(JobsList)
        listed.now = now = time.time()
        listed.jobs = found
        listed.display = bool(found)
        self.query_one(EmptyState).display = not found
        self.query_one("#workers", Static).update(worker_words(workers, now))
        self.query_one("#jobs-pane").border_subtitle = plural(len(found), "job") if found else ""


def worker_words(workers: tuple[WorkerSign, ...], now: float) -> str:
    """A line for each worker, or how to get one."""
    if not workers:
        return "○ No worker is alive. What waits begins with: paracle worker"
    lines = []
    for worker in workers:
        process = f"process {worker.process}" if worker.process else "in another container"
        kind = ", ends by itself" if worker.is_background else ""
        age = ago(max(0.0, now - worker.since))
        lines.append(f"● worker {process}: {worker.busy} of {worker.slots} at work, for {age}{kind}")
    return "\n".join(lines)
