"""``paracle run``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import ExitCode, UsageError
from ..domain.events import Event
from ..domain.executions import Receipt
from ..domain.ids import shorten
from . import receipts
from .opening import Agent, AsJson
from .options import global_options
from .printing import harmless, is_terminal, next_step, put, put_json, say
from .progress import Progress
from .stopping import Stopping

if TYPE_CHECKING:
    from ..services.runs import RunHandle
    from ..services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line."""

    folder: Path
    agent: str
    inputs: dict[str, str | list[str]]
    task: str
    model: str | None

    def start(self, here: Workspace) -> RunHandle:
        """Start the run."""
        from ..services import runs

        model = _from_here(self.model, self.folder, here.project.root) if self.model else None
        return runs.start(here, self.agent, self.inputs, task=self.task, model=model)


def run(
    ctx: typer.Context,
    agent: Agent,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input", "-i", metavar="NAME=VALUE", help="An input of the agent; repeat it for a list."
        ),
    ] = None,
    task: Annotated[str, typer.Option("--task", "-t", help="What to do, in your words.")] = "",
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="offline or script:FILE, instead of the agent's own.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show every event on a line of its own.")] = False,
    detach: Annotated[bool, typer.Option("--detach", help="Run in the background and print the id.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run an agent on this folder."""
    if watch and detach:
        raise UsageError(
            "A detached run cannot be watched by the same command", hint="then: paracle runs watch last"
        )
    request = Request(global_options(ctx).folder, agent, parse_inputs(inputs or ()), task, model)
    if detach:
        _run_detached(request, as_json=as_json)
        return
    receipt, stopped = _run_here(request, watch=watch, as_json=as_json)
    code = ExitCode.INTERRUPTED if stopped else receipts.exit_code(receipt)
    # A run that was stopped because its terminal went away has nobody left to tell.
    with suppress(OSError) if stopped else nullcontext():
        if as_json:
            put_json(receipt.to_dict())
        else:
            show_receipt(receipt, request.folder)
    raise typer.Exit(code)


def parse_inputs(written: Sequence[str]) -> dict[str, str | list[str]]:
    """``name=value`` texts as inputs; a name given several times gets a list.

    Raises:
        UsageError: a text has no name or no ``=``.
    """
    found: dict[str, list[str]] = {}
    for text in written:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"'{text}' is not an input", hint="write --input name=value")
        found.setdefault(name.strip(), []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def show_receipt(receipt: Receipt, folder: Path) -> None:
    """The answer on stdout; the account and the next command, to be typed in ``folder``, on stderr."""
    if receipt.answer.strip():
        put(harmless(receipt.answer.rstrip(), sys.stdout))
        say()
    for line in receipts.receipt_lines(receipt, sys.stderr):
        say(line)
    short = shorten(receipt.execution)
    look = f"paracle runs show {short} --diff" if receipt.files else f"paracle runs log {short}"
    next_step(look, receipts.merge_command(receipt, folder))


def drive(
    start: Callable[[], RunHandle], progress: Progress, on_event: Callable[[Event], None] | None = None
) -> tuple[Receipt, bool]:
    """Start a run and wait for its end, showing it; ctrl+c stops it.

    Returns:
        The receipt, and whether the run was asked to stop.
    """
    with progress, Stopping(progress.note) as stopping:
        handle = start()
        stopping.stops(handle.stop)
        for event in handle.events():
            progress.show(event)
            if on_event is not None:
                on_event(event)
        return handle.wait(), stopping.requested


def _run_here(request: Request, *, watch: bool, as_json: bool) -> tuple[Receipt, bool]:
    from ..services.workspace import Workspace

    quiet = as_json and (watch or not is_terminal(sys.stderr))
    progress = Progress(request.agent, every_line=watch, quiet=quiet)
    on_event = (lambda event: put_json(event.to_dict())) if watch and as_json else None
    with Workspace.open(request.folder) as here:
        return drive(lambda: request.start(here), progress, on_event)


def _run_detached(request: Request, *, as_json: bool) -> None:
    from .background import start_in_background

    def work(report: Callable[[str], None]) -> None:
        from ..services.workspace import Workspace

        with Workspace.open(request.folder) as here, Stopping(say) as stopping:
            handle = request.start(here)
            stopping.stops(handle.stop)
            report(handle.id)
            # The main thread must wake up for a signal's handler to run, so it does not just wait.
            for _ in handle.batches():
                pass
            handle.wait()

    execution, process = start_in_background(work)
    if as_json:
        put_json({"execution": execution, "process": process})
        return
    put(execution)
    say(f"It runs in the background; 'kill {process}' stops it.")
    next_step(f"paracle runs watch {shorten(execution)}")


def _from_here(model: str, folder: Path, root: Path) -> str:
    """A script's file is named from where the person stands, and found from the project's root."""
    provider, _, file = model.partition(":")
    path = Path(file).expanduser()
    if provider != "script" or not file or path.is_absolute() or folder.resolve() == root:
        return model
    return f"script:{os.path.relpath(folder.resolve() / path, root)}"
