"""Looks for a regular expression, line by line. Runs in a process of its own; see :mod:`.scan`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..domain.errors import ToolError
from .files import read_real
from .text import decode, unix_lines

MAX_FILE_BYTES = 8 * 1024 * 1024
SHOWN = 400
_BEFORE = 100


def work(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each line with a match in ``request["files"]``, then how many files were too large to read."""
    try:
        pattern = re.compile(request["pattern"], re.IGNORECASE if request["ignore_case"] else 0)
    except (re.error, OverflowError, RecursionError) as error:
        yield {"error": str(error)}
        return
    root, skipped = Path(request["root"]), 0
    for file in request["files"]:
        lines = _lines(root, file)
        if lines is None:
            skipped += 1
            continue
        for number, line in enumerate(lines, 1):
            match = pattern.search(line)
            if match:
                yield _found(file, number, line, match.start())
    yield {"skipped": skipped}


def _lines(root: Path, file: str) -> list[str] | None:
    """The lines of a text file, none of a binary or vanished one; None where it is too large."""
    try:
        data = read_real(root, file, MAX_FILE_BYTES + 1)
    except (OSError, ToolError):
        return []
    if len(data) > MAX_FILE_BYTES:
        return None
    decoded = decode(data)
    return unix_lines(decoded.text) if decoded else []


def _found(file: str, number: int, line: str, start: int) -> dict[str, Any]:
    first = max(0, start - _BEFORE) if len(line) > SHOWN else 0
    shown = line[first : first + SHOWN]
    text = ("…" if first else "") + shown + ("…" if first + SHOWN < len(line) else "")
    return {"path": file, "line": number, "column": start + 1, "text": text}
