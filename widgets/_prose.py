"""Markdown written by people and models, drawn as a page."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from ._markdown import Block, blocks_of
from ._plain import plain

MAX_LINES = 250
MAX_CHARACTERS = 24 * 1024
"""Beyond either the text is shown unrendered: to read it as Markdown would be felt."""


def prepare(text: str) -> None:
    """Read a text in a thread, so that :meth:`Prose.show` does not have to."""
    clean = _clean(text)
    if _is_rendered(clean):
        blocks_of(clean)


class Prose(Widget):
    """Renders Markdown up to a size, and shows it as written beyond. Links lead nowhere.

    One widget that draws the lines in view: Textual's own Markdown mounts a widget a paragraph, and each
    of them is styled again whenever the page comes or goes.
    """

    ALLOW_SELECT = True
    DEFAULT_CSS = """
    Prose { height: auto; width: 1fr; }
    Prose > .prose--code { background: black 10%; }
    Prose:light > .prose--code { background: white 30%; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"prose--code"}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = ""
        self._blocks: tuple[Block, ...] = ()
        self._lines: list[tuple[Content, bool]] = []
        self._width = -1

    @property
    def text(self) -> str:
        """The Markdown shown."""
        return self._text

    def show(self, text: str) -> bool:
        """Show ``text``.

        Returns:
            Whether it is rendered; false where it is too long for that and shown as written.
        """
        self._text = _clean(text)
        rendered = _is_rendered(self._text)
        self._blocks = blocks_of(self._text) if rendered else (Block(Content(self._text)),)
        self._width = -1
        self.refresh(layout=True)
        return rendered

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The lines that the text takes at this width."""
        return len(self._laid_out(width)) if self._text else 0

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, as it is laid out."""
        return selection.extract("\n".join(line.plain for line, _ in self._lines)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw what is selected."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line; only those in view are asked for."""
        width = self.size.width
        lines = self._laid_out(width)
        if y >= len(lines):
            return Strip.blank(width, self.rich_style)
        line, is_code = lines[y]
        style = self.get_visual_style("prose--code") if is_code else self.visual_style
        span = self.text_selection.get_span(y) if self.text_selection is not None else None
        if span is not None:
            start, end = span
            selected = self.screen.get_visual_style("screen--selection")
            line = line.stylize(selected, start, len(line) if end == -1 else end)
        strip = Strip(line.render_segments(style), line.cell_length).apply_offsets(0, y)
        return strip.adjust_cell_length(width, style.rich_style)

    def _laid_out(self, width: int) -> list[tuple[Content, bool]]:
        if width != self._width:
            self._width = width
            self._lines = []
            for block in self._blocks:
                if block.gap:
                    self._lines.append((Content(), False))
                self._lines += [(line, block.is_code) for line in block.lines(width)]
        return self._lines


def _clean(text: str) -> str:
    return plain(text).strip("\n")


def _is_rendered(clean: str) -> bool:
    return clean.count("\n") < MAX_LINES and len(clean) <= MAX_CHARACTERS
