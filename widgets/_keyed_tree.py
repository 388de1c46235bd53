"""Rows that open and close, drawn line by line; brought to new rows by identity, so that the cursor stays."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ._cells import fit
from ._explorer_rows import Item, Row

CLOSED = "▸ "
OPEN = "▾ "
INDENT = 2


@dataclass(slots=True)
class Line:
    """A row that can be seen, how deep it stands, and the line of the row that holds it (-1: none)."""

    row: Row
    depth: int
    parent: int


class KeyedTree(ScrollView, can_focus=True):
    """Draws :class:`Row` values; :meth:`merge` replaces them by others.

    Textual's tree makes an object for each row and measures every one at each layout. Here only rows
    that can be seen are looked at, which also serves a folder of thousands of files.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyedTree { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size: 0 1; color: $foreground; }
    """

    hovered: reactive[int] = reactive(-1, init=False)
    """The line under the mouse, -1 for none."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._wanted: tuple[Row, ...] = ()
        self._lines: list[Line] = []
        self._places: dict[Item, int] = {}
        self._cursor = 0

    # What subclasses are told

    def cursor_came(self, item: Item) -> None:
        """The cursor is on another item."""

    def chosen(self, row: Row) -> None:
        """Enter or a click on a row."""

    def asked_to_open(self, row: Row, is_open: bool) -> None:
        """The row, which can be opened, is to be open or closed. Answered by a :meth:`merge`."""

    # The rows

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor."""
        return self._lines[self._cursor].row if self._cursor < len(self._lines) else None

    @property
    def cursor_item(self) -> Item | None:
        """What the cursor is on."""
        row = self.cursor_row
        return row.item if row is not None else None

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows that are not hidden in a closed one, from the top."""
        return tuple(line.row for line in self._lines)

    def merge(self, wanted: tuple[Row, ...]) -> None:
        """Bring the tree to ``wanted``. The row under the cursor keeps its place on the screen.

        Where a closed row hides it, the cursor goes to that one; where it is gone, the cursor takes the
        one that came to its line.
        """
        held = self._cursor_path()
        offset = self._cursor - self.scroll_offset.y
        self._wanted = wanted
        self._lines = []
        self._add(wanted, 0, -1)
        self._places = {line.row.item: place for place, line in enumerate(self._lines)}
        # The width is the widget's own whatever is said here: a change of it would mean another layout.
        self.virtual_size = Size(1, len(self._lines))
        there = held and (held[0] in self._places or held[0] in _items(wanted))
        place = next((self._places[item] for item in held if item in self._places), None) if there else None
        if place is None:
            self.to_line(self._cursor)
        else:
            self._put_cursor(place)
            if 0 <= offset < self._height:
                self._scroll_to_line(place - offset)
        self.refresh()

    def to_item(self, item: Item) -> bool:
        """Move the cursor to an item; false where it is hidden or not there."""
        place = self._places.get(item)
        if place is not None:
            self.to_line(place)
        return place is not None

    def to_line(self, line: int) -> None:
        """Move the cursor to a line, or to the one that is nearest to it."""
        if self._lines:
            self._put_cursor(max(0, min(line, len(self._lines) - 1)))
            self._show_cursor()

    # Keys and mouse

    def action_move(self, by: int) -> None:
        """Move the cursor by some lines."""
        self.to_line(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by screens."""
        self.action_move(by * max(1, self._height - 1))

    def action_first(self) -> None:
        """Go to the first row."""
        self.to_line(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self.to_line(len(self._lines) - 1)

    def action_open_or_close(self) -> None:
        """Open the row under the cursor, or close it."""
        row = self.cursor_row
        if row is not None and row.can_open:
            self.asked_to_open(row, not row.is_open)

    def action_choose(self) -> None:
        """Open or close the row under the cursor, or choose what it stands for."""
        row = self.cursor_row
        if row is not None:
            self.action_open_or_close()
            self.chosen(row)

    def action_open(self) -> None:
        """Open the row under the cursor, or go to its first entry."""
        row = self.cursor_row
        if row is None or not row.can_open:
            return
        if row.is_open:
            self.action_move(1)
        else:
            self.asked_to_open(row, True)

    def action_close(self) -> None:
        """Close the row under the cursor, or go to what holds it."""
        row = self.cursor_row
        if row is None:
            return
        if row.can_open and row.is_open:
            self.asked_to_open(row, False)
        elif self._lines[self._cursor].parent >= 0:
            self.to_line(self._lines[self._cursor].parent)

    def on_click(self, event: events.Click) -> None:
        """Choose the row that was clicked."""
        line = self._line_at(event)
        if line >= 0:
            self.to_line(line)
            self.action_choose()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self.hovered = self._line_at(event)

    def on_leave(self) -> None:
        self.hovered = -1

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._show_cursor()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One row, filled to the edge, so that the cursor is a bar and not a patch."""
        width, place = self._width, y + self.scroll_offset.y
        if place >= len(self._lines):
            return Strip.blank(width, self.visual_style.rich_style)
        line = self._lines[place]
        row = line.row
        icon = (OPEN if row.is_open else CLOSED) if row.can_open else ""
        before = " " * (INDENT * line.depth) + icon
        glyph = row.glyph + " " if row.glyph else ""
        mark = row.mark + ("" if self.show_vertical_scrollbar else " ")
        # A very long name leaves the mark its room, but not all of it where there is next to none.
        room = max(width // 2, width - cell_len(mark)) - cell_len(before) - cell_len(glyph) - 1
        words = fit(row.words, min(room, cell_len(row.words)))
        blank = " " * max(1, width - cell_len(before) - cell_len(glyph) - cell_len(words) - cell_len(mark))
        cells = ((before, ""), (glyph, row.glyph_tone), (words, row.tone), (blank, ""), (mark, row.mark_tone))
        return Strip(self._inked(cells, place)).adjust_cell_length(width)

    def _inked(self, cells: tuple[tuple[str, str], ...], place: int) -> list[Segment]:
        # Under the cursor the cursor's own colours win: two colours on one background may not be readable.
        if place == self._cursor:
            style = self.get_visual_style("explorer--cursor").rich_style
            return [Segment(words, style) for words, _ in cells]
        under = ("explorer--hovered",) if place == self.hovered else ()
        plain = self.get_visual_style(*under) if under else self.visual_style
        return [
            Segment(
                words,
                (self.get_visual_style(f"explorer--{tone}", *under) if tone else plain).rich_style,
            )
            for words, tone in cells
            if words
        ]

    # Private

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    def _add(self, rows: tuple[Row, ...], depth: int, parent: int) -> None:
        for row in rows:
            self._lines.append(Line(row, depth, parent))
            if row.is_open:
                self._add(row.children, depth + 1, len(self._lines) - 1)

    def _cursor_path(self) -> list[Item]:
        """The item under the cursor, then what holds it, outwards."""
        path, place = [], self._cursor if self._lines else -1
        while place >= 0:
            path.append(self._lines[place].row.item)
            place = self._lines[place].parent
        return path

    def _put_cursor(self, place: int) -> None:
        if place != self._cursor:
            self._refresh_row(self._cursor)
            self._cursor = place
            self._refresh_row(place)
        self.cursor_came(self._lines[place].row.item)

    def _refresh_row(self, place: int) -> None:
        self.refresh(Region(0, place - self.scroll_offset.y, self.size.width, 1))

    def watch_hovered(self) -> None:
        self.refresh()

    def _show_cursor(self) -> None:
        top = self.scroll_offset.y
        if self._cursor < top:
            self._scroll_to_line(self._cursor)
        elif self._cursor >= top + self._height > top:
            self._scroll_to_line(self._cursor - self._height + 1)

    def _scroll_to_line(self, line: int) -> None:
        if line != self.scroll_offset.y:
            self.scroll_to(y=max(0, line), animate=False, force=True)

    def _line_at(self, event: events.MouseEvent) -> int:
        offset = event.get_content_offset(self)
        line = offset.y + self.scroll_offset.y if offset is not None else -1
        return line if line < len(self._lines) else -1


def _items(rows: tuple[Row, ...]) -> set[Item]:
    found = {row.item for row in rows}
    for row in rows:
        found |= _items(row.children)
    return found
