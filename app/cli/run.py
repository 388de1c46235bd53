"""``paracle run``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ..domain.errors import ExitCode, UsageError
from ..domain.events import Event
from ..domain.executions import Receipt
from ..domain.ids import shorten
from ..domain.states import State
from . import receipts
from .answering import Answering
from .detaching import After, Dedup, Delay, Priority, Waiting, queue_in_background
from .opening import AsJson, complete_agent, complete_execution
from .options import global_options
from .printing import harmless, is_terminal, next_step, put, put_json, say, state_mark
from .progress import Progress
from .stopping import Stopping

if TYPE_CHECKING:
    from ..services.jobs import Queued
    from ..services.runs import RunHandle
    from ..services.workspace import Workspace

Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="offline or script:FILE, instead of the agent's own."),
]


Detach = Annotated[bool, typer.Option("--detach", help="Run in the background and print the id.")]
Watch = Annotated[bool, typer.Option("--watch", help="Show every event on a line of its own.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", "-i", metavar="NAME=VALUE", help="An input; repeat it for a list."),
]
Task = Annotated[str, typer.Option("--task", "-t", help="What to do, in your words.")]
WithChanges = Annotated[
    bool, typer.Option("--with-changes", help="Begin with your files as they are, committed or not.")
]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line."""

    folder: Path
    agent: str
    inputs: dict[str, str | list[str]]
    task: str
    model: str | None
    with_changes: bool = False
    follows: str = ""

    def start(self, here: Workspace) -> RunHandle:
        """Start the run."""
        from ..services import runs

        return runs.start(here, self.agent, self.inputs, **self._rest(here))

    def enqueue(self, here: Workspace, waiting: Waiting) -> Queued:
        """Let the run wait in the queue."""
        from ..services import jobs, runs

        asked = runs.request_of(here, self.agent, self.inputs, **self._rest(here))
        return jobs.enqueue(here, asked, waiting.order(here))

    def _rest(self, here: Workspace) -> dict[str, Any]:
        return {
            "task": self.task,
            "model": model_from(self.model, self.folder, here.project.root),
            "with_changes": self.with_changes,
            "follows": self.follows,
        }


def run(
    ctx: typer.Context,
    agents: Annotated[
        list[str],
        typer.Argument(
            metavar="AGENT...",
            help="The agent's name; several with --parallel.",
            autocompletion=complete_agent,
        ),
    ],
    inputs: Inputs = None,
    task: Task = "",
    model: Model = None,
    with_changes: WithChanges = False,
    follows: Annotated[
        str,
        typer.Option(
            "--on",
            metavar="ID",
            help="Go on with the branch of this execution.",
            autocompletion=complete_execution,
            show_default=False,
        ),
    ] = "",
    parallel: Annotated[
        bool, typer.Option("--parallel", help="Run several agents side by side, each on a branch of its own.")
    ] = False,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=100, help="With --parallel: at most so many at once.")
    ] = 5,
    watch: Watch = False,
    detach: Detach = False,
    priority: Priority = None,
    delay: Delay = "",
    dedup: Dedup = "",
    after: After = "",
    as_json: AsJson = False,
) -> None:
    """Run an agent on this folder."""
    refuse_both(watch=watch, detach=detach)
    waiting = Waiting(priority, delay, dedup, after)
    waiting.refuse_without(detach=detach)
    folder = global_options(ctx).folder
    given = parse_inputs(inputs or ())
    requests = [Request(folder, agent, given, task, model, with_changes, follows) for agent in agents]
    if parallel:
        _refuse_alone(follows=follows, detach=detach)
        from .parallel import run_side_by_side

        raise typer.Exit(run_side_by_side(requests, concurrency, every_line=watch, as_json=as_json))
    if len(requests) > 1:
        raise UsageError(
            f"One run has one agent, and {len(requests)} are named",
            hint=f"side by side, each on a branch of its own: paracle run {' '.join(agents)} --parallel",
        )
    (request,) = requests
    if detach:
        queue_in_background(folder, lambda here: request.enqueue(here, waiting), as_json=as_json)
        return
    receipt, stopped = run_here(folder, request.agent, request.start, every_line=watch, as_json=as_json)
    finish(receipt, folder, stopped=stopped, as_json=as_json)


def refuse_both(*, watch: bool, detach: bool) -> None:
    """Refuse to watch what runs in the background.

    Raises:
        UsageError: both are asked for.
    """
    if watch and detach:
        raise UsageError(
            "A detached run cannot be watched by the same command", hint="then: paracle runs watch last"
        )


