"""Everything that waits for a person's answer, across all runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ..app.domain.asking import Ask
from ..app.domain.words import ago
from ._answer_keys import AnswersAsks
from ._cells import clean, fit
from ._keyed_lines import KeyedLines, move_bindings

AGE = 6
"""Cells for how long a question has waited."""


class ApprovalList(AnswersAsks, KeyedLines, can_focus=True):
    """One line a question, oldest first. Set ``asks`` and ``now``; keys answer the one under the cursor."""

    BINDING_GROUP_TITLE = "Questions"
    HELP = """
    What runs ask you, whichever they are; the oldest first. The keys below the list answer the question
    under the cursor; as capital letters they let you say why first. `enter` goes to its run.
    """
    DEFAULT_CSS = """
    ApprovalList {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; color: $foreground;
        & > .approval-list--glyph { color: $text-warning; }
        & > .approval-list--who { color: $text; }
        & > .approval-list--quiet { color: $text-muted; }
        & > .approval-list--cursor { background: $block-cursor-blurred-background; }
        &:focus > .approval-list--cursor { background: $primary 35%; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"approval-list--{tone}" for tone in ("glyph", "who", "quiet", "cursor")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *move_bindings("asks", "question"),
        Binding("enter", "open", "To the run", id="asks.open", tooltip="To the run that asks"),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor came to another question; ``None`` where there is none."""

        ask: Ask | None

    @dataclass
    class Opened(Message):
        """The person wants to see the run that asks."""

        ask: Ask

    asks: reactive[tuple[Ask, ...]] = reactive((), init=False, repaint=False)
    now: reactive[float] = reactive(0.0, init=False)
    """Seconds since the epoch."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[Ask, ...] = ()

    @property
    def highlighted(self) -> Ask | None:
        """The question under the cursor."""
        return None if self.cursor_place is None else self._shown[self.cursor_place]

    @property
    def current_ask(self) -> Ask | None:
        """The question under the cursor, unless a filter is being typed."""
        return None if self.filtering else self.highlighted

    def watch_asks(self) -> None:
        self._refill()

    def watch_filter(self) -> None:
        self._refill()
        self.refresh_bindings()

    def cursor_moved(self) -> None:
        self.post_message(self.Highlighted(self.highlighted))

    def action_open(self) -> None:
        if ask := self.highlighted:
            self.post_message(self.Opened(ask))

    def render_line(self, y: int) -> Strip:
        """Glyph and word, who asks, what, and for how long it waits."""
        place = y + self.scroll_offset.y
        if place >= len(self._shown):
            return Strip.blank(self._width, self.visual_style.rich_style)
        ask = self._shown[place]
        is_cursor = ask.id == self.cursor_key
        extra = ("approval-list--cursor",) if is_cursor else ()
        who = fit(clean(ask.who), min(24, self._width // 3))
        age = fit(ago(max(0.0, self.now - ask.since)), AGE, right=True)
        head = ("▌ " if is_cursor else "  ") + "◐ "
        room = self._width - cell_len(head) - cell_len(who) - AGE - 2
        cells = (
            (head, "glyph"),
            (f"{who} ", "who"),
            (fit(clean(ask.question), max(0, room)), "who"),
            (f" {age}", "quiet"),
        )
        segments = [
            Segment(words, self.get_visual_style(f"approval-list--{tone}", *extra).rich_style)
            for words, tone in cells
        ]
        edge = segments[-1].style
        return Strip(segments).adjust_cell_length(self._width, edge)

    def _refill(self) -> None:
        words = self.filter.lower().split()
        self._shown = tuple(
            ask for ask in self.asks if all(word in f"{ask.who} {ask.question}".lower() for word in words)
        )
        self.put_keys([ask.id for ask in self._shown])
        self.post_message(self.Highlighted(self.highlighted))
