"""``paracle runs``: retry, fork."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .detaching import queue_in_background
from .opening import AsJson, Execution
from .options import global_options
from .run import (
    Detach,
    Inputs,
    Model,
    Watch,
    finish,
    model_from,
    parse_inputs,
    refuse_both,
    run_here,
)

if TYPE_CHECKING:
    from ..services.retrying import Again
    from ..services.workspace import Workspace

_STEP = "A step of a workflow by its id, a turn as turn-3, or any step by its number"


def retry(
    ctx: typer.Context,
    prefix: Execution,
    step: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="STEP",
            help=f"{_STEP}; without it the first that failed or never ended.",
            show_default=False,
        ),
    ] = "",
    watch: Watch = False,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Do an execution again from a step, on a new branch; what was done before it is kept."""

    def again(here: Workspace) -> Again:
        from ..services import retrying

        return retrying.retry_of(here, prefix, step)

    _run(global_options(ctx).folder, prefix, again, watch=watch, detach=detach, as_json=as_json)


def fork(
    ctx: typer.Context,
    prefix: Execution,
    step: Annotated[str, typer.Option("--from", metavar="STEP", help=f"{_STEP}.", show_default=False)],
    model: Model = None,
    inputs: Inputs = None,
    watch: Watch = False,
    detach: Detach = False,
    as_json: AsJson = False,
) -> None:
    """Go another way from a step of an execution, with another model or other inputs."""
    folder = global_options(ctx).folder

    def again(here: Workspace) -> Again:
        from ..services import retrying

        wanted = model_from(model, folder, here.project.root)
        return retrying.fork_of(here, prefix, step, model=wanted or "", inputs=parse_inputs(inputs or ()))

    _run(folder, prefix, again, watch=watch, detach=detach, as_json=as_json)


def _run(
    folder: Path,
    label: str,
    again: Callable[[Workspace], Again],
    *,
    watch: bool,
    detach: bool,
    as_json: bool,
) -> None:
    refuse_both(watch=watch, detach=detach)
    if detach:
        queue_in_background(folder, lambda here: again(here).queue(), as_json=as_json)
        return
    receipt, stopped = run_here(
        folder, label, lambda here: again(here).start(), every_line=watch, as_json=as_json
    )
    finish(receipt, folder, stopped=stopped, as_json=as_json)
