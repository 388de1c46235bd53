"""What the command line prints and ends with when something goes wrong."""

from __future__ import annotations

import os
import sys

import typer

from ..domain.errors import ExitCode, ParacleError, UsageError
from .printing import harmless, put_json


def report(error: ParacleError, *, as_json: bool) -> int:
    """Show an error: one JSON document on stdout, or words on stderr.

    Returns:
        The exit code that belongs to it.
    """
    if as_json:
        put_json({"error": error.to_dict()})
    else:
        title, detail, hint = (harmless(text, sys.stderr) for text in (error.title, error.detail, error.hint))
        print(_label("error", typer.colors.RED), title, file=sys.stderr)
        if detail:
            print(detail, file=sys.stderr)
        if hint:
            print(_label("hint", typer.colors.CYAN), hint, file=sys.stderr)
    return int(error.exit_code)


def _label(word: str, colour: str) -> str:
    coloured = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    return typer.style(f"{word}:", fg=colour, bold=True) if coloured else f"{word}:"


def usage_error(error: typer.TyperException) -> ParacleError:
    """A mistake on the command line, as one of our errors, with the help to read as its hint."""
    title, _, detail = error.format_message().partition("\n")
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "paracle"
    return UsageError(title.rstrip("."), detail=detail, hint=f"{path} --help")


class Fault(ParacleError):
    """Something that no part foresaw: a defect of the workbench itself."""

    code = "internal"


NO_LOG_HINT = "Point PARACLE_STATE_DIR to a folder that can be written and try again: its log tells the rest"


def fault(error: Exception) -> ParacleError:
    """Write an unforeseen error to the log, and make of it one that says where to look."""
    from ..services.logs import record_fault

    log = record_fault(error)
    return Fault(
        "Something went wrong inside Paracle",
        detail=f"{type(error).__name__}: {error}",
        hint=f"The log tells the whole story: {log}" if log else NO_LOG_HINT,
    )


def leave_closed_pipe() -> int:
    """Whoever read our output has gone (`paracle … | head`): end quietly, also when Python flushes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(ExitCode.FAILED)
