"""The options that stand before the sub-command and hold for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer


@dataclass(frozen=True)
class GlobalOptions:
    """What was said before the sub-command.

    `folder` is where to look for the project: the `-C` folder, else the current one; absolute.
    """

    folder: Path
    verbose: bool


def global_options(ctx: typer.Context) -> GlobalOptions:
    """The global options of the running command."""
    options = ctx.find_object(GlobalOptions)
    assert options is not None, "the root callback has not run"
    return options
