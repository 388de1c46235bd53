"""Where the rows of a diff stand on the screen, which of them has the cursor, and which are selected.

Keys and messages are :mod:`diff_view`'s; the look of a row is :mod:`_diff_painter`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..app.domain.diffs import FileDiff, Hunk, Place
from ..app.domain.review import Marks
from ._diff_painter import CLASSES, Painter, State
from ._diff_rows import NONE, Kind, Row, Rows, Steps, build
from ._diff_syntax import Syntax

SPLIT_FROM = 110
"""Cells from which old and new stand side by side, unless a person chose."""

NO_STATE = State()
STEP = 8
"""Cells that long lines are moved by."""


class DiffScroll(ScrollView):
    """Holds all rows of some files and draws those in view.

    The cursor belongs to a line of a file, not to a row: other context, another width and notes that come
    and go leave it there.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = CLASSES

    marks: reactive[Marks] = reactive(Marks, init=False, repaint=False)
    """Verdicts, notes and what was reviewed."""
    steps: reactive[Steps] = reactive(dict, init=False, repaint=False)
    """The steps that wrote the hunks, by path and by the hunk's name, as far as they are known."""
    side_by_side: reactive[bool | None] = reactive(None, init=False, repaint=False)
    """Old and new beside each other; ``None`` as the width allows."""
    needle: reactive[str] = reactive("", init=False, repaint=False, bindings=True)
    """What is searched for; empty for nothing."""
    has_rows: reactive[bool] = reactive(False, init=False, repaint=False, bindings=True)
    """Whether there is anything to act on."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._files: tuple[FileDiff, ...] = ()
        self._rows = Rows()
        self._cursor = 0
        self._mark: int | None = None
        self._shift = 0
        self._view = Size(0, 0)
        self._laid_out_for: tuple[int, bool] | None = None
        self._syntax = Syntax()
        self._painter = Painter(self, self._syntax)

    @property
    def files(self) -> tuple[FileDiff, ...]:
        """The files that are shown."""
        return self._files

    @property
    def is_split(self) -> bool:
        """Whether old and new stand side by side now."""
        if self.side_by_side is not None:
            return self.side_by_side
        return self._view.width >= SPLIT_FROM

    @property
    def file(self) -> FileDiff | None:
        """The file under the cursor."""
        return self._rows.file_of(self.row) if self._rows.rows else None

    @property
    def files_in_view(self) -> tuple[FileDiff, ...]:
        """The file under the cursor, then the others in view."""
        rows = self._rows
        if not rows.rows:
            return ()
        seen = dict.fromkeys(rows.rows[at].file for at in (self._cursor, *self.in_view()))
        return tuple(self._files[number] for number in seen)

    @property
    def hunk(self) -> Hunk | None:
        """The hunk under the cursor."""
        return self._rows.hunk_of(self.row) if self._rows.rows else None

    @property
    def hunk_number(self) -> int:
        """Its number in the file, from 0; -1 above the first."""
        return self.row.hunk if self._rows.rows else NONE

    @property
    def place(self) -> Place | None:
        """The line under the cursor; side by side, the new one where there are two."""
        lines = self._rows.lines_of(self.row) if self._rows.rows else ()
        return lines[-1].place if lines else None

    @property
    def row(self) -> Row:
        """The row under the cursor, which there must be."""
        return self._rows.rows[self._cursor]

    @property
    def selected(self) -> range:
        """The rows between the cursor and where selecting lines began; empty while nobody selects."""
        if self._mark is None:
            return range(0)
        return range(min(self._mark, self._cursor), max(self._mark, self._cursor) + 1)

    def show(self, files: Sequence[FileDiff]) -> None:
        """Show a diff. A line that was under the cursor stays there, or the nearest one that is left."""
        held = self._held()
        self._files = tuple(files)
        self._syntax.clear()
        self._mark = None
        self._lay_out(held)

    def go_to(self, path: str, place: Place | None = None, hunk: int = NONE) -> None:
        """Put the cursor on a file, on a hunk of it (from 0), or on a line."""
        if self._rows.rows:
            at = self._rows.find(path, hunk, place)
            if place is None:
                self.begin_at(at)
            else:
                self.move_to(at)

    # Watchers and handlers

    def watch_marks(self, old: Marks, new: Marks) -> None:
        if (old.notes, old.sent) != (new.notes, new.sent):
            self._lay_out(self._held())
        else:
            self._repaint()

    def watch_steps(self) -> None:
        self._repaint()

    def watch_side_by_side(self) -> None:
        self._lay_out(self._held())

    def watch_needle(self) -> None:
        self._repaint()

    def on_resize(self) -> None:
        self._measure()
        if self._laid_out_for != (self._view.width, self.is_split):
            self._lay_out(self._held())
        else:
            self.keep_in_view()

    def notify_style_update(self) -> None:
        self._painter.forget()
        super().notify_style_update()

    # For the subclass

    def moved(self) -> None:
        """Called when the cursor has come to another row, or the rows are new; for the subclass to tell."""

    def move_to(self, at: int) -> None:
        """Put the cursor on a row, the nearest where it can be, and show it."""
        at = max(0, min(at, len(self._rows.rows) - 1))
        if self._mark is not None:
            at = self._within_hunk(at)
        elif self._rows.rows[at].kind is Kind.GAP:
            at += 1 if at >= self._cursor else -1
        before, self._cursor = self._cursor, at
        top = self.scroll_offset.y
        self.keep_in_view()
        if top != self.scroll_offset.y or self._mark is not None:
            self.refresh()
        else:
            # Two rows, not all: what is drawn keeps the garbage collector busy, which is felt.
            self.refresh(*(Region(0, row - top, self._view.width, 1) for row in {before, at}))
        self.moved()

    def begin_at(self, at: int) -> None:
        """Put the cursor on the head of something: with a little of what comes before, and much of it."""
        self.move_to(at)
        there = self.in_view()
        if there and at - there[0] > len(there) // 2:
            self._scroll_to_row(max(0, min(at - 2, len(self._rows.rows) - len(there))))

    def start_selecting(self, on: bool) -> None:
        """Begin to select lines at the cursor, or stop."""
        self._mark = self._cursor if on else None
        self.refresh()

    def selected_places(self) -> frozenset[Place]:
        """The changed lines among the selected rows."""
        hunk = self.hunk
        changed = set(hunk.changes) if hunk else set()
        lines = (line for at in self.selected for line in self._rows.lines_of(self._rows.rows[at]))
        return frozenset(line.place for line in lines) & changed

    def shift(self, by: int) -> None:
        """Move long lines sideways."""
        rows = self._rows
        longest = max(
            (len(text) for at in self.in_view() for text in rows.texts_of(rows.rows[at])), default=0
        )
        self._shift = max(0, min(self._shift + by * STEP, longest - self._painter.code_width // 2))
        self._repaint()

    def next_row_with(self, needle: str, by: int) -> int | None:
        """The next row after the cursor, or the last before it, that has some words; around the end."""
        folded, rows = needle.casefold(), self._rows
        count = len(rows.rows)
        for step in range(1, count + 1):
            at = (self._cursor + by * step) % count
            row = rows.rows[at]
            if row.kind is Kind.LINE:
                if any(folded in text.casefold() for text in rows.texts_of(row)):
                    return at
            elif row.kind is Kind.FILE and folded in rows.file_of(row).path.casefold():
                return at
        return None

    def keep_in_view(self) -> None:
        """Scroll as little as needed to have the cursor in view."""
        top, height = self.scroll_offset.y, self._view.height
        if height and not top <= self._cursor < top + height:
            self._scroll_to_row(self._cursor if self._cursor < top else self._cursor - height + 1)

    def in_view(self) -> range:
        """The rows in view."""
        top = self.scroll_offset.y
        return range(top, min(top + self._view.height, len(self._rows.rows)))

    # Drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        self._measure()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        at, width = y + self.scroll_offset.y, self._view.width
        if at >= len(self._rows.rows):
            if y == 0:
                return Strip([self._painter.quiet("  Nothing differs here.", width)], width)
            return Strip.blank(width, self.visual_style.rich_style)
        state = NO_STATE
        if at == self._cursor or at in self.selected:
            state = State(at == self._cursor, at in self.selected)
        return self._painter.strip(at, state)

    # Private

    def _lay_out(self, held: tuple[str, int, Place | None]) -> None:
        self._measure()
        width = self._view.width
        self._laid_out_for = (width, self.is_split)
        if not width:
            return
        self._mark = None
        self._rows = build(self._files, self.marks, split=self.is_split, width=width - 8)
        path, hunk, place = held
        y = self._cursor - self.scroll_offset.y
        self._cursor = self._rows.find(path, hunk, place) if path else 0
        self.virtual_size = Size(width, len(self._rows.rows))
        self._scroll_to_row(max(0, self._cursor - max(0, min(y, self._view.height - 1))))
        self.keep_in_view()
        self.has_rows = bool(self._rows.rows)
        self._repaint()
        self.moved()

    def _held(self) -> tuple[str, int, Place | None]:
        """What the cursor is on."""
        return (self.file.path, self.hunk_number, self.place) if self.file else ("", NONE, None)

    def _within_hunk(self, at: int) -> int:
        """The row nearest to one that is still in the hunk where selecting began."""
        assert self._mark is not None
        begun = self._rows.rows[self._mark]
        step = 1 if at > self._mark else -1
        last = self._mark
        for row in range(self._mark, at + step, step):
            found = self._rows.rows[row]
            if (found.file, found.hunk) != (begun.file, begun.hunk) or found.kind is Kind.HUNK:
                break
            last = row
        return last

    def _repaint(self) -> None:
        self._painter.look_at(
            self._rows,
            self.marks,
            self.steps,
            width=self._view.width,
            shift=self._shift,
            needle=self.needle,
        )
        self.refresh()

    def _measure(self) -> None:
        self._view = self.scrollable_content_region.size

    def _scroll_to_row(self, line: int) -> None:
        if line != self.scroll_offset.y:
            self.scroll_to(y=line, animate=False, force=True)