def _refuse_alone(*, follows: str, detach: bool) -> None:
    if follows:
        raise UsageError("Only one run at a time goes on with a branch", hint="leave --on or --parallel out")
    if detach:
        raise UsageError(
            "Several runs are not detached by one command", hint="run 'paracle run AGENT --detach' for each"
        )


def finish(receipt: Receipt, folder: Path, *, stopped: bool, as_json: bool) -> NoReturn:
    """End the command of a run that was waited for: its receipt, and the exit code that it gives."""
    code = ExitCode.INTERRUPTED if stopped else receipts.exit_code(receipt)
    # A run that was stopped because its terminal went away has nobody left to tell.
    with suppress(OSError) if stopped else nullcontext():
        if as_json:
            put_json(receipt.to_dict())
        else:
            show_receipt(receipt, folder)
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
    if receipt.state is State.INTERRUPTED:
        short = shorten(receipt.execution)
        say("  ".join((state_mark(receipt.state, sys.stderr), receipt.agent, short)))
        next_step(f"paracle runs resume {short}")
        return
    if receipt.answer.strip():
        put(harmless(receipt.answer.rstrip(), sys.stdout))
        say()
    for line in receipts.receipt_lines(receipt, sys.stderr):
        say(line)
    short = shorten(receipt.execution)
    look = f"paracle runs show {short} --diff" if receipt.files else f"paracle runs log {short}"
    next_step(look, receipts.merge_command(receipt, folder))


def drive(
    start: Callable[[], RunHandle],
    progress: Progress,
    on_event: Callable[[Event], None] | None = None,
    after: int = 0,
) -> tuple[Receipt, bool]:
    """Start a run and wait for its end, showing it; ctrl+c stops it, a terminal that is closed interrupts it.

    What it asks is answered with a key, where a person sits at the terminal.

    Args:
        after: the number of the last event that is not shown, of a run that goes on.

    Returns:
        The receipt, and whether the run was asked to stop, or is left.
    """
    from ..services import approvals

    with progress, Stopping(progress.note) as stopping, Answering(progress) as answering:
        handle = start()
        stopping.stops(handle.stop, handle.leave)
        stopping.restores(answering.restore)
        asked = approvals.asked_before(handle.workspace, handle.id, after)
        for event in chain(asked, handle.events(after)):
            progress.show(event)
            answering.take(handle, event)
            if on_event is not None:
                on_event(event)
        return handle.wait(), stopping.requested


def run_here(
    folder: Path,
    label: str,
    start: Callable[[Workspace], RunHandle],
    *,
    every_line: bool = False,
    as_json: bool = False,
    after: int = 0,
) -> tuple[Receipt, bool]:
    """Start a run in this process and wait for its end, showing it on stderr; as :func:`drive`.

    Args:
        every_line: each event on a line of its own; with ``as_json`` as data, on stdout.
    """
    from ..services.workspace import Workspace

    quiet = as_json and (every_line or not is_terminal(sys.stderr))
    progress = Progress(label, every_line=every_line, quiet=quiet)
    on_event = (lambda event: put_json(event.to_dict())) if every_line and as_json else None
    with Workspace.open(folder) as here:
        return drive(lambda: start(here), progress, on_event, after)


def run_detached(folder: Path, start: Callable[[Workspace], RunHandle], *, as_json: bool) -> None:
    """Have a run at once in a process of its own, and say which; what may wait goes to the queue instead, by
    :func:`.detaching.queue_in_background`.
    """
    from .background import start_in_background

    def work(report: Callable[[Mapping[str, Any]], None]) -> None:
        from ..services.workspace import Workspace

        with Workspace.open(folder) as here, Stopping(say) as stopping:
            handle = start(here)
            stopping.stops(handle.stop, handle.leave)
            report({"execution": handle.id})
            # The main thread must wake up for a signal's handler to run, so it does not just wait.
            for _ in handle.batches():
                pass
            handle.wait()

    said, process = start_in_background(work)
    execution = str(said["execution"])
    if as_json:
        put_json({"execution": execution, "process": process})
        return
    put(execution)
    say(
        f"It runs in the background, in process {process}; 'paracle runs stop {shorten(execution)}' stops it."
    )
    next_step(f"paracle runs watch {shorten(execution)}")


def model_from(model: str | None, folder: Path, root: Path) -> str | None:
    """A script's file is named from where the person stands, and found from the project's root."""
    if not model:
        return None
    provider, _, file = model.partition(":")
    path = Path(file).expanduser()
    if provider != "script" or not file or path.is_absolute() or folder.resolve() == root:
        return model
    return f"script:{os.path.relpath(folder.resolve() / path, root)}"
