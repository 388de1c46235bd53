"""``paracle hooks``: what is asked and told around the things that executions do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from ..domain.errors import ExitCode
from ..domain.problems import Severity
from ..domain.words import duration, plural
from .opening import AsJson, workspace
from .printing import aligned, next_step, paint, problem_lines, put, put_json, say
from .trust import visible

if TYPE_CHECKING:
    from ..services.hooks import HookList, HookRow

app = typer.Typer(help="List and check the project's hooks.", no_args_is_help=True)


@app.command("list")
def list_hooks(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the project's hooks in the order in which they are asked."""
    from ..services import hooks

    with workspace(ctx) as here:
        found = hooks.listing(here)
    if as_json:
        problems = [problem.to_dict() for problem in found.problems]
        put_json({"hooks": [row.to_dict() for row in found.rows], "problems": problems, **_standing(found)})
        return
    for line in aligned(_row(row) for row in found.rows):
        put(line)
    if found.problems:
        say(f"hooks.yaml has {plural(len(found.problems), 'problem')}.")
        next_step("paracle hooks check")
    elif not found.rows:
        say("This project has no hooks. They are written in .parac/hooks.yaml: 'paracle schema hooks'.")
    elif not found.allows:
        say(f"{paint('⚠', sys.stderr, typer.colors.YELLOW)} None of them runs: {found.standing}.")
        next_step("paracle trust")


@app.command("check")
def check(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Say what is wrong with the project's hooks, without running one."""
    from ..services import hooks

    with workspace(ctx) as here:
        problems = hooks.check(here)
        found = hooks.listing(here)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if as_json:
        data = [problem.to_dict() for problem in problems]
        put_json({"valid": not errors, "problems": data, **_standing(found)})
    else:
        for line in problem_lines(problems, sys.stdout):
            put(line)
        mark, colour = ("✗", typer.colors.RED) if errors else ("✓", typer.colors.GREEN)
        counts = f"{plural(errors, 'error')}, {plural(len(problems) - errors, 'warning')}"
        say(
            f"{paint(mark, sys.stderr, colour)} {plural(len(found.rows), 'hook')}: {counts}; {found.standing}"
        )
    if errors:
        raise typer.Exit(ExitCode.FAILED)


def _standing(found: HookList) -> dict[str, object]:
    return {"standing": found.standing, "trusted": found.allows}


def _row(row: HookRow) -> tuple[str, ...]:
    spec = row.spec
    told = f"at most {duration(spec.timeout)}"
    if spec.on_failure == "veto":
        told += ", its failure is a veto"
    words = (spec.on, row.narrowed or "everything", spec.run, told, spec.description)
    return tuple(visible(word) for word in words)
