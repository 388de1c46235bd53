"""How the commands print: data on stdout, words on stderr, colour only where a person looks."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, TextIO

import typer

from ..domain.problems import Problem, Severity
from ..domain.states import State

_NEUTRAL = {code: "�" for code in (*range(32), 127, *range(128, 160)) if chr(code) not in "\n\t"}
"""Control characters do nothing but harm on a terminal: an answer must not move its cursor."""

_NO_TEXT = re.compile("[\udc80-\udcff]")
"""Bytes of a path that are not UTF-8, as Python holds them. In JSON they are written as ``\\xNN``."""

STATE_COLOURS = {
    State.COMPLETED: typer.colors.GREEN,
    State.FAILED: typer.colors.RED,
    State.INTERRUPTED: typer.colors.YELLOW,
    State.TERMINATED: typer.colors.YELLOW,
    State.WAITING: typer.colors.YELLOW,
}


def is_terminal(stream: TextIO) -> bool:
    """Whether a person sees this stream, on a terminal that understands cursor movements."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def has_colour(stream: TextIO) -> bool:
    """Whether to colour what goes to this stream."""
    return is_terminal(stream) and "NO_COLOR" not in os.environ


def paint(
    text: str, stream: TextIO, colour: str | None = None, *, bold: bool = False, dim: bool = False
) -> str:
    """``text`` in a colour, where the stream takes colours."""
    return typer.style(text, fg=colour, bold=bold or None, dim=dim or None) if has_colour(stream) else text


def state_mark(state: State, stream: TextIO) -> str:
    """A state's glyph and word, in its colour."""
    return paint(f"{state.glyph} {state.word}", stream, STATE_COLOURS.get(state), bold=True)


def put(text: str) -> None:
    """Print data to stdout. Text that others wrote goes through :func:`harmless` first."""
    _tolerate(sys.stdout)
    print(text)


def say(text: str = "") -> None:
    """Print words to stderr. Nobody there to read them is no reason to fail."""
    _tolerate(sys.stderr)
    with suppress(OSError):
        print(text, file=sys.stderr)


def put_json(value: Any) -> None:
    """Print one JSON document on one line of stdout, at once."""
    _tolerate(sys.stdout)
    text = json.dumps(value, ensure_ascii=False, default=str)
    print(_NO_TEXT.sub(lambda byte: rf"\\x{ord(byte[0]) - 0xDC00:02x}", text), flush=True)


def harmless(text: str, stream: TextIO) -> str:
    """Text of unknown origin as it may be printed to ``stream``: as it is only where a program reads data."""
    is_data = stream is sys.stdout and not stream.isatty()
    return text if is_data else text.translate(_NEUTRAL)


def aligned(
    rows: Iterable[Sequence[str]], *, indent: str = "", right: frozenset[int] = frozenset()
) -> list[str]:
    """Rows as lines with aligned columns; the last column is as long as it is.

    Args:
        right: the columns that are aligned at their right edge.
    """
    from rich.cells import cell_len

    table = [tuple(row) for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = []
        for index, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - cell_len(cell))
            cells.append(space + cell if index in right else cell + space)
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def problem_lines(problems: Iterable[Problem], stream: TextIO) -> list[str]:
    """Findings as two lines each: place and cause, then the mend."""
    lines = []
    for problem in problems:
        colour = typer.colors.RED if problem.severity is Severity.ERROR else typer.colors.YELLOW
        lines.append(
            f"{problem.place}: {paint(problem.severity, stream, colour, bold=True)}: "
            f"{harmless(problem.message, stream)}"
        )
        if problem.hint:
            lines.append(f"    {paint(harmless(problem.hint, stream), stream, dim=True)}")
    return lines


def width(stream: TextIO) -> int:
    """How many columns a line may have: the terminal's, and plenty where a program reads."""
    from shutil import get_terminal_size

    return get_terminal_size().columns if is_terminal(stream) else 1000


def next_step(command: str, then: str = "") -> None:
    """Say which command to type next, and which one after it."""
    for word, line in (("next:", command), ("then:", then)):
        if line:
            say(f"{paint(word, sys.stderr, typer.colors.CYAN, bold=True)} {line}")


def diff_lines(diff: str, stream: TextIO) -> list[str]:
    """A unified diff, coloured where the stream takes colours."""
    lines = harmless(diff, stream).splitlines()
    return [paint(line, stream, _diff_colour(line)) for line in lines] if has_colour(stream) else lines


def _diff_colour(line: str) -> str | None:
    if line.startswith(("+++", "---", "diff ", "index ")):
        return typer.colors.BRIGHT_BLACK
    return {"+": typer.colors.GREEN, "-": typer.colors.RED, "@": typer.colors.CYAN}.get(line[:1])


def _tolerate(stream: TextIO) -> None:
    # A path may hold bytes that are no text, and a locale may lack a glyph: neither may end the command.
    if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
        with suppress(OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")
