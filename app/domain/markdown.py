"""Text of unknown origin as Markdown that shows it literally, and Markdown as plain words."""

from __future__ import annotations

import re

_SPAN = re.compile(r"(?::[a-z:]+:)?(?P<fence>`+)(?P<code>[^`]+?)(?P=fence)(?!`)_?")
# An underscore between letters is no emphasis, and names read better without the backslash.
_SPECIAL = re.compile(r"([\\`*{}\[\]<>#|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_BACKTICKS = re.compile(r"`+")
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


_MARKS = re.compile(
    r"(?m)^\s{0,3}(?:#{1,6}\s+|>\s?)|(?P<strong>\*\*|__)(?=\S)(?P<words>.+?)(?P=strong)|(?P<fence>`+)(?P<code>.+?)(?P=fence)"
)


def unmarked(text: str) -> str:
    """Markdown as the words one would read out: without headings' signs, emphasis and backticks."""
    return _MARKS.sub(lambda found: found["words"] or found["code"] or "", text)


def escape(value: object) -> str:
    """``value`` on one line, with everything that Markdown would interpret escaped."""
    return escape_inline(" ".join(str(value).split()))


def escape_inline(text: str) -> str:
    """``text`` escaped, its white space untouched."""
    return _SPECIAL.sub(r"\\\1", text)


def code(value: object) -> str:
    """``value`` as an inline code span, whatever backticks it holds.

    An empty value gives an empty text: Markdown has no empty code span.
    """
    text = " ".join(str(value).split())
    if not text:
        return ""
    fence = "`" * (_longest_run(text) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def prose(value: object) -> str:
    """``value`` on one line, escaped but for its code spans, those of reStructuredText included."""
    text = " ".join(str(value).split())
    pieces, end = [], 0
    for span in _SPAN.finditer(text):
        pieces += [escape_inline(text[end : span.start()]), code(span["code"].strip("~"))]
        end = span.end()
    return "".join([*pieces, escape_inline(text[end:])])


def fenced(value: object, language: str = "") -> str:
    """``value`` as a fenced code block, whatever backticks it holds."""
    text = str(value).rstrip("\n")
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def cell(value: object) -> str:
    """Markdown for one cell of a table: pipes escaped, line breaks folded.

    For Markdown that is ready otherwise; for raw text :func:`escape` covers pipes too.
    """
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(str(value).split()))


def anchor(value: object) -> str:
    """The fragment that GitHub and most renderers give a heading with this text."""
    return _NOT_IN_ANCHOR.sub("", str(value).strip().lower()).replace(" ", "-")


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
