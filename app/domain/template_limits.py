"""How much work and text one rendering of a template may take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import jinja2

MAX_TEXT: Final = 16 * 1024 * 1024
"""The longest text, in characters, and the longest list that a template may build."""

MAX_TOTAL: Final = 8 * MAX_TEXT
"""The same, summed over everything that one rendering builds on its way."""

MAX_STEPS: Final = 2_000_000
"""Loop passes in one rendering. A call counts as ten, which is about what it costs."""

CALL_STEPS: Final = 10


class LimitReached(jinja2.TemplateRuntimeError):
    """A template asked for more work or text than it may have."""


@dataclass(slots=True)
class Meter:
    """What one rendering has left."""

    steps: int = MAX_STEPS
    total: int = MAX_TOTAL

    def tick(self, steps: int = 1) -> None:
        """Count a loop pass, or a call as several."""
        self.steps -= steps
        if self.steps < 0:
            raise LimitReached(f"more than {MAX_STEPS:,} loop passes and calls")

    def build(self, size: int) -> None:
        """Count a text or list of this many characters or items before it is made."""
        self.total -= size
        if size > MAX_TEXT or self.total < 0:
            raise LimitReached(f"a text or list of more than {MAX_TEXT:,} characters or items")


METER: ContextVar[Meter] = ContextVar("template_meter")


def build(size: int) -> None:
    """Count what is about to be built; see :meth:`Meter.build`."""
    METER.get().build(size)


def concat(pieces: Iterable[str]) -> str:
    """The pieces as one text, given up as soon as it is too long."""
    meter = METER.get()
    kept: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_TEXT:
            break
        kept.append(piece)
    meter.build(size)
    return "".join(kept)


def metered(items: Iterable[Any]) -> Iterator[Any]:
    """The items, each counted as a loop pass."""
    meter = METER.get()
    for item in items:
        meter.tick()
        yield item
