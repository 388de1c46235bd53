"""A text with line numbers and syntax colours, for reading only."""

from __future__ import annotations

import re
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

FRONT_MATTER = re.compile(r"---\n.*?^---\n", re.DOTALL | re.MULTILINE)


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
        self._lines: list[Content] = []
        self._gutter = 0

    def show(self, text: str, path: str) -> int:
        """Show ``text``, coloured as the name of ``path`` suggests.

        Returns:
            How many lines the text has; at most ``MAX_LINES`` of them are shown.
        """
        lines = plain(text).split("\n")
        if lines[-1] == "":
            lines.pop()
        self._lines = _coloured("\n".join(lines[:MAX_LINES]), path).split("\n") if lines else []
        self._gutter = len(str(len(self._lines))) + 2
        width = max((line.cell_length for line in self._lines), default=0)
        self.virtual_size = Size(self._gutter + width + 1, len(self._lines))
        self.scroll_to(0, 0, animate=False)
        self.refresh()
        return len(lines)

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


def _coloured(text: str, path: str) -> Content:
    if len(text) > MAX_COLOURED:
        return Content(text)
    from textual.highlight import highlight

    front = FRONT_MATTER.match(text)
    if front is None:
        return highlight(text, path=path)
    # Read as Markdown, the last line of front matter would be a heading.
    head, body = front.group().removesuffix("\n"), text[front.end() :]
    return Content("\n").join([highlight(head, language="yaml"), highlight(body, path=path)])
