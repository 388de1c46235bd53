"""``paracle ui``."""

from __future__ import annotations

import sys

import typer

from ..domain.errors import UsageError
from .options import global_options
from .printing import is_terminal


def ui(ctx: typer.Context) -> None:
    """Open the workbench."""
    if not (sys.stdin.isatty() and is_terminal(sys.stdout)):
        raise UsageError(
            "The workbench needs a terminal",
            hint="run it in one; 'paracle runs list' and 'paracle run' work anywhere",
        )
    from ..tui.start import start_workbench

    raise typer.Exit(start_workbench(global_options(ctx).folder))
