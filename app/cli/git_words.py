"""What the commands of ``paracle git`` share: arguments, and how values of the history are said."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from ..domain.diffs import shown
from ..domain.history import Operation
from ..domain.ids import shorten
from ..domain.selecting import select
from ..domain.words import one_line
from .opening import complete_execution
from .printing import harmless, paint, put, put_json, say

if TYPE_CHECKING:
    from ..domain.diffs import Selection
    from ..services.workspace import Workspace

SHORT_COMMIT = 8

Branch = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="An execution: its id, the first characters of it, 'last', or its branch.",
        autocompletion=complete_execution,
    ),
]
Target = Annotated[
    str | None,
    typer.Option("--target", metavar="BRANCH", help="The branch to compare with, not the one checked out."),
]
Files = Annotated[
    list[str] | None,
    typer.Option("--files", metavar="PATH", help="Only this file or folder; may be repeated."),
]
Hunks = Annotated[
    list[str] | None,
    typer.Option(
        "--hunks",
        metavar="HUNK",
        help="Only this hunk: FILE#N, as 'paracle git diff' counts, or its key; may be repeated.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]


def path_words(path: str, stream: TextIO) -> str:
    """A path of any bytes on one line."""
    return harmless(one_line(shown(path)), stream)


def name_of(wanted: str) -> str:
    """What a person types for the same thing in the next command."""
    return shorten(wanted.split("/")[1]) if wanted.startswith("exec/") else wanted


def identifier_of(here: Workspace, wanted: str) -> str:
    """The whole id of the execution that is named by its id, the beginning of it, ``last`` or its branch.

    Raises:
        NotFound: there is none.
        Conflict: several begin like this.
    """
    from ..services import runs

    return wanted.split("/")[1] if wanted.startswith("exec/") else runs.find(here, wanted).id


def chosen(
    here: Workspace, wanted: str, files: Sequence[str], hunks: Sequence[str]
) -> tuple[Selection | None, Sequence[str]]:
    """What of a branch is named: a selection where hunks are among it, else the files alone.

    Raises:
        NotFound, Conflict: a word names nothing, or several hunks.
    """
    if not hunks:
        return None, files
    from ..services import history

    return select(history.diff(here, wanted), files, hunks), ()


def tell(operation: Operation, *, as_json: bool, can_undo: bool = True) -> None:
    """Print what was done, and how to take it back."""
    if as_json:
        put_json(operation.to_dict())
        return
    mark = paint("✓", sys.stdout, typer.colors.GREEN, bold=True)
    put(f"{mark} {path_words(operation.summary, sys.stdout)}")
    for move in operation.moves:
        before, after = (
            commit[:SHORT_COMMIT] if commit else "nothing" for commit in (move.before, move.after)
        )
        put(f"  {path_words(move.short, sys.stdout)}  {before} → {after}")
    for note in operation.notes:
        say(f"{paint('⚠', sys.stderr, typer.colors.YELLOW)} {harmless(note, sys.stderr)}")
    if can_undo:
        say(f"'paracle git undo {shorten(operation.id)}' takes it back.")
