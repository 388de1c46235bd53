"""``paracle git archive``: the commits that are kept although no branch names them any more."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import UsageError
from ..domain.history import Archived
from ..domain.ids import shorten
from .git_words import SHORT_COMMIT, identifier_of, name_of, path_words, tell
from .opening import AsJson, complete_execution, workspace
from .printing import aligned, next_step, put, put_json, say

if TYPE_CHECKING:
    from ..services.workspace import Workspace

app = typer.Typer(
    help="List what is kept of removed branches, and bring it back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("list")
def list_archive(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the commits that are kept, the newest operation first."""
    from ..services import history

    with workspace(ctx) as here:
        entries = history.archive(here)
        kinds = {one.id: one.kind for one in history.operations(here)}
    if as_json:
        put_json({"archived": [_data(entry, kinds.get(entry.operation, "")) for entry in entries]})
        return
    for line in aligned(_row(entry, kinds.get(entry.operation, "")) for entry in entries):
        put(line)
    _suggest(entries)


@app.command("restore")
def restore(
    ctx: typer.Context,
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The branch, its execution, or the operation that removed it.",
            autocompletion=complete_execution,
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Make a branch again that was removed."""
    from ..services import history

    with workspace(ctx) as here:
        done = history.restore(here, _named(here, wanted))
    tell(done, as_json=as_json)
    if not as_json:
        next_step(f"paracle git show {name_of(done.moves[0].short)}")


def _named(here: Workspace, wanted: str) -> str:
    if not wanted:
        raise UsageError(
            "It is not said what to restore", hint="'paracle git archive list' shows what there is"
        )
    return identifier_of(here, wanted) if wanted == "last" else wanted


def _data(entry: Archived, kind: str) -> dict[str, str]:
    return {"operation": entry.operation, "kind": kind, "name": entry.name, "commit": entry.commit}


def _row(entry: Archived, kind: str) -> tuple[str, ...]:
    name = entry.name.removeprefix("refs/heads/") if entry.is_branch else f"files: {entry.name}"
    words = path_words(name, sys.stdout)
    return shorten(entry.operation), kind or "?", entry.commit[:SHORT_COMMIT], words


def _suggest(entries: Sequence[Archived]) -> None:
    gone = next((entry for entry in entries if entry.name.startswith("refs/heads/exec/")), None)
    if gone:
        next_step(f"paracle git archive restore {name_of(gone.name.removeprefix('refs/heads/'))}")
    else:
        if not entries:
            say("Nothing is kept yet: it fills when branches move or go.")
        next_step("paracle git branches")
