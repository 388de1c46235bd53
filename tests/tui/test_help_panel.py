"""The help follows the focus and says why a key cannot act."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from paracle.widgets.empty_state import EmptyState
from paracle.widgets.help_panel import HelpPanel
from tests.tui.hosting import MIDDLE, Host, shown


class Shelf(Widget, can_focus=True):
    BINDING_GROUP_TITLE = "Shelf"
    HELP = """
    Where **books** stand.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t,enter", "take", "Take", id="shelf.take", tooltip="Take the book"),
        Binding("p", "put_back", "Put", id="shelf.put", tooltip="Put it back"),
    ]
    taken = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if action == "put_back" and not self.taken else True

    def why_not(self, action: str) -> str:
        return "no book is out" if action == "put_back" and not self.taken else ""

    def action_take(self) -> None:
        self.taken = True
        self.refresh_bindings()


class Desk(Shelf):
    BINDING_GROUP_TITLE = "Desk"
    HELP = "Where one writes."


class HelpHost(Host):
    CSS = "HelpPanel { width: 60; } Shelf { width: 1fr; }"

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Shelf()
            yield Desk()
            yield HelpPanel()


async def test_it_explains_the_pane_that_has_the_focus() -> None:
    app = HelpHost()
    async with app.run_test(size=MIDDLE) as pilot:
        await pilot.pause()
        assert "Where books stand." in shown(app)
        await pilot.press("tab")
        await pilot.pause()
        text = shown(app)
    assert "Where one writes." in text
    assert "books" not in text


async def test_keys_of_one_action_share_a_row_and_a_dim_one_says_why() -> None:
    app = HelpHost()
    async with app.run_test(size=MIDDLE) as pilot:
        await pilot.pause()
        text = shown(app)
        assert any(line.split() == ["t", "⏎", "Take", "the", "book"] for line in text.splitlines())
        assert "Put it back (no book is out)" in text
        await pilot.press("t")
        await pilot.pause()
        text = shown(app)
    assert "Put it back" in text
    assert "no book is out" not in text


async def test_it_can_stay_with_one_widget() -> None:
    app = HelpHost()
    async with app.run_test(size=MIDDLE) as pilot:
        await pilot.pause()
        app.query_one(HelpPanel).subject = app.query_one(Desk)
        await pilot.pause()
        assert "Where one writes." in shown(app)


async def test_without_a_focus_it_says_how_to_get_one() -> None:
    app = Host(HelpPanel(), EmptyState("Nothing"))
    async with app.run_test(size=MIDDLE) as pilot:
        await pilot.pause()
        assert "to go into a pane" in shown(app)
