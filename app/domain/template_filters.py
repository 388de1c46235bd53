"""The filters of Paracle's own that templates have, beside Jinja2's common ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from . import docstrings, markdown, words
from .template_limits import LimitReached, build, concat, metered


def printf(text: str, *values: Any) -> str:
    """``text % values`` without widths that could be any size."""
    if re.search(r"%[^a-zA-Z%]*(\d{4,}|\*)", text):
        raise LimitReached("a format with a width of four or more digits")
    return text % values


def _replace(value: Any, old: str, new: str, limit: int | None = None) -> str:
    text = str(value)
    times = text.count(old) if limit is None else limit
    build(len(text) + max(times, 0) * len(new))
    return text.replace(old, new, -1 if limit is None else limit)


def _join(items: Iterable[Any], between: str = "", attribute: str | None = None) -> str:
    pieces: list[str] = []
    for item in items:
        if pieces:
            pieces.append(between)
        pieces.append(str(item if attribute is None else item[attribute]))
    return concat(pieces)


def _indent(value: Any, width: int = 4, first: bool = False) -> str:
    lines = str(value).split("\n")
    build(sum(map(len, lines)) + len(lines) * max(width, 0))
    pad = " " * width
    shown = [pad + line if line.strip() and (first or number) else line for number, line in enumerate(lines)]
    return "\n".join(shown)


def _ljust(value: Any, width: int) -> str:
    build(width)
    return str(value).ljust(width)


def _round(value: float, digits: int = 0) -> float:
    return round(value, max(-20, min(digits, 20)))


def _plural(number: int, noun: str, many: str = "") -> str:
    return words.plural(number, noun, many)


def _thousands(number: int) -> str:
    return f"{number:,}"


def _flatten(lists: Iterable[Any], attribute: str | None = None) -> list[Any]:
    flat = [item for part in lists for item in (part if attribute is None else part[attribute])]
    build(len(flat))
    return flat


def _batch(items: Iterable[Any], size: int) -> list[list[Any]]:
    """Lists of at most ``size`` items each, in order."""
    whole = list(items)
    return [whole[begin : begin + size] for begin in range(0, len(whole), size)]


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "_metered": metered,
    "_concat": lambda pieces: concat(map(str, pieces)),
    "format": printf,
    "replace": _replace,
    "join": _join,
    "indent": _indent,
    "ljust": _ljust,
    "round": _round,
    "plural": _plural,
    "thousands": _thousands,
    "one_line": words.one_line,
    "md": markdown.escape,
    "code": markdown.code,
    "prose": markdown.prose,
    "fenced": markdown.fenced,
    "docstring": docstrings.body,
    "batch": _batch,
    "flatten": _flatten,
    "cell": markdown.cell,
    "anchor": markdown.anchor,
}
