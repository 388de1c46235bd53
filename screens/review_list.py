"""The place where reviews begin: the branches that executions have left, and how each stands."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.worker import Worker

from ..app.domain.history import BranchRow, Clash
from ..app.domain.words import plural
from ..app.services import history
from ..app.services.workspace import Workspace
from ..widgets.branch_list import BranchList
from ..widgets.empty_state import EmptyState
from ..widgets.key_bar import KeyBar
from .messages import ReviewRequested
from .review_header import ReviewHeader


class ReviewListScreen(Screen[None]):
    """Lists branches to review. Read anew whenever one comes back to it."""

    CSS_PATH = "review.tcss"
    BINDING_GROUP_TITLE = "Review"
    AUTO_FOCUS = "BranchList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "read", "Look again", id="reviews.read", tooltip="Read the branches again"),
        Binding("escape", "back", "Back", id="reviews.back", show=False, tooltip="To the workbench"),
        Binding(
            "question_mark",
            "toggle_help",
            "Help",
            key_display="?",
            id="reviews.help",
            tooltip="What this pane is, and its keys",
        ),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace

    def compose(self) -> ComposeResult:
        yield ReviewHeader()
        with Vertical(id="branches-pane", classes="pane -current"):
            yield BranchList()
        yield EmptyState(
            "No branch to review",
            "Each run works on a branch of its own. What it changed is reviewed and merged here.",
            "1",
            "goes to the workbench, where runs begin",
            id="review-empty",
        )
        yield KeyBar()

    def on_mount(self) -> None:
        """The rest comes with the reading, which begins when the screen is shown."""
        self.query_one("#branches-pane").border_title = "Branches"
        for name in ("filter", "filtering"):
            self.watch(self._list, name, self._show_filter, init=False)
        self._list.focus()

    def on_screen_resume(self) -> None:
        """Branches may have been merged or discarded meanwhile."""
        self.action_read()

    @property
    def _list(self) -> BranchList:
        return self.query_one(BranchList)

    @work(thread=True, exclusive=True, group="branches", exit_on_error=False)
    def action_read(self) -> None:
        """Read the branches, then which of them clash, which takes longer."""
        rows = history.branches(self._workspace)
        self.call_later(self._put_rows, rows)
        self.call_later(self._put_clashes, history.clashes(self._workspace))

    def _put_rows(self, rows: tuple[BranchRow, ...]) -> None:
        self._list.now = time.time()
        self._list.rows = rows
        self.query_one(ReviewHeader).subject = plural(len(rows), "branch", "branches")
        self.set_class(not rows, "-empty")

    def _put_clashes(self, clashes: tuple[Clash, ...]) -> None:
        self._list.clashes = clashes
        words = plural(len(clashes), "pair clashes", "pairs clash")
        self.query_one(ReviewHeader).verdict = (f"⚡ {words}", "$text-warning") if clashes else ("", "")

    def on_worker_state_changed(self, message: Worker.StateChanged) -> None:
        """Hand on what went wrong: these messages do not bubble, and the application tells errors."""
        self.app.post_message(message)

    @on(BranchList.Opened)
    def _opened(self, message: BranchList.Opened) -> None:
        self.post_message(ReviewRequested(message.row.execution))

    def _show_filter(self) -> None:
        self.query_one("#branches-pane").border_subtitle = self._list.filter_words

    def action_back(self) -> None:
        """Close the help, or go back to the workbench."""
        if self.query("#help"):
            self.query("#help").remove()
        else:
            self.dismiss()

    async def action_toggle_help(self) -> None:
        """Show or hide what the focused pane is and its keys."""
        from ..widgets.help_panel import HelpPanel

        if self.query("#help"):
            await self.query("#help").remove()
        else:
            await self.mount(HelpPanel(id="help"))
