"""``paracle git undo``: take back what was done, or list it."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from ..domain.errors import UsageError
from ..domain.history import Operation
from ..domain.ids import shorten
from ..domain.words import ago
from .git_words import path_words, tell
from .opening import AsJson, workspace
from .printing import aligned, next_step, put, put_json, say


def undo(
    ctx: typer.Context,
    operation: Annotated[
        str,
        typer.Argument(
            metavar="OPERATION",
            help="Its id, the first characters of it, or 'last'; the newest one where none is named.",
            show_default=False,
        ),
    ] = "",
    list_: Annotated[bool, typer.Option("--list", help="List what was done, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take back a merge, apply, discard, clean-up or restore, uncommitted work included."""
    from ..services import history

    if list_ and operation:
        raise UsageError("A list is of all operations", hint="paracle git undo --list")
    with workspace(ctx) as here:
        if list_:
            _list(history.operations(here), as_json=as_json)
            return
        done = history.undo(here, "" if operation == "last" else operation)
    tell(done, as_json=as_json, can_undo=False)
    if not as_json:
        next_step("paracle git branches")


def _list(operations: tuple[Operation, ...], *, as_json: bool) -> None:
    if as_json:
        put_json({"operations": [one.to_dict() for one in operations]})
        return
    now = time.time()
    for line in aligned(_row(one, now) for one in operations):
        put(line)
    if operations:
        next_step("paracle git undo")
    else:
        say("Nothing was done yet.")
        next_step("paracle git branches")


def _row(one: Operation, now: float) -> tuple[str, ...]:
    words = path_words(one.summary, sys.stdout)
    undone = f"  (undone by {shorten(one.undone)})" if one.undone else ""
    return shorten(one.id), ago(now - one.time), one.kind, words + undone
