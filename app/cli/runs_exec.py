"""``paracle runs exec``: a command in the worktree of an execution."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..domain.by_hand import ManualEnd
from ..domain.errors import ExitCode
from .opening import AsJson, Execution, workspace
from .printing import harmless, put, put_json, say
from .stopping import Stopping

TIMED_OUT = 124
"""What ``timeout`` gives for a command whose time was up."""

SIGNALLED = 128
"""What a shell adds to the number of the signal that ended a command."""


def execute(
    ctx: typer.Context,
    prefix: Execution,
    argv: Annotated[
        list[str],
        typer.Argument(
            metavar="ARGV...", help="After --: the program and its arguments; no shell reads them."
        ),
    ],
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Stop it after so long.", show_default=True)
    ] = 900.0,
    as_json: AsJson = False,
) -> None:
    """Run a command that the project allows in the worktree of an execution, and end as it does."""
    from ..services import by_hand

    with workspace(ctx) as here, Stopping(say) as stopping:
        begun = by_hand.begin(here, prefix, argv, seconds=timeout)
        stopping.stops(lambda reason: begun.end())
        ended = begun.follow(_drop if as_json else _tell)
    if as_json:
        data = {"execution": begun.execution.id, "argv": list(begun.wanted.argv), **ended.to_dict()}
        put_json(data)
    else:
        say(harmless(ended.words, sys.stderr))
    raise typer.Exit(ExitCode.INTERRUPTED if stopping.requested else _exit_code(ended))


def _tell(line: str) -> None:
    put(harmless(line, sys.stdout))
    sys.stdout.flush()


def _drop(line: str) -> None:
    """The end of the output is part of the document."""


def _exit_code(ended: ManualEnd) -> int:
    if ended.timed_out:
        return TIMED_OUT
    if ended.exit is None:
        return ExitCode.FAILED
    return SIGNALLED - ended.exit if ended.exit < 0 else ended.exit
