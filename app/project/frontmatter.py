"""Markdown with YAML between two ``---`` lines at its top."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .source import fail, finding
from .yamldoc import Node, parse_mapping

_FENCE = re.compile(r"---[ \t]*\r?\n")
MAX_VALUES = 10_000
"""The most values in a front matter; real ones have a hundred, and each may cost a template's check."""

_END = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """A file taken apart. ``matter`` is None where the file has no front matter.

    ``body`` has no blank lines around it and plain line feeds; ``body_line`` is where it begins.
    """

    matter: Node | None
    body: str
    body_line: int


def split(text: str, path: Path) -> Document:
    """Take a file apart; positions in ``matter`` are those in the file.

    Raises:
        ProjectError: the front matter is not closed, or is not a YAML mapping.
    """
    opening = _FENCE.match(text)
    if opening is None:
        return _document(None, text, 1)
    closing = _END.search(text, opening.end())
    if closing is None:
        fail(
            finding(
                path,
                "the front matter is not closed",
                "put a line '---' between the settings and the instructions",
                line=1,
                column=1,
            )
        )
    matter = parse_mapping(text[opening.end() : closing.start()], path, first_line=2, most=MAX_VALUES)
    return _document(matter, text[closing.end() :], text.count("\n", 0, closing.end()) + 1)


def _document(matter: Node | None, rest: str, line: int) -> Document:
    plain = rest.replace("\r\n", "\n")
    body = plain.strip()
    blank = len(plain) - len(plain.lstrip())
    return Document(matter, body, line + plain.count("\n", 0, blank) if body else line)
