"""Syntax colours for the lines of a diff that are in view, and for no others."""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ..app.domain.diffs import ADDED, REMOVED, FileDiff, Hunk, Line
from ._plain import plain

if TYPE_CHECKING:
    from pygments.lexer import Lexer  # type: ignore[import-untyped]

BLOCK = 32
"""Lines coloured together. A string or a comment that began before them is not known to be one."""

BLOCKS = 64
"""Blocks kept."""

MAX_LINE = 1_000
"""Characters of a line that are coloured; in a minified file a single one may have a million."""

MAX_SHOWN = 20_000
"""Characters of a line that are shown."""


Span = tuple[int, int, str]
"""The first character of what looks alike, the one after its last, and the end of a component class's name.

A bare tuple: there are tens of thousands, and the garbage collector passes over these only.
"""


def code_of(line: Line) -> str:
    """A line's text, safe to draw. A carriage return shows as a sign where the line has changed."""
    text = line.text
    if text.isascii() and text.isprintable() and len(text) <= MAX_SHOWN:
        return text
    if len(text) > MAX_SHOWN:
        text = text[:MAX_SHOWN] + "…"
    if text.endswith("\r") and line.kind not in (ADDED, REMOVED):
        text = text[:-1]
    return plain(text.replace("\r", "␍").replace("\n", "␊"))


class Syntax:
    """Colours blocks of lines as they are asked for, and keeps some hundred of them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int, bool, int], dict[int, tuple[Span, ...]]] = OrderedDict()

    def clear(self) -> None:
        """Forget what was coloured: there are other files."""
        self._kept.clear()

    def spans(self, file: FileDiff, number: int, hunk: int, index: int) -> tuple[Span, ...]:
        """The colours of one line of a hunk.

        Args:
            file: The file, which is the one with this ``number`` in the view.
        """
        lines = file.hunks[hunk]
        is_old = lines.kinds[index] == REMOVED
        key = (number, hunk, is_old, index // BLOCK)
        if key not in self._kept:
            path = file.old_path if is_old else file.new_path
            self._kept[key] = _coloured(lines, index // BLOCK * BLOCK, is_old, path)
            if len(self._kept) > BLOCKS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key].get(index, ())


def _coloured(hunk: Hunk, first: int, is_old: bool, path: str) -> dict[int, tuple[Span, ...]]:
    lexer = _lexer(PurePosixPath(path).name)
    if lexer is None:
        return {}
    left_out = ADDED if is_old else REMOVED
    chosen = [
        index for index in range(first, min(first + BLOCK, len(hunk.kinds))) if hunk.kinds[index] != left_out
    ]
    text = "\n".join(code_of(hunk.line(index))[:MAX_LINE] for index in chosen)
    found: dict[int, list[Span]] = {index: [] for index in chosen}
    at, column = 0, 0
    for token, words in lexer.get_tokens(text):
        look = _look(token)
        for number, part in enumerate(words.split("\n")):
            if number:
                at, column = at + 1, 0
            if look and part and at < len(chosen):
                found[chosen[at]].append((column, column + len(part), look))
            column += len(part)
    return {index: tuple(spans) for index, spans in found.items()}


def warm_up(name: str) -> None:
    """Load what colours files of this name: a tenth of a second the first time."""
    if lexer := _lexer(name):
        for _ in lexer.get_tokens("x"):
            pass


@lru_cache(maxsize=64)
def _lexer(name: str) -> Lexer | None:
    # Imported by the first line that needs it. Guessing by content would load all five hundred lexers.
    from pygments.lexers import find_lexer_class_for_filename  # type: ignore[import-untyped]

    found = find_lexer_class_for_filename(name)
    return found(stripnl=False, ensurenl=False) if found else None


@lru_cache(maxsize=256)
def _look(token: object) -> str:
    """The component class of a token's kind, empty for the colour of text."""
    words = str(token).removeprefix("Token.")
    return next((look for kind, look in _LOOKS if words.startswith(kind)), "")


_LOOKS = (
    ("Comment", "comment"),
    ("Literal.String.Doc", "comment"),
    ("Literal.String", "string"),
    ("Literal.Number", "number"),
    ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("Name.Function", "name"),
    ("Name.Class", "name"),
    ("Name.Decorator", "name"),
    ("Name.Tag", "keyword"),
    ("Name.Attribute", "name"),
    ("Name.Builtin", "keyword"),
    ("Generic.Heading", "keyword"),
    ("Generic.Subheading", "keyword"),
)
