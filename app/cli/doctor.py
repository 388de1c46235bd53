"""``paracle doctor``."""

from __future__ import annotations

import sys

import typer

from ..domain.errors import ExitCode
from .opening import AsJson
from .options import global_options
from .printing import harmless, paint, put, put_json, say

_LOOK = {
    "ok": ("✓", typer.colors.GREEN),
    "note": ("·", typer.colors.CYAN),
    "warning": ("⚠", typer.colors.YELLOW),
    "broken": ("✗", typer.colors.RED),
}


def doctor(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Check that this machine has what the workbench needs."""
    from ..services.doctor import Level, examine

    found = []
    for check in examine(global_options(ctx).folder):
        found.append(check)
        if as_json:
            continue
        glyph, colour = _LOOK[check.level]
        put(f"{paint(glyph, sys.stdout, colour)} {check.name:<10} {harmless(check.words, sys.stdout)}")
        if check.mend:
            put(f"  {'':<10} {paint(check.mend, sys.stdout, dim=True)}")
    broken = [check.name for check in found if check.level is Level.BROKEN]
    if as_json:
        put_json({"healthy": not broken, "checks": [check.to_dict() for check in found]})
    else:
        say(f"To be mended: {', '.join(broken)}" if broken else "Everything needed is there.")
    if broken:
        raise typer.Exit(ExitCode.FAILED)
