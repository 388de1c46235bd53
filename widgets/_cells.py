"""Untrusted text made safe to draw, and measured in terminal cells rather than characters."""

from __future__ import annotations

import re

from rich.cells import cell_len, split_graphemes

TAB = 4
"""A tab reaches to the next multiple of this many cells."""

HANG = 2
"""Continuation lines stand this many cells in, under the word that follows the row's glyph."""

# Colours and titles that a program wrote for a terminal say nothing here. No class below crosses an
# escape character, so a text made of openings alone is still read once only.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-Z\\^-~]"
)
# Controls, marks that turn the reading direction, and halves of surrogate pairs (not encodable).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """``text`` with nothing left in it that could move a cursor, hide or reorder what is shown.

    Escape sequences go, tabs become spaces, other controls become visible signs (``␀``, ``␛``).
    """
    if text.isascii() and text.isprintable():
        return text
    if "\t" in text:
        text = _expand_tabs(text)
    return _UNSAFE.sub(_visible, _SEQUENCE.sub("", text))


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Clean ``text`` in exactly ``width`` cells: cut with ``…`` or padded; ``right`` aligns it there."""
    if width <= 0:
        return ""
    length = cell_len(text)
    if length > width:
        text = head(text, width - 1) + "…"
        length = cell_len(text)
    blank = " " * (width - length)
    return blank + text if right else text + blank


def head(text: str, width: int) -> str:
    """The longest start of ``text`` that takes at most ``width`` cells; no character is split."""
    if len(text) <= width and text.isascii():
        return text
    used = 0
    for start, _, cells in split_graphemes(text[: width * 8])[0]:
        used += cells
        if used > width:
            return text[:start]
    return text[: width * 8]


def wrap(text: str, width: int) -> tuple[str, ...]:
    """Clean ``text`` as lines of at most ``width`` cells, at least one.

    Breaks after a space unless that would leave the line mostly empty, else inside the word. Lines
    after the first are indented.
    """
    width = max(width, HANG + 2)
    if cell_len(text) <= width:
        return (text,)
    lines: list[str] = []
    begin = used = 0  # of the line: its first index, its cells so far
    gap = after = 0  # the index after its last space, the cells since
    for start, end, cells in split_graphemes(text)[0]:
        is_space = text[start:end] == " "
        while not is_space and used + cells > (room := width - HANG if lines else width):
            at_gap = (used - after) * 3 > room
            cut = gap if at_gap else start
            lines.append(text[begin:cut].rstrip(" "))
            begin, used = cut, after if at_gap else 0
            gap, after = begin, used
        used += cells
        after += cells
        if is_space:
            gap, after = end, 0
    lines.append(text[begin:].rstrip(" "))
    return (lines[0], *(" " * HANG + line for line in lines[1:]))


def _expand_tabs(text: str) -> str:
    first, *rest = text.split("\t")
    out = first
    for part in rest:
        out += " " * (TAB - cell_len(_SEQUENCE.sub("", out)) % TAB) + part
    return out


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "\ufffd"
