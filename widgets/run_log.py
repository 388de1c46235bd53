"""The log of one execution: a view over its events that never holds them all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ..app.domain.events import Event
from ._cells import fit, wrap
from ._event_pages import Lines
from ._event_rows import CLASSES, TIME_WIDTH, class_of, stopwatch, words_of
from ._event_view import EventView

MOVE = Binding.Group("Move", compact=True)
GUTTER = 2
TIME_FROM = 40
"""Narrower than this, the words need the room more than the time does."""


class RunLog(EventView, can_focus=True):
    """Shows the events of an execution by line, and asks for those that it needs to show.

    Call :meth:`show` once an execution, set ``length`` whenever it has grown, and answer every
    :class:`PageWanted` with :meth:`put` (events may also be put unasked). At its end it follows; scrolled
    up it stays, and ``unseen`` counts what came since.
    """

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "Run log"
    HELP = """\
Every event of the run, as it was recorded.

At the end it follows the run; scrolled up it stays where you are and counts what is new.
"""

    DEFAULT_CSS = """
    RunLog {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        color: $foreground;
        & > .run-log--time { color: $text-muted; text-style: dim; }
        & > .run-log--pending { color: $text-muted; text-style: dim; }
        & > .run-log--quiet { color: $text-muted; }
        & > .run-log--step { color: $text; }
        & > .run-log--text { color: $text; }
        & > .run-log--commit { color: $text-primary; }
        & > .run-log--success { color: $text-success; }
        & > .run-log--warning { color: $text-warning; }
        & > .run-log--error { color: $text-error; }
        & > .run-log--unseen { color: $block-cursor-foreground; background: $primary; text-style: bold; }
        & > .run-log--cursor { background: $block-cursor-blurred-background; }
        &:focus > .run-log--cursor { background: $primary 35%; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *CLASSES.values(),
        "run-log--cursor",
        "run-log--pending",
        "run-log--time",
        "run-log--unseen",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", id="log.up", group=MOVE, show=False, tooltip="To the event before"),
        Binding(
            "down,j", "move(1)", "Down", id="log.down", group=MOVE, show=False, tooltip="To the next event"
        ),
        Binding("pageup", "page(-1)", "Page up", id="log.page-up", group=MOVE, show=False, tooltip="Back"),
        Binding("pagedown", "page(1)", "Page down", id="log.page-down", group=MOVE, show=False, tooltip="On"),
        Binding(
            "home,g", "first", "Start", id="log.home", group=MOVE, show=False, tooltip="To the first event"
        ),
        Binding(
            "left,h", "shift(-1)", "Left", id="log.left", group=MOVE, show=False, tooltip="Unwrapped: left"
        ),
        Binding(
            "right,l", "shift(1)", "Right", id="log.right", group=MOVE, show=False, tooltip="Unwrapped: right"
        ),
        Binding("end,G", "follow", "Follow", id="log.end", tooltip="To the end, and stay there"),
        Binding("enter", "select", "Open", id="log.open", tooltip="The whole event"),
        Binding("w", "wrap", "Wrap", id="log.wrap", tooltip="Long rows on several lines or cut"),
        Binding("y", "copy", "Copy", id="log.copy", tooltip="Copy the row's words"),
    ]

    @dataclass
    class EventSelected(Message):
        """The person opened a row."""

        run_log: RunLog
        event: Event

        @property
        def control(self) -> RunLog:
            return self.run_log

    wrapped: reactive[bool] = reactive(True, init=False, repaint=False)
    """Whether long rows take several lines; else they are cut and ``left``/``right`` shift them."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shift = 0
        self._strip = lru_cache(maxsize=512)(self._make_strip)

    # Watchers

    def watch_wrapped(self) -> None:
        self._shift = 0
        self.lay_out_again()

    # Handlers

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if self.unseen and offset.y == self.view_height - 1 and offset.x >= self.view_width - len(self._chip):
            self.action_follow()
        elif offset.y < len(self.rows):
            self.go_to(self.rows[offset.y][0])
            if event.chain == 2:
                self.action_select()

    def notify_style_update(self) -> None:
        self.forget_drawn()
        super().notify_style_update()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("select", "copy"):
            return True if self.has_rows else None
        if action == "shift":
            return None if self.wrapped else True
        return True

    def action_move(self, by: int) -> None:
        """To the next or the previous event; through one that is higher than the view, by pages."""
        if not self.rows:
            return
        first, last = self.rows[0][0], self.rows[-1][0]
        if not first <= self.cursor <= last:
            self.go_to(first if self.cursor < first else last)
        elif self.is_cut_off(by):
            self.scroll_relative(y=by * (self.view_height - 1), animate=False, force=True)
        else:
            self.move_to(self.cursor + by, follow=by > 0)

    def action_page(self, by: int) -> None:
        """A view's height up or down, and the cursor with it."""
        if not self.rows:
            return
        before = self.scroll_offset.y
        self.scroll_relative(y=by * max(1, self.view_height - 1), animate=False, force=True)
        if self.scroll_offset.y == before or not self.following:
            self.move_to(self.rows[0 if by < 0 else -1][0], follow=by > 0)

    def action_first(self) -> None:
        self.go_to(1)

    def action_follow(self) -> None:
        self.following = True

    def action_shift(self, by: int) -> None:
        """Move unwrapped rows sideways, as far as the longest row in view reaches."""
        longest = max((len(words_of(event)) for event in self.events_in_view()), default=0)
        self._shift = max(0, min(self._shift + by * 8, longest - self._words_width // 2))
        self.forget_drawn()
        self.refresh()

    def action_select(self) -> None:
        if event := self.cursor_event:
            self.post_message(self.EventSelected(self, event))

    def action_wrap(self) -> None:
        self.wrapped = not self.wrapped

    def action_copy(self) -> None:
        if event := self.cursor_event:
            self.app.copy_to_clipboard(words_of(event).strip())
            self.notify("Row copied")

    # Drawing

    def lay_out_event(self, event: Event) -> Lines:
        words = words_of(event)
        return wrap(words, self._words_width) if self.wrapped else (words,)

    def forget_drawn(self) -> None:
        self._strip.cache_clear()

    def render_line(self, y: int) -> Strip:
        width = self.view_width
        if y < len(self.rows):
            seq, part = self.rows[y]
            # A row that waits for its page is not kept: it changes when the page arrives.
            make = self._strip if self.lines_of(seq) else self._make_strip
            strip = make(seq, part, seq == self.cursor)
        elif y == 0 and not self.rows:
            quiet = self.get_visual_style("run-log--pending").rich_style
            strip = Strip([Segment(fit(self._why_empty(), width), quiet)], width)
        else:
            strip = Strip.blank(width, self.visual_style.rich_style)
        if self.unseen and y == self.view_height - 1:
            chip = Segment(self._chip, self.get_visual_style("run-log--unseen").rich_style)
            strip = Strip.join([strip.crop(0, max(0, width - len(self._chip))), Strip([chip])])
        return strip

    def _make_strip(self, seq: int, part: int, is_cursor: bool) -> Strip:
        event, lines = self.event(seq), self.lines_of(seq)
        extra = ("run-log--cursor",) if is_cursor else ()
        kind = class_of(event) if event else "run-log--pending"
        words = lines[part][self._shift :] if lines else "…"
        style = self.get_visual_style(kind, *extra).rich_style
        segments = [Segment("▌ " if is_cursor else "  ", style)]
        if self._time_width:
            time = stopwatch(event.time - self.start) if event and not part else ""
            time_style = self.get_visual_style("run-log--time", *extra).rich_style
            segments.append(Segment(fit(time, TIME_WIDTH, right=True) + "  ", time_style))
        segments.append(Segment(fit(words, self._words_width), style))
        return Strip(segments, self.view_width)

    def _why_empty(self) -> str:
        if not self.execution:
            return "  No run here yet. enter on a run shows it."
        return "  …" if self.length else "  Nothing has happened yet. The first event appears here."

    @property
    def _chip(self) -> str:
        return f" ↓ {self.unseen:,} new  end "

    @property
    def _time_width(self) -> int:
        return TIME_WIDTH + 2 if self.view_width >= TIME_FROM else 0

    @property
    def _words_width(self) -> int:
        return max(1, self.view_width - GUTTER - self._time_width)
