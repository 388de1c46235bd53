"""The panes of a review: the files that changed, what changed in them, and moving between the two."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import DescendantFocus
from textual.screen import Screen

from ..widgets.changed_files import ChangedFiles
from ..widgets.diff_view import DiffView
from ..widgets.empty_state import EmptyState
from ..widgets.key_bar import KeyBar
from ..widgets.pane_tabs import PaneTabs
from .review_bar import ActionLine
from .review_header import ReviewHeader

PANES = ("files-pane", "diff")


class ReviewPanes(Screen[None]):
    """Two panes, side by side or one at a time. The cursors of both stand on the same file."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (100, "-normal"),
        (150, "-wide"),
    ]
    AUTO_FOCUS = "DiffView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "next_pane", "Pane", id="review.pane", show=False, tooltip="Files or diff"),
        Binding(
            "question_mark",
            "toggle_help",
            "Help",
            key_display="?",
            id="review.help",
            tooltip="What this pane is, and its keys",
        ),
    ]

    _pane = 1
    """The pane that has the focus, or had it last."""

    def compose(self) -> ComposeResult:
        yield ReviewHeader()
        yield PaneTabs(("Files", "Changes"))
        with Horizontal(id="review-panes"):
            with Vertical(id="files-pane", classes="pane"):
                yield ChangedFiles()
            yield DiffView(id="diff", classes="pane -current")
        yield EmptyState(id="review-empty")
        yield Vertical(ActionLine(), id="review-bar")
        yield KeyBar()

    def on_mount(self) -> None:
        """The diff has the focus at first."""
        self.query_one("#files-pane").border_title = "Changed files"
        for name in ("filter", "filtering"):
            self.watch(self._files, name, self._show_filter, init=False)
        self._focus_pane(1)

    # Parts

    @property
    def _files(self) -> ChangedFiles:
        return self.query_one(ChangedFiles)

    @property
    def _diff(self) -> DiffView:
        return self.query_one(DiffView)

    @property
    def _header(self) -> ReviewHeader:
        return self.query_one(ReviewHeader)

    # Panes

    @on(DiffView.Moved)
    def _diff_moved(self, message: DiffView.Moved) -> None:
        if self._pane == 1:
            self._files.go_to(message.path)

    @on(ChangedFiles.Highlighted)
    def _file_highlighted(self, message: ChangedFiles.Highlighted) -> None:
        self._diff.go_to(message.path)

    @on(ChangedFiles.Opened)
    def _file_opened(self, message: ChangedFiles.Opened) -> None:
        self._diff.go_to(message.path)
        self._focus_pane(1)

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, message: PaneTabs.Chosen) -> None:
        self._focus_pane(message.index)

    @on(DescendantFocus)
    def _focus_moved(self, message: DescendantFocus) -> None:
        for number, pane in enumerate((self._files, self._diff)):
            if message.widget is pane:
                self._set_pane(number)

    def _show_filter(self) -> None:
        self.query_one("#files-pane").border_subtitle = self._files.filter_words

    def _set_pane(self, index: int) -> None:
        self._pane = index
        for number, pane in enumerate(PANES):
            self.query_one(f"#{pane}").set_class(number == index, "-current")
        self.query_one(PaneTabs).current = index

    def _focus_pane(self, index: int) -> None:
        self._set_pane(index)
        (self._files, self._diff)[index].focus()

    # Actions

    def action_next_pane(self) -> None:
        """From the files to the diff, and back."""
        self._focus_pane(1 - self._pane)

    async def action_toggle_help(self) -> None:
        """Show or hide what the focused pane is and its keys."""
        from ..widgets.help_panel import HelpPanel

        if self.query("#help"):
            await self.query("#help").remove()
        else:
            await self.mount(HelpPanel(id="help"))
