"""``paracle jobs``: what waits in the queue; and ``paracle runs queue``."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import UsageError
from ..domain.ids import shorten
from ..domain.words import duration, one_line, plural
from .detaching import queue_in_background
from .opening import AsJson, Execution, workspace
from .options import global_options
from .printing import aligned, harmless, next_step, put, put_json, say
from .run import Model, model_from
from .runs_control import Reason

if TYPE_CHECKING:
    from ..domain.jobs import Job, WorkerSign
    from ..services.jobs import Queued
    from ..services.workspace import Workspace

app = typer.Typer(help="List, cancel and reorder what waits in the queue.", no_args_is_help=True)


@app.command("list")
def list_jobs(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the queue in its order, and the workers that take it."""
    from ..services import jobs

    with workspace(ctx) as here:
        found = jobs.listing(here)
        workers = jobs.workers(here)
    now = time.time()
    if as_json:
        put_json({"jobs": [job.to_dict(now) for job in found], "workers": [one.to_dict() for one in workers]})
        return
    for line in aligned(_row(job, now) for job in found):
        put(line)
    if not found:
        say("Nothing waits in the queue.")
    for one in workers:
        say(_worker_words(one))
    if found and not workers:
        say("No worker is alive: what waits goes on waiting until one is started.")
        next_step("paracle worker")


@app.command("cancel")
def cancel(
    ctx: typer.Context, prefix: Execution, reason: Reason = "cancelled by the user", as_json: AsJson = False
) -> None:
    """End an execution that waits, before it has begun."""
    from ..services import jobs

    with workspace(ctx) as here:
        row = jobs.cancel(here, prefix, reason)
    if as_json:
        put_json(row.to_dict())
        return
    put(f"{row.state.glyph} {row.state.word}  {row.agent}  {row.short}  {harmless(row.note, sys.stdout)}")
    next_step("paracle jobs list")


@app.command("move")
def move(
    ctx: typer.Context,
    prefix: Execution,
    priority: Annotated[
        int, typer.Option("--priority", metavar="N", help="The higher, the earlier it is taken.")
    ],
    as_json: AsJson = False,
) -> None:
    """Let an execution that waits come earlier or later."""
    from ..services import jobs

    with workspace(ctx) as here:
        job = jobs.move(here, prefix, priority)
    if as_json:
        put_json(job.to_dict(time.time()))
        return
    put(f"{job.execution.agent}  {job.execution.short}  priority {job.order.priority}")
    next_step("paracle jobs list")


def queue_next(
    ctx: typer.Context,
    prefix: Execution,
    task: Annotated[str, typer.Option("--task", "-t", help="What to do then, in your words.")] = "",
    model: Model = None,
    as_json: AsJson = False,
) -> None:
    """Queue a further task for an execution's agent, on the same branch, for when it has ended."""
    folder = global_options(ctx).folder
    if not task.strip():
        raise UsageError("There is nothing said about what to do then", hint='add --task "…"')

    def enqueue(here: Workspace) -> Queued:
        from ..services import jobs

        return jobs.queue_next(here, prefix, task, model=model_from(model, folder, here.project.root))

    queue_in_background(folder, enqueue, as_json=as_json)


def _row(job: Job, now: float) -> Sequence[str]:
    row = job.execution
    notes = [f"priority {job.order.priority}"] if job.order.priority else []
    notes += [f"taken up {plural(job.attempts, 'time')}"] if job.attempts else []
    task = harmless(one_line(row.task, 80), sys.stdout)
    return (row.short, _standing(job, now), row.agent, "  ".join(filter(None, [*notes, task])))


def _standing(job: Job, now: float) -> str:
    from ..domain.jobs import Standing

    state = f"{job.execution.state.glyph} {job.execution.state.word}"
    match job.standing(now):
        case Standing.DUE:
            return f"{state}: next"
        case Standing.DELAYED:
            return f"{state}: in {duration(job.order.not_before - now)}"
        case Standing.BEHIND:
            return f"{state}: after {shorten(job.order.after)}"
        case Standing.STUCK:
            return f"{state}: after {shorten(job.order.after)}, which was interrupted"
        case Standing.LOST:
            return f"{state}: to be taken up"
        case Standing.LEFT:
            return f"{state}: no worker takes it up again; 'paracle runs resume {job.execution.short}' does"
    return state


def _worker_words(one: WorkerSign) -> str:
    where = f"process {one.process}" if one.process else "another container, or another user's"
    until = ", until nothing is left" if one.is_background else ""
    return f"Worker: {where}, {one.busy} of at most {one.slots} at work{until}"
