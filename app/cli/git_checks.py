"""``paracle git checks``: how the project's checks judge a branch."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ..domain.checks import Check
from ..domain.errors import ExitCode
from .git_words import Branch, name_of
from .opening import AsJson, workspace
from .printing import next_step, put, put_json, say
from .receipts import check_lines


def checks(
    ctx: typer.Context,
    wanted: Branch,
    again: Annotated[
        bool, typer.Option("--run", help="Run them now; the command fails where one of them does.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how the project's checks judge a branch as it is now, or run them."""
    from ..services import checks as service

    with workspace(ctx) as here:
        if again:
            found = service.run(here, wanted, each=_tell_nothing if as_json else _tell)
        else:
            found = service.results(here, wanted)
    if as_json:
        put_json({"checks": [check.to_dict() for check in found], "ok": _ok(found)})
    elif not again:
        for check in found:
            _tell(check)
    if not as_json:
        _suggest(found, name_of(wanted))
    if again and not _ok(found):
        raise typer.Exit(ExitCode.FAILED)


def _ok(found: tuple[Check, ...]) -> bool | None:
    """Whether all passed; nothing is known where none ran."""
    return all(check.ok for check in found) if found else None


def _tell(check: Check) -> None:
    for line in check_lines((check,), sys.stdout, output=True):
        put(line)


def _tell_nothing(check: Check) -> None:
    """The whole is printed as one document."""


def _suggest(found: tuple[Check, ...], name: str) -> None:
    if not found:
        say("No check has run on this branch as it is now.")
        next_step(f"paracle git checks {name} --run")
    elif _ok(found):
        next_step(f"paracle git merge {name}")
    else:
        next_step(f"paracle git diff {name}")
