"""What a check has printed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from ..app.domain.checks import Check
from ..widgets.key_bar import KeyBar
from ..widgets.text_detail import TextDetail


class OutputScreen(Screen[None]):
    """Shows the end of a check's output, for reading."""

    BINDING_GROUP_TITLE = "Check"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="check.back", tooltip="Back to the review"),
    ]

    def __init__(self, check: Check) -> None:
        super().__init__()
        self._check = check

    def compose(self) -> ComposeResult:
        yield TextDetail()
        yield KeyBar()

    def on_mount(self) -> None:
        """Show it from its beginning."""
        check = self._check
        title = f"{check.glyph} {check.command} {check.word}, {check.figures}"
        detail = self.query_one(TextDetail)
        if check.output_tail:
            detail.show(title, check.output_tail.encode("utf-8", "backslashreplace"))
        else:
            detail.show_message(title, "It has printed nothing.")
        self.call_after_refresh(detail.focus_text)

    def action_back(self) -> None:
        """Back to the review."""
        self.dismiss()
