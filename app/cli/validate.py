"""``paracle validate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ..domain.errors import ExitCode
from ..domain.problems import Severity
from ..domain.words import plural
from .opening import AsJson
from .options import global_options
from .printing import paint, problem_lines, put, put_json, say


def validate(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders to report on; the whole project without.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the project's files and say how to mend them."""
    from ..services import projects

    folder = global_options(ctx).folder
    problems = projects.check(folder, [folder / path.expanduser() for path in paths or ()])
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if as_json:
        put_json({"valid": not errors, "problems": [problem.to_dict() for problem in problems]})
    else:
        for line in problem_lines(problems, sys.stdout):
            put(line)
        mark = (
            paint("✗", sys.stderr, typer.colors.RED) if errors else paint("✓", sys.stderr, typer.colors.GREEN)
        )
        say(f"{mark} {plural(errors, 'error')}, {plural(len(problems) - errors, 'warning')}")
    if errors:
        raise typer.Exit(ExitCode.FAILED)
