"""The keys at the bottom: which there are, which can act, and a click as another way to press one."""

from __future__ import annotations

from typing import ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.pilot import Pilot
from textual.widget import Widget

from paracle.widgets.key_bar import KeyBar
from tests.tui.hosting import shown

WIDE = (80, 5)


class Shelf(Widget, can_focus=True):
    """Has a key of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "app.note('open')", "Open", tooltip="Look inside"),
        Binding("up", "app.note('up')", "Up", show=False),
    ]


class Room(App[None]):
    """Two keys, of which one can be locked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r,enter", "note('run')", "Run"),
        Binding("x", "halt", "Stop"),
        Binding("slash", "note('filter')", "Filter", key_display="/"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.can_halt = False

    def compose(self) -> ComposeResult:
        yield Shelf()
        yield KeyBar()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if action == "halt" and not self.can_halt else True

    def action_note(self, what: str) -> None:
        self.done.append(what)

    def action_halt(self) -> None:
        self.done.append("stop")

    def keys(self) -> str:
        """The last line of the screen."""
        return shown(self).splitlines()[-1].rstrip()

    def is_dim(self, words: str) -> bool:
        """Whether the words are drawn in another colour than those of a key that can act."""
        return self._colour(words) != self._colour("Open")

    def _colour(self, words: str) -> object:
        bar = self.query_one(KeyBar)
        return self.screen.get_style_at(self.keys().index(words), bar.region.y).color


async def click(pilot: Pilot[None], words: str) -> None:
    assert isinstance(pilot.app, Room)
    await pilot.click(KeyBar, offset=(pilot.app.keys().index(words), 0))
    await pilot.pause()


async def test_the_focused_widgets_keys_come_first_and_the_palette_stands_at_the_edge() -> None:
    app = Room()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        left, _, right = app.keys().partition("▏")
        assert left.split() == ["o", "Open", "r", "Run", "x", "Stop", "/", "Filter", "q", "Quit"]
        assert right == "^p palette"
        assert len(app.keys()) == WIDE[0] - 1


async def test_a_key_that_cannot_act_is_dim_until_it_can() -> None:
    app = Room()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        assert app.is_dim("Stop")
        assert not app.is_dim("Run")
        app.can_halt = True
        app.refresh_bindings()
        await pilot.pause()
        assert not app.is_dim("Stop")


async def test_a_click_presses_the_key() -> None:
    app = Room()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        for words in ("Open", "r Run", "Filter", "Stop"):
            await click(pilot, words)
        assert app.done == ["open", "run", "filter"], "a key that cannot act does nothing"


async def test_a_click_at_the_edge_opens_the_palette() -> None:
    app = Room()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        await click(pilot, "palette")
        assert len(app.screen_stack) == 2


async def test_the_key_under_the_mouse_says_what_it_does() -> None:
    app = Room()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        bar = app.query_one(KeyBar)
        await pilot.hover(KeyBar, offset=(1, 0))
        assert (bar.hovered, bar.tooltip) == ("o", "Look inside")
        await pilot.hover(KeyBar, offset=(45, 0))
        assert (bar.hovered, bar.tooltip) == ("", None)


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (42, "o Open r Run x Stop / Filter q Quit ▏^p"),
        (36, "o Open r Run / Filter q Quit … ▏^p"),
        (24, "o Open r Run … ▏^p"),
    ],
)
async def test_in_a_narrow_line_the_palettes_words_go_first_then_dim_keys_then_the_last(
    width: int, words: str
) -> None:
    app = Room()
    async with app.run_test(size=(width, 5)) as pilot:
        await pilot.pause()
        assert app.keys().split() == words.split()


@pytest.mark.parametrize("width", range(4, 60))
async def test_at_no_width_is_the_line_longer_than_the_terminal(width: int) -> None:
    app = Room()
    async with app.run_test(size=(width, 5)) as pilot:
        await pilot.pause()
        assert len(app.query_one(KeyBar).render().plain) <= width
