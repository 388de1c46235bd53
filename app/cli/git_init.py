"""``paracle git init-workflow``: make a folder ready for branches, after showing what that takes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import PolicyRefused
from ..domain.words import plural
from .git_words import SHORT_COMMIT, path_words
from .opening import AsJson, workspace
from .printing import aligned, harmless, next_step, paint, put, put_json, say

if TYPE_CHECKING:
    from ..services.doctor import Check
    from ..services.history_init import Plan

_MARKS = {
    "ok": ("✓", typer.colors.GREEN),
    "note": ("·", typer.colors.CYAN),
    "warning": ("⚠", typer.colors.YELLOW),
    "broken": ("✗", typer.colors.RED),
}


def init_workflow(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make this folder ready for branches, and say how ready it is; what is ready stays as it is.

    With --json it asks nobody: without --yes it only says what would be done.
    """
    from ..services import history_init, history_ready

    with workspace(ctx) as here:
        wanted = history_init.plan(here)
        if not as_json:
            _show(wanted)
        does = bool(wanted) and not dry_run and (yes or (not as_json and _ask(wanted)))
        commit = history_init.carry_out(here, wanted) if does else ""
        checks = history_ready.readiness(here)
    if as_json:
        ready = (does or not wanted) and all(check.level != "broken" for check in checks)
        data = {"plan": wanted.to_dict(), "done": does, "commit": commit, "ready": ready}
        put_json({**data, "checks": [check.to_dict() for check in checks]})
        return
    if commit:
        say(f"{paint('✓', sys.stderr, typer.colors.GREEN)} The first commit is {commit[:SHORT_COMMIT]}.")
    _report(checks)
    waits = bool(wanted) and not does
    next_step("paracle git init-workflow --yes" if waits else "paracle run")


def _show(wanted: Plan) -> None:
    if not wanted:
        say("There is nothing to do: this folder is ready for branches.")
        return
    for number, step in enumerate(wanted.steps, 1):
        put(f"{number}. {path_words(step, sys.stdout)}")
    if wanted.left_out:
        paths = path_words(", ".join(wanted.left_out[:3]), sys.stdout)
        say(f"Left out: {plural(len(wanted.left_out), 'repository', 'repositories')} of their own ({paths})")


def _ask(wanted: Plan) -> bool:
    """Whether a person says yes.

    Raises:
        PolicyRefused: nobody is there, or the answer is no.
    """
    if not sys.stdin.isatty():
        raise PolicyRefused(
            "Nothing was done: nobody is there to be asked",
            detail="; ".join(wanted.steps),
            hint="look at the steps, then: paracle git init-workflow --yes",
        )
    if not typer.confirm("Do this?", err=True):
        raise PolicyRefused("Nothing was done", hint="runs work on copies of this folder until then")
    return True


def _report(checks: Sequence[Check]) -> None:
    rows = []
    for check in checks:
        sign, colour = _MARKS[check.level]
        words = harmless(check.words, sys.stdout) + (f"  ({check.mend})" if check.mend else "")
        rows.append((paint(sign, sys.stdout, colour), check.name, words))
    for line in aligned(rows):
        put(line)
