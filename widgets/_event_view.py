"""Where the rows of a run's events stand on the screen, and which events that takes.

The look of the rows and the keys are :mod:`run_log`'s; here are only lines, scrolling and pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..app.domain.events import Event
from ._event_pages import EventPages, Lines

Row = tuple[int, int]
"""The seq of an event, and which of its lines."""


class EventView(ScrollView):
    """Scrolls through events that are mostly not in memory, without a jump when they arrive.

    The truth is a row, not a line number: line numbers are guesses wherever events are not laid out,
    so each change takes hold of a row that is in view and puts it back where it stood.
    """

    # Their handlers are named after the widget that people know: on_run_log_….
    @dataclass
    class PageWanted(Message, namespace="run_log"):
        """Events ``first_seq`` to ``last_seq``, both included, are wanted: answer with ``put``."""

        view: EventView
        execution: str
        first_seq: int
        last_seq: int

        @property
        def control(self) -> EventView:
            return self.view

    @dataclass
    class UnseenChanged(Message, namespace="run_log"):
        """``unseen`` events came below what is shown; 0 once they were seen."""

        view: EventView
        unseen: int

        @property
        def control(self) -> EventView:
            return self.view

    length: reactive[int] = reactive(0, init=False, repaint=False)
    """The last ``seq`` known of the execution."""
    following: reactive[bool] = reactive(True, init=False, repaint=False)
    """Whether the view stays at the end. Scrolling or moving up ends it."""
    unseen: reactive[int] = reactive(0, init=False, repaint=False)
    """Events that came below the view while it does not follow."""
    has_rows: reactive[bool] = reactive(False, init=False, repaint=False, bindings=True)
    """Whether there is a row to act on."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._execution = ""
        self._start = 0.0
        self._cursor = 0
        self._seen = 0
        self._settling = False
        self._asked: Row | None = None
        self._ask_soon = False
        self._laid_out_for = 0
        self._view_size = Size(0, 0)
        self._rows: list[Row] = []
        self._pages = EventPages(self.lay_out_event)

    @property
    def execution(self) -> str:
        """The id of the execution that is shown, empty before :meth:`show`."""
        return self._execution

    @property
    def cursor(self) -> int:
        """The ``seq`` of the row under the cursor, 0 while there is none."""
        return self._cursor

    @property
    def start(self) -> float:
        """The moment that row times count from, in seconds since the epoch."""
        return self._start

    @property
    def cursor_event(self) -> Event | None:
        """The event under the cursor, ``None`` while it is not at hand."""
        return self._pages.event(self._cursor)

    @property
    def pages_held(self) -> int:
        """How many pages of events are in memory."""
        return self._pages.count

    def show(self, execution: str, start: float) -> None:
        """Show another execution, from nothing, following.

        Args:
            execution: its id.
            start: the moment that row times count from, in seconds since the epoch.
        """
        self._execution, self._start = execution, start
        self._cursor = self._seen = 0
        self._asked = None
        self._rows = []
        self._pages = EventPages(self.lay_out_event)
        self.forget_drawn()
        with self._quietly():
            self.length = 0
            self.following = True
        self.unseen = 0
        self._settle()

    def put(self, events: Sequence[Event]) -> None:
        """Give events, in answer to :class:`PageWanted` or as they come. Those of another execution,
        late answers, are dropped."""
        if not events or events[0].execution != self._execution:
            return
        self._pages.put(events)
        if self._asked and events[0].seq <= self._asked[1] <= events[-1].seq:
            self._asked = None
        with self._quietly():
            self.length = max(self.length, events[-1].seq)
        self._settle()

    def go_to(self, seq: int) -> None:
        """Put the cursor on an event, the nearest where there is none, and show it."""
        self.move_to(seq, follow=False)

    def event(self, seq: int) -> Event | None:
        """An event, ``None`` while it is not at hand."""
        return self._pages.event(seq)

    def lines_of(self, seq: int) -> Lines | None:
        """An event's lines, ``None`` while it is not laid out."""
        return self._pages.lines(seq)

    def events_in_view(self) -> list[Event]:
        """The events at hand of which a line is in view."""
        found = (self.event(seq) for seq in dict.fromkeys(seq for seq, _ in self._rows))
        return [event for event in found if event]

    def lay_out_event(self, event: Event) -> Lines:
        """The lines that an event takes at the present width; for the subclass to say."""
        raise NotImplementedError

    def forget_drawn(self) -> None:
        """Called when nothing drawn so far is right any more; for the subclass to forget it."""

    def lay_out_again(self) -> None:
        """Lay out everything in view for another width, with the same event at the top."""
        top = self._rows[0][0] if self._rows else 0
        self._pages.forget_layout()
        self.forget_drawn()
        with self._quietly():
            self._resize_to_content()
            if top:
                self._scroll_to_line(self._pages.line_of(top))
        self._settle()

    @property
    def rows(self) -> Sequence[Row]:
        """What stands on each line of the view, from its top; shorter where the events end."""
        return self._rows

    @property
    def view_width(self) -> int:
        """Cells a row has."""
        return self._view_size.width

    @property
    def view_height(self) -> int:
        """Lines in view."""
        return self._view_size.height

    def is_cut_off(self, direction: int) -> bool:
        """Whether the cursor's row goes on above (-1) or below (1) the view."""
        line, top = self._pages.line_of(self._cursor), self.scroll_offset.y
        if direction < 0:
            return line < top
        return line + self._pages.height(self._cursor) > top + self.view_height

    def render_lines(self, crop: Region) -> list[Strip]:
        self._measure()
        return super().render_lines(crop)

    def watch_length(self) -> None:
        if not self._settling:
            self._settle()

    def watch_following(self, following: bool) -> None:
        if following:
            self._cursor = self.length
        else:
            self._seen = self._pages.end
        if not self._settling:
            self._settle()

    def watch_show_vertical_scrollbar(self) -> None:
        """A bar that appears after the log has scrolled begins where the log is, not at the top."""
        self.vertical_scrollbar.position = self.scroll_y

    def watch_unseen(self, unseen: int) -> None:
        self.post_message(self.UnseenChanged(self, unseen))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self._settling or round(old_value) == round(new_value):
            return
        if self.scrollable_content_region.size != self._view_size:
            # Another size has moved the view, not a person; what follows from it is for on_resize.
            return
        with self._quietly():
            self.following = round(new_value) >= self.max_scroll_y and self._pages.end == self.length
        self._settle()

    def on_resize(self) -> None:
        self._measure()
        if self.view_width != self._laid_out_for:
            self._laid_out_for = self.view_width
            self.lay_out_again()
        else:
            self._settle()

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """What changes inside is our own doing, not a person's: watchers do not act on it."""
        before, self._settling = self._settling, True
        try:
            yield
        finally:
            self._settling = before

    def _settle(self) -> None:
        """Bring lines, scroll offset and cursor in step after something changed."""
        self._measure()
        if not self.view_height:
            return
        with self._quietly():
            if self.following:
                self._settle_at_end()
            else:
                self._settle_in_place()
            first, last = self._look()
            self._pages.trim(first - self.view_height, last + self.view_height)
            if not self.following:
                self._seen = max(self._seen, last)
        self.has_rows = bool(self._rows)
        self.unseen = 0 if self.following else max(0, self.length - self._seen)
        self.refresh()
        self._ask_for_page()

    def _settle_at_end(self) -> None:
        # The end that is shown moves when its events arrive, so that following never shows "…".
        self._pages.end = max(self._pages.end, self._pages.received)
        self._pages.lay_out(self._pages.end - self.view_height + 1, self._pages.end)
        self._resize_to_content()
        self._scroll_to_line(self._pages.total - self.view_height)
        self._cursor = self._pages.end

    def _settle_in_place(self) -> None:
        self._pages.end = self.length
        self._resize_to_content()
        seq, part, y = self._anchor()
        first, last = self._look()
        had_cursor = first <= self._cursor <= last
        # One screen beyond each edge too: it is laid out before it is scrolled to.
        while self._pages.lay_out(first - self.view_height, last + self.view_height):
            self._resize_to_content()
            self._scroll_to_line(self._pages.line_of(seq) + part - y)
            first, last = self._look()
        if had_cursor and not first <= self._cursor <= last:
            self._scroll_to_line(self._line_that_shows(self._cursor))

    def _look(self) -> tuple[int, int]:
        """See anew what is in view. The first and the last seq of it."""
        self._rows = self._pages.span(self.scroll_offset.y, self.view_height)
        return (self._rows[0][0], self._rows[-1][0]) if self._rows else (1, 0)

    def _anchor(self) -> tuple[int, int, int]:
        """The row that must not move on the screen (seq, part, y): one with words where there is one."""
        self._look()
        rows = [(seq, part, y) for y, (seq, part) in enumerate(self._rows)]
        ready = [row for row in rows if self._pages.lines(row[0])]
        under_cursor = [row for row in ready if row[0] == self._cursor]
        return next(iter(under_cursor or ready or rows), (1, 0, 0))

    def _measure(self) -> None:
        """Asking the compositor for the region costs more than drawing a row: once a frame is enough."""
        self._view_size = self.scrollable_content_region.size

    def _resize_to_content(self) -> None:
        size = Size(self.view_width, self._pages.total)
        if self.show_vertical_scrollbar and size.height > self.view_height:
            # Assigning it would lay out and draw the whole screen, twenty times a second while a run
            # writes. Nothing but the scrollbar depends on it while there is one.
            self.set_reactive(ScrollView.virtual_size, size)
            self.vertical_scrollbar.window_virtual_size = size.height
        else:
            self.virtual_size = size

    def _scroll_to_line(self, line: int) -> None:
        line = max(0, line)
        if line != self.scroll_offset.y:
            self.scroll_to(y=line, animate=False, force=True)

    def move_to(self, seq: int, *, follow: bool) -> None:
        """As :meth:`go_to`; with ``follow``, arriving at the end means to stay there."""
        seq = max(1, min(seq, self.length))
        if follow and seq == self.length:
            self.following = True
            return
        self.following = False
        self._cursor = seq
        self._settle()
        with self._quietly():
            self._scroll_to_line(self._line_that_shows(seq))
        self._settle()

    def _line_that_shows(self, seq: int) -> int:
        """The top line, moved as little as possible, with which the event is in view."""
        self._pages.lay_out(seq - self.view_height, seq + self.view_height)
        self._resize_to_content()
        line, top = self._pages.line_of(seq), self.scroll_offset.y
        bottom = line + self._pages.height(seq)
        if line < top or bottom - line > self.view_height:
            return line
        return max(top, bottom - self.view_height)

    def _ask_for_page(self) -> None:
        """Ask once the current messages are done: what is wanted may be on its way already."""
        if not self._ask_soon:
            self._ask_soon = True
            self.call_later(self._ask)

    def _ask(self) -> None:
        self._ask_soon = False
        missing = self._missing()
        if missing is None:
            return
        first, last = missing
        if self._asked and self._asked[0] <= first and last <= self._asked[1]:
            return
        self._asked = missing
        self.post_message(self.PageWanted(self, self._execution, first, last))

    def _missing(self) -> Row | None:
        if self.following:
            return self._pages.missing(self.length - self.view_height + 1, self.length, self.length)
        if not self._rows:
            return None
        first, last = self._rows[0][0], self._rows[-1][0]
        return self._pages.missing(first - self.view_height, last + self.view_height, self.length)
