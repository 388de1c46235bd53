"""Narrowing a list as one types, without a field to type into."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget


class TypedFilter(Widget):
    """A part of lists: ``/`` begins to type, ``enter`` keeps what is typed, ``esc`` shows everything again.

    The list watches ``filter``. Whoever frames the list shows :attr:`filter_words`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", id="filter.type", tooltip="Narrow as you type"),
        Binding(
            "escape", "clear_filter", "Show all", id="filter.clear", show=False, tooltip="Forget the filter"
        ),
    ]

    filter: reactive[str] = reactive("", init=False, repaint=False)
    """Words that a row must have to be shown."""
    filtering: reactive[bool] = reactive(False, init=False, repaint=False)
    """Whether letters are being typed."""

    @property
    def filter_words(self) -> str:
        """What to show of the filter, as markup; empty where there is none."""
        if self.filtering:
            return Content(f"/ {self.filter}▏").markup
        return Content(f"/ {self.filter}  esc shows all").markup if self.filter else ""

    def watch_filtering(self) -> None:
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Showing all is hidden rather than dim while nothing is: esc then belongs to what holds the list."""
        if action == "clear_filter":
            return bool(self.filter or self.filtering)
        return super().check_action(action, parameters)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """While a filter is typed, letters are text and no keys of anything else."""
        return self.filtering and character is not None and character.isprintable()

    def on_key(self, event: events.Key) -> None:
        """Type the filter. Up and down move through what is left."""
        if not self.filtering:
            if event.key == "slash":
                # At once, not by way of the binding: the next letter may have been typed already.
                self.action_filter()
                event.stop()
            return
        if event.key == "enter":
            self.filtering = False
        elif event.key == "backspace":
            self.filter = self.filter[:-1]
        elif event.character is not None and event.character.isprintable():
            self.filter += event.character
        else:
            return
        event.stop()
        event.prevent_default()

    def on_blur(self) -> None:
        self.filtering = False

    def action_filter(self) -> None:
        """Begin to type a filter."""
        self.filtering = True

    def action_clear_filter(self) -> None:
        """Forget the filter."""
        self.filtering = False
        self.filter = ""
