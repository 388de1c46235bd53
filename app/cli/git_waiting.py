"""``paracle git take``, ``continue`` and ``abort``: merges that wait for their conflicts to be resolved."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .git_look import tell_waiting
from .git_words import identifier_of, path_words, tell
from .opening import AsJson, complete_execution, workspace
from .printing import next_step, put, put_json, say

if TYPE_CHECKING:
    from ..services.workspace import Workspace

Side = Literal["base", "ours", "theirs", "both"]

Waiting = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The execution whose merge it is, where several wait.",
        autocompletion=complete_execution,
        show_default=False,
    ),
]


def go_on(ctx: typer.Context, wanted: Waiting = "", as_json: AsJson = False) -> None:
    """Go on with a merge whose conflicts are resolved."""
    from ..services import history

    with workspace(ctx) as here:
        done = history.resume(here, _named(here, wanted))
    tell(done, as_json=as_json)
    if not as_json:
        next_step("paracle git cleanup")


def abort(ctx: typer.Context, wanted: Waiting = "", as_json: AsJson = False) -> None:
    """Give up a merge that waits; what was typed in its work tree is kept in the archive."""
    from ..services import history

    with workspace(ctx) as here:
        done = history.abort(here, _named(here, wanted))
    tell(done, as_json=as_json, can_undo=False)
    if not as_json:
        next_step("paracle git branches")


def take(
    ctx: typer.Context,
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A file in conflict, from the top of the repository.")
    ],
    side: Annotated[
        Side,
        typer.Argument(
            metavar="SIDE",
            help="base (the fork), ours (the target), theirs (the execution), or the lines of both.",
        ),
    ],
    wanted: Annotated[
        str,
        typer.Option(
            "--of",
            metavar="ID",
            help="The execution whose merge it is, where several wait.",
            autocompletion=complete_execution,
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Resolve a file of a merge that waits, as one side has it or with the lines of both."""
    from ..services import history

    with workspace(ctx) as here:
        history.take(here, path, side, wanted=_named(here, wanted))
    if as_json:
        put_json({"path": path, "side": side})
        return
    put(f"{path_words(path, sys.stdout)}: {side}")
    next_step("paracle git continue" + (f" {wanted}" if wanted else ""))


def show(ctx: typer.Context, *, as_json: bool) -> None:
    """Show the merges that wait."""
    from ..services import history

    with workspace(ctx) as here:
        waiting = history.waiting(here)
    if as_json:
        put_json({"waiting": [merge.to_dict() for merge in waiting]})
    elif waiting:
        tell_waiting(waiting)
    else:
        say("No merge waits.")
        next_step("paracle git branches")


def _named(here: Workspace, wanted: str) -> str:
    return identifier_of(here, wanted) if wanted else ""
