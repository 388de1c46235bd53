"""``paracle runs``: pause, resume, stop, model, say."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import Conflict
from ..domain.executions import Execution as ExecutionRow
from ..domain.states import State
from .opening import AsJson, Execution, workspace
from .options import global_options
from .printing import harmless, next_step, put, put_json, say, state_mark
from .processes import kill_with_children
from .run import Detach, finish, run_detached, run_here

if TYPE_CHECKING:
    from ..services.runs import RunHandle
    from ..services.workspace import Workspace

Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")]

SHORT_PATIENCE = 2.0
"""Seconds that a process has to stop by itself before ``--now`` ends it."""


def pause(ctx: typer.Context, prefix: Execution, reason: Reason = "", as_json: AsJson = False) -> None:
    """Let no further model or tool call of an execution begin; what is under way ends."""
    from ..services import control

    with workspace(ctx) as here:
        row = control.pause(here, prefix, reason)
    _tell(row, f"paracle runs resume {row.short}", as_json=as_json)


def resume(
    ctx: typer.Context,
    prefix: Execution,
    reason: Reason = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Of one taken up here: show every event on a line of its own.")
    ] = False,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Let a paused execution go on where it runs; take an interrupted one up in this process."""
    from ..services import control, runs

    folder = global_options(ctx).folder
    with workspace(ctx) as here:
        row = runs.find(here, prefix)
        is_lost = row.state is State.INTERRUPTED
        told = here.store.last_seq(row.id)
        if not is_lost:
            row = control.unpause(here, row.id, reason)
    if not is_lost:
        _tell(row, f"paracle runs watch {row.short}", as_json=as_json)
        return

    def take_up(here: Workspace) -> RunHandle:
        return control.take_up(here, row.id, reason)

    if detach:
        # Not by way of the queue: what has begun does not wait behind what has not.
        run_detached(folder, take_up, as_json=as_json)
        return
    label = f"{row.agent} {row.short}"
    receipt, stopped = run_here(folder, label, take_up, every_line=watch, as_json=as_json, after=told)
    finish(receipt, folder, stopped=stopped, as_json=as_json)


def stop(
    ctx: typer.Context,
    prefix: Execution,
    reason: Reason = "stopped by the user",
    now: Annotated[
        bool,
        typer.Option(
            "--now",
            help="If it does not stop by itself within 2 s, end the process that runs it, all at once.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stop an execution of any process; its branch keeps what it did."""
    from ..services import control, runs

    others: tuple[ExecutionRow, ...] = ()
    with workspace(ctx) as here:
        row = runs.find(here, prefix)
        if row.state.is_final:
            raise Conflict(
                f"{row.short} has ended: it {row.state.predicate}", hint=f"paracle runs show {row.short}"
            )
        try:
            row = control.stop(here, row.id, reason, patience=SHORT_PATIENCE if now else control.PATIENCE)
        except control.NoAnswer:
            if not now:
                raise
            others = _end_process(here, row)
            row = control.stop(here, row.id, reason)
    _tell(row, f"paracle runs show {row.short}", as_json=as_json)
    for other in others:
        say(f"It ran {other.short} {other.agent} as well: 'paracle runs resume {other.short}' takes that up.")


def model(
    ctx: typer.Context,
    prefix: Execution,
    name: Annotated[str, typer.Argument(metavar="MODEL", help="What answers from the next turn on.")],
    as_json: AsJson = False,
) -> None:
    """Let another model answer from the next turn on, with all that was said so far."""
    from ..services import control
    from .run import model_from

    with workspace(ctx) as here:
        wanted = model_from(name, global_options(ctx).folder, here.project.root)
        row = control.switch_model(here, prefix, wanted or name)
    _tell(row, f"paracle runs watch {row.short}", as_json=as_json)


def tell(
    ctx: typer.Context,
    prefix: Execution,
    text: Annotated[
        list[str], typer.Argument(metavar="TEXT...", help="What the agent reads at its next turn.")
    ],
    as_json: AsJson = False,
) -> None:
    """Tell the agent of an execution something, which it reads at its next turn."""
    from ..services import control

    with workspace(ctx) as here:
        row = control.say(here, prefix, " ".join(text))
    _tell(row, f"paracle runs watch {row.short}", as_json=as_json)


def _end_process(here: Workspace, row: ExecutionRow) -> tuple[ExecutionRow, ...]:
    """End the process that runs an execution; gives what else it ran."""
    from ..services import control

    process = control.process_of(here, row)
    if process is None:
        raise Conflict(
            f"The process that runs {row.short} cannot be told from here",
            detail="it may run in another container, or belong to another user",
            hint="end it where it was started",
        )
    try:
        kill_with_children(process)
    except OSError as error:
        raise Conflict(
            f"The process that runs {row.short} cannot be ended",
            detail=f"process {process}: {error.strerror}",
            hint="ask the user whose process it is",
        ) from error
    say(f"Process {process} did not answer, and was ended with all that it had started.")
    return tuple(other for other in control.left_behind(here, row) if other.id != row.id)


def _tell(row: ExecutionRow, following: str, *, as_json: bool) -> None:
    if as_json:
        put_json(row.to_dict())
        return
    note = harmless(row.note, sys.stdout)
    put("  ".join(filter(None, (state_mark(row.state, sys.stdout), row.agent, row.short, row.model, note))))
    next_step(following)
