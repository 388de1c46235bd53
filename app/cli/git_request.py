"""``paracle git pr-create``: ask for an execution's branch to be merged where it is hosted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..domain.errors import ExitCode
from ..domain.pull_requests import PullRequest
from .git_words import Branch, identifier_of, name_of
from .opening import AsJson, workspace
from .options import global_options
from .printing import next_step, put, put_json, say


def create(
    ctx: typer.Context,
    wanted: Branch,
    target: Annotated[
        str,
        typer.Option("--target", metavar="BRANCH", help="The branch to merge into; the remote's default."),
    ] = "",
    remote: Annotated[str, typer.Option("--remote", help="Push to this remote.")] = "origin",
    title: Annotated[str, typer.Option("--title", help="Made of the receipt where it is not given.")] = "",
    body: Annotated[str, typer.Option("--body", help="Made of the receipt where it is not given.")] = "",
    draft: Annotated[bool, typer.Option("--draft", help="Open it as a draft.")] = False,
    forge: Annotated[
        str,
        typer.Option("--forge", metavar="KIND", help="github or gitlab, where the address does not tell."),
    ] = "",
    api: Annotated[
        str,
        typer.Option("--api", metavar="URL", help="Where its interface begins, if not at the usual place."),
    ] = "",
    patch: Annotated[
        Path | None,
        typer.Option("--patch", metavar="FILE", help="Where the patch goes when no request can be opened."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Push a branch and open a pull request for it; else make a patch file and say where to open one.

    It ends with 0 when a request is open, and with 1 when that is left to you.
    """
    from ..services import pull_requests

    folder = global_options(ctx).folder
    asked = pull_requests.Wanted(
        target, remote, title, body, draft, forge, api, folder / patch.expanduser() if patch else None
    )
    with workspace(ctx) as here:
        made = pull_requests.create(here, identifier_of(here, wanted), asked)
    if as_json:
        put_json(made.to_dict())
    else:
        _tell(made)
    raise typer.Exit(ExitCode.DONE if made.address else ExitCode.FAILED)


def _tell(made: PullRequest) -> None:
    if made.address:
        put(made.address)
        say("Opened." if made.created else "It was open already; the branch was pushed to it.")
        next_step(f"paracle git show {name_of(made.branch)}")
        return
    say(f"No pull request was opened: {made.reason}.")
    if made.compare:
        say(f"The branch is pushed; open it there: {made.compare}")
    put(made.patch)
    next_step(f"paracle git merge {name_of(made.branch)}")
