"""``paracle init``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .opening import AsJson
from .options import global_options
from .printing import next_step, paint, put, put_json, say


def init(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help="The project's name; the folder's without it.")] = None,
    lite: Annotated[
        bool, typer.Option("--lite", help="A handful of files. The default, and all there is yet.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Make a project in a folder."""
    from ..services import projects

    folder = global_options(ctx).folder
    files = projects.make_lite(folder, name)
    shown = [str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path) for path in files]
    if as_json:
        put_json({"root": str(folder), "kind": "lite", "files": shown})
        return
    for path in shown:
        put(path)
    say(f"{paint('✓', sys.stderr, typer.colors.GREEN)} A lite project is in {folder}")
    next_step("paracle agents list")
