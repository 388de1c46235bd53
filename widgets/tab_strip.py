"""Pages of which one is shown, under a line with their names."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events, on
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

LEFT = 1
"""Cells to each side of a name."""

MARKED, UNMARKED = ("$foreground", "$block-cursor-background"), ("$foreground 50%", "$foreground 10%")
"""The colours of a name and of the rule under it."""


def tab_bindings(group: str) -> list[Binding]:
    """The keys ``[`` and ``]`` for a widget that holds pages and has an ``action_tab(step)``."""
    following = Binding(
        "right_square_bracket",
        "tab(1)",
        "Next tab",
        key_display="]",
        id=f"{group}.next-tab",
        tooltip="Next tab",
    )
    previous = Binding(
        "left_square_bracket",
        "tab(-1)",
        "Previous tab",
        key_display="[",
        id=f"{group}.previous-tab",
        show=False,
        tooltip="Previous tab",
    )
    return [following, previous]


@dataclass(frozen=True, slots=True)
class Tab:
    """A page with its name. The widget's id is the key that the page is asked for by."""

    name: str
    page: Widget

    @property
    def key(self) -> str:
        return self.page.id or ""


class TabStrip(Widget):
    """Draws the names, and a rule with the part under ``active`` marked; a click asks for another page.

    One widget in place of Textual's dozen: a widget costs when it is mounted and whenever the styles
    around it are worked out again, and a person waits for both.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    TabStrip { height: 2; width: 1fr; text-wrap: nowrap; }
    """

    active: reactive[str] = reactive("")
    hidden: reactive[frozenset[str]] = reactive(frozenset[str]())
    names: reactive[dict[str, str]] = reactive(dict[str, str])

    @dataclass
    class Chosen(Message):
        """The person clicked a name."""

        key: str

    @property
    def shown(self) -> list[str]:
        """The keys of the pages that can be chosen, from the left."""
        return [key for key in self.names if key not in self.hidden]

    def render(self) -> Content:
        """Two lines; the active name stands out by colour and by the rule under it."""
        names: list[str | tuple[str, str]] = []
        rule: list[tuple[str, str]] = []
        width = self.size.width
        for key in self.shown:
            is_active = key == self.active
            name_tone, rule_tone = MARKED if is_active else UNMARKED
            pad = " " * LEFT
            names += [pad, (self.names[key], name_tone), pad]
            cells = Content(self.names[key]).cell_length
            rule += [("━" * LEFT, UNMARKED[1]), ("━" * cells, rule_tone), ("━" * LEFT, UNMARKED[1])]
            width -= cells + 2 * LEFT
        rule.append(("━" * width, UNMARKED[1]))
        return Content.assemble(*names, "\n", *rule)

    def on_click(self, event: events.Click) -> None:
        left = 0
        for key in self.shown:
            left += Content(self.names[key]).cell_length + 2 * LEFT
            if event.x < left:
                self.post_message(self.Chosen(key))
                return


class TabbedPages(Vertical):
    """Shows the page called :attr:`active` of those given; the others keep their state unseen."""

    DEFAULT_CSS = """
    TabbedPages { height: 1fr; }
    """

    active: reactive[str] = reactive("", init=False)
    """The key of the page shown."""

    @dataclass
    class Chosen(Message):
        """The person clicked a name, and its page is shown now."""

        key: str

    def __init__(self, *tabs: Tab, id: str | None = None) -> None:
        self._strip = TabStrip()
        self._pages = {tab.key: tab.page for tab in tabs}
        super().__init__(self._strip, *self._pages.values(), id=id)
        self._strip.names = {tab.key: tab.name for tab in tabs}
        self.set_reactive(TabbedPages.active, tabs[0].key)
        self._show()

    def watch_active(self) -> None:
        self._show()

    @property
    def page(self) -> Widget:
        """The page shown."""
        return self._pages[self.active]

    @property
    def hidden(self) -> frozenset[str]:
        """The keys of pages that cannot be chosen now."""
        return self._strip.hidden

    @hidden.setter
    def hidden(self, keys: frozenset[str]) -> None:
        self._strip.hidden = keys

    def rename(self, key: str, name: str) -> None:
        """Give a tab another name."""
        self._strip.names = {**self._strip.names, key: name}

    def step(self, by: int) -> None:
        """Go ``by`` tabs to the right, round the end."""
        shown = self._strip.shown
        self.active = shown[(shown.index(self.active) + by) % len(shown)]

    @on(TabStrip.Chosen)
    def _choose(self, message: TabStrip.Chosen) -> None:
        message.stop()
        self.active = message.key
        self.post_message(self.Chosen(message.key))

    def _show(self) -> None:
        self._strip.active = self.active
        for key, page in self._pages.items():
            page.display = key == self.active
