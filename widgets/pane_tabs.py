"""The names of the panes, where the terminal has room for one of them at a time."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

GAP = 3


class PaneTabs(Widget):
    """One line of names with ``current`` marked; a click asks for another one."""

    DEFAULT_CSS = """
    PaneTabs { height: 1; padding: 0 1; }
    """

    current: reactive[int] = reactive(0)

    @dataclass
    class Chosen(Message):
        """The person clicked a name."""

        index: int

    def __init__(self, names: tuple[str, ...], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._names = names

    def render(self) -> Content:
        """The names; the current one stands out by weight and colour, and by its mark."""
        parts: list[str | tuple[str, str]] = []
        for index, name in enumerate(self._names):
            if index == self.current:
                parts.append((f"▸ {name}", "bold $text-accent"))
            else:
                parts.append((f"  {name}", "$foreground-muted"))
            parts.append(" " * GAP)
        return Content.assemble(*parts, ("tab", "bold $text-accent"), (" next", "$foreground-muted"))

    def on_click(self, event: events.Click) -> None:
        left = 1
        for index, name in enumerate(self._names):
            width = len(name) + 2
            if left <= event.x < left + width:
                self.post_message(self.Chosen(index))
                return
            left += width + GAP
