"""A text with line numbers and syntax colours, for reading only."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from ._ink import ink
from ._plain import plain

MOVE = Binding.Group("Scroll", compact=True)

MAX_LINES = 5_000
"""More is not shown: this is a place to look, not to edit."""

MAX_COLOURED = 32 * 1024
"""Characters up to which syntax is coloured; colouring takes two to three seconds a megabyte."""

KEPT = 4
"""Texts whose coloured lines are kept, so that a thread can colour one before the screen draws it."""

FRONT_MATTER = re.compile(r"---\n.*?^---\n", re.DOTALL | re.MULTILINE)


def prepare(text: str, path: str) -> None:
    """Colour a text in a thread, so that :meth:`SourceView.show` does not have to."""
    _lines_of(text, path)


class SourceView(ScrollView, can_focus=True):
    """Shows lines unwrapped, so that their numbers match the file's. Only lines in sight are drawn."""

    ALLOW_SELECT = True
    DEFAULT_CSS = """
    SourceView { height: 1fr; scrollbar-size: 1 1; }
    SourceView > .source-view--number { color: $foreground-disabled; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"source-view--number"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "j", "scroll_down", "Down", id="source.down", tooltip="One line down", show=False, group=MOVE
        ),
        Binding("k", "scroll_up", "Up", id="source.up", tooltip="One line up", show=False, group=MOVE),
        Binding("h", "scroll_left", "Left", id="source.left", tooltip="To the left", show=False, group=MOVE),
        Binding(
            "l", "scroll_right", "Right", id="source.right", tooltip="To the right", show=False, group=MOVE
        ),
        Binding("g", "scroll_home", "Start", id="source.home", tooltip="First line", show=False, group=MOVE),
        Binding("G", "scroll_end", "End", id="source.end", tooltip="Last line", show=False, group=MOVE),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: tuple[Content, ...] = ()
        self._gutter = 0

    def show(self, text: str, path: str) -> int:
        """Show ``text``, coloured as the name of ``path`` suggests.

        Returns:
            How many lines the text has; at most ``MAX_LINES`` of them are shown.
        """
        self._lines, width, total = _lines_of(text, path)
        self._gutter = len(str(len(self._lines))) + 2
        self.virtual_size = Size(self._gutter + width + 1, len(self._lines))
        self.scroll_to(0, 0, animate=False)
        self.refresh()
        return total

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, without the line numbers."""
        return selection.extract("\n".join(line.plain for line in self._lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw what is selected."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line with its number; the number stays where the line scrolls sideways."""
        number = y + self.scroll_offset.y
        width = self.size.width
        if number >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[number]
        span = self.text_selection.get_span(number) if self.text_selection is not None else None
        if span is not None:
            start, end = span
            selected = self.screen.get_visual_style("screen--selection")
            line = line.stylize(selected, start, len(line) if end == -1 else end)
        left = self.scroll_offset.x
        room = max(0, width - self._gutter)
        code = Strip(line.render_segments(self.visual_style), line.cell_length)
        code = code.apply_offsets(0, number).crop(left, left + room).adjust_cell_length(room, self.rich_style)
        label = f"{number + 1:>{self._gutter - 2}}  "
        gutter = Strip([Segment(label, self.rich_style + ink(self, "source-view--number"))], self._gutter)
        return Strip.join([gutter, code])


@lru_cache(maxsize=KEPT)
def _lines_of(text: str, path: str) -> tuple[tuple[Content, ...], int, int]:
    """The lines to show, the cells of the widest, and how many lines the text has."""
    lines = plain(text).split("\n")
    if lines[-1] == "":
        lines.pop()
    shown = tuple(_coloured("\n".join(lines[:MAX_LINES]), path).split("\n")) if lines else ()
    return shown, max((line.cell_length for line in shown), default=0), len(lines)


def _coloured(text: str, path: str) -> Content:
    if len(text) > MAX_COLOURED:
        return Content(text)
    front = FRONT_MATTER.match(text)
    if front is None:
        return _highlight(text, path)
    # Read as Markdown, the last line of front matter would be a heading.
    head, body = front.group().removesuffix("\n"), text[front.end() :]
    return Content("\n").join([_highlight(head, "front-matter.yaml"), _highlight(body, path)])


def _highlight(text: str, path: str) -> Content:
    from pygments.lexers import find_lexer_class_for_filename  # type: ignore[import-untyped]
    from textual.highlight import highlight

    # Not Textual's guess: for a name that it does not know it tries every language there is, for a second.
    lexer = find_lexer_class_for_filename(path, text)
    return highlight(text, language=lexer.aliases[0]) if lexer and lexer.aliases else Content(text)
