"""A small application around the widgets under test, and ways to read what it shows."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from textual.app import App, ComposeResult
from textual.message import Message
from textual.widget import Widget

SMALL = (80, 24)
MIDDLE = (120, 40)
SIZES = (SMALL, MIDDLE)

TEXT = re.compile(r'<text[^>]* x="([0-9.]+)" y="([0-9.]+)"[^>]* clip-path[^>]*>([^<]*)</text>')
CELL = 12.2
"""Width of a cell in Textual's pictures."""


class Host(App[None]):
    """Holds widgets and keeps the messages that subclasses hand to :meth:`hear`."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, *widgets: Widget, theme: str = "textual-dark") -> None:
        super().__init__()
        self.widgets: Sequence[Widget] = widgets
        self.heard: list[Message] = []
        self.theme = theme

    def compose(self) -> ComposeResult:
        yield from self.widgets

    def hear(self, message: Message) -> None:
        """Keep a message."""
        self.heard.append(message)


def shown(app: App[None]) -> str:
    """All that is on the screen, as text."""
    lines: dict[float, str] = {}
    for x, y, words in TEXT.findall(app.export_screenshot(simplify=True)):
        column = round(float(x) / CELL)
        lines[float(y)] = lines.get(float(y), "").ljust(column) + html.unescape(words).replace("\xa0", " ")
    return "\n".join(lines[y].rstrip() for y in sorted(lines))
