"""A list of one line a row whose cursor and view belong to rows, not to line numbers."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView

from ._typed_filter import TypedFilter

MOVE = Binding.Group("Move", compact=True)


def move_bindings(group: str, noun: str) -> list[Binding]:
    """The keys that move through a list of newest-first rows, with ids that begin with ``group``."""

    def key(keys: str, action: str, words: str, name: str, tooltip: str) -> Binding:
        return Binding(keys, action, words, id=f"{group}.{name}", group=MOVE, show=False, tooltip=tooltip)

    return [
        key("up,k", "move(-1)", "Up", "up", f"To the newer {noun}"),
        key("down,j", "move(1)", "Down", "down", f"To the older {noun}"),
        key("pageup", "page(-1)", "Page up", "page-up", "Back"),
        key("pagedown", "page(1)", "Page down", "page-down", "On"),
        key("home,g", "first", "Newest", "home", "The newest"),
        key("end,G", "last", "Oldest", "end", "The oldest"),
    ]


class KeyedLines(TypedFilter, ScrollView, can_focus=True):
    """The cursor, the view and the mouse of a list; what the rows are and how they look is the subclass's.

    A subclass gives the keys of its rows to :meth:`put_keys` whenever they have changed, draws a line by its
    place, and says in :meth:`cursor_moved` and :meth:`action_open` what comes of moving and of opening. A
    heading has an empty key: the cursor passes over it.
    """

    ALLOW_SELECT = False

    has_rows: reactive[bool] = reactive(False, init=False, repaint=False, bindings=True)
    """Whether there is a row to act on."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._keys: Sequence[str] = ()
        self._places: dict[str, int] = {}
        self._cursor = ""

    @property
    def cursor_key(self) -> str:
        """The key of the row under the cursor; empty where there is no row."""
        return self._cursor

    @property
    def cursor_place(self) -> int | None:
        """The line of the cursor, from 0."""
        return self._places.get(self._cursor)

    @property
    def last_line_shown(self) -> int:
        """The lowest line that the view reaches."""
        return self.scroll_offset.y + self._height

    def go_to(self, key: str) -> bool:
        """Put the cursor on a row. False where it is not shown."""
        if key not in self._places:
            return False
        self._move_to(self._places[key])
        return True

    def put_keys(self, keys: Sequence[str]) -> None:
        """Take the rows that there are now; the cursor and the view stay with the rows they are on."""
        top, cursor = self.scroll_offset.y, self._places.get(self._cursor)
        in_view = cursor is not None and top <= cursor < top + self._height
        # At the very top the newest is what one looks at: it stays in view.
        hold = self._keys[top] if 0 < top < len(self._keys) else ""
        before, self._keys = self._keys, keys
        self._places = {key: place for place, key in enumerate(keys) if key}
        # The width is the widget's own whatever is said here: a change of it would mean another layout.
        self.virtual_size = Size(1, len(keys))
        if hold:
            self._scroll_to_line(self._places.get(hold, top))
        if self._cursor not in self._places:
            self._settle_cursor(before, cursor or 0)
        if in_view and self._cursor:
            self._scroll_to_show(self._places[self._cursor])
        self.has_rows = bool(self._places)
        self.refresh()

    def cursor_moved(self) -> None:
        """The cursor came to another row."""

    # Handlers

    def on_resize(self) -> None:
        if self._cursor in self._places:
            self._scroll_to_show(self._places[self._cursor])

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or (place := offset.y + self.scroll_offset.y) >= len(self._keys):
            return
        if not self._keys[place]:
            return
        self._move_to(place)
        if event.chain == 2:
            self.action_open()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if self.why_not(action) else super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        return "nothing is listed" if action == "open" and not self.has_rows else ""

    def action_move(self, by: int) -> None:
        self._move_to(self._places.get(self._cursor, 0) + by, by)

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self._height - 1))

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(len(self._keys) - 1)

    def action_open(self) -> None:
        """Open the row under the cursor."""

    # Private

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    def _settle_cursor(self, before: Sequence[str], place: int) -> None:
        """The cursor's row has gone: take the next one that is still there, else the last."""
        if not self._places:
            self._cursor = ""
            return
        rows = list(self._places)
        below = (key for key in before[place:] if key in self._places)
        self._cursor = next(below, rows[0 if not before else -1])
        self.cursor_moved()

    def _move_to(self, place: int, by: int = 1) -> None:
        """Go to a line, on from a heading in the direction of ``by``."""
        if not self._places:
            return
        place = max(0, min(place, len(self._keys) - 1))
        step = -1 if by < 0 else 1
        while not self._keys[place]:
            # There is a row below every heading, and none above the first.
            step = step if place else 1
            place += step
        self._scroll_to_show(place)
        if self._keys[place] != self._cursor:
            self._cursor = self._keys[place]
            self.refresh()
            self.refresh_bindings()
            self.cursor_moved()

    def _scroll_to_show(self, place: int) -> None:
        top = self.scroll_offset.y
        # A heading comes into view with the first row below it.
        first = place - 1 if place and not self._keys[place - 1] else place
        if first < top:
            self._scroll_to_line(first)
        elif place >= top + self._height > top:
            self._scroll_to_line(place - self._height + 1)

    def _scroll_to_line(self, line: int) -> None:
        if line != self.scroll_offset.y:
            self.scroll_to(y=line, animate=False, force=True)
