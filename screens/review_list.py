"""The place where reviews begin: the branches that executions have left, and the history they are part of."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import DescendantFocus
from textual.screen import Screen
from textual.worker import Worker

from ..app.domain.executions import Receipt
from ..app.domain.history import BranchRow, Clash
from ..app.domain.history_graph import HistoryGraph, Run
from ..app.domain.ids import shorten
from ..app.domain.words import plural
from ..app.services import history, runs
from ..app.services.history_graph import HistoryReader
from ..app.services.workspace import Workspace
from ..widgets.branch_list import BranchList
from ..widgets.empty_state import EmptyState
from ..widgets.history_graph import GraphView
from ..widgets.key_bar import KeyBar
from ..widgets.tab_strip import Tab, TabbedPages, tab_bindings
from .messages import ReviewRequested
from .review_header import ReviewHeader

if TYPE_CHECKING:
    from ..widgets.receipt_view import ReceiptView

BRANCHES, HISTORY = "branches", "history"
LOOK_SECONDS = 1.0
"""How often the history is looked at for changes while it is shown; a look costs no process."""

NO_RUN = "no run yet · 1 goes where they begin"
RUNS_BEGIN = ("1", "goes to the workbench, where runs begin")


class ReviewListScreen(Screen[None]):
    """Branches to review, and the history as a graph. Both are read anew whenever one comes back."""

    CSS_PATH = "review_list.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]  # noqa: RUF012
    BINDING_GROUP_TITLE = "Review"
    AUTO_FOCUS = "BranchList"
    BINDINGS: ClassVar[list[BindingType]] = [
        *tab_bindings("reviews"),
        Binding("R", "read", "Look again", id="reviews.read", tooltip="Read the branches again"),
        Binding(
            "tab,shift+tab",
            "next_pane",
            "Next pane",
            id="reviews.next-pane",
            show=False,
            tooltip="Between the history and the receipt",
        ),
        Binding("escape", "back", "Back", id="reviews.back", show=False, tooltip="One step back"),
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
        self._reader = HistoryReader(workspace)
        self._clashes: tuple[Clash, ...] = ()
        self._is_reading = False
        self._has_failed = False
        self._receipt_of = ""

    def compose(self) -> ComposeResult:
        why = "Each run works on a branch of its own. What it changed is reviewed and merged here."
        no_branch = EmptyState("No branch to review", why, *RUNS_BEGIN)
        why = (
            "The commits of your branch are the trunk. Each run leaves it, and comes back when it is merged."
        )
        no_history = EmptyState("No history yet", why, *RUNS_BEGIN)
        yield ReviewHeader()
        with Horizontal(id="review-places"):
            with Vertical(id="views-pane", classes="pane -current"):
                yield TabbedPages(
                    Tab("Branches", Vertical(BranchList(), no_branch, id=BRANCHES)),
                    Tab("History", Vertical(GraphView(), no_history, id=HISTORY)),
                    id="review-views",
                )
            yield Vertical(id="receipt-pane", classes="pane")
        yield KeyBar()

    def on_mount(self) -> None:
        """The rest comes with the reading, which begins when the screen is shown."""
        self._show_titles()
        for filtered in (self._list, self._graph):
            for name in ("filter", "filtering"):
                self.watch(filtered, name, self._show_titles, init=False)
        self._list.focus()
        self.set_interval(LOOK_SECONDS, self._look)

    def on_screen_resume(self) -> None:
        """Branches may have been merged or discarded meanwhile."""
        self.action_read()

    # Parts

    @property
    def _list(self) -> BranchList:
        return self.query_one(BranchList)

    @property
    def _graph(self) -> GraphView:
        return self.query_one(GraphView)

    @property
    def _views(self) -> TabbedPages:
        return self.query_one("#review-views", TabbedPages)

    @property
    def _shows_history(self) -> bool:
        return self._views.active == HISTORY

    # Branches

    @work(thread=True, exclusive=True, group="branches", exit_on_error=False)
    def _read_branches(self) -> None:
        """Read the branches, then which of them clash, which takes longer."""
        rows = history.branches(self._workspace)
        self.call_later(self._put_rows, rows)
        self.call_later(self._put_clashes, history.clashes(self._workspace))

    def _put_rows(self, rows: tuple[BranchRow, ...]) -> None:
        self._list.now = time.time()
        self._list.rows = rows
        self.query_one(f"#{BRANCHES}").set_class(not rows, "-empty")
        self._show_titles()

    def _put_clashes(self, clashes: tuple[Clash, ...]) -> None:
        self._clashes = self._list.clashes = clashes
        self._show_titles()

    @on(BranchList.Opened)
    def _opened(self, message: BranchList.Opened) -> None:
        self.post_message(ReviewRequested(message.row.execution))

    # History

    def _look(self) -> None:
        if self.is_current and self._shows_history and not (self._is_reading or self._has_failed):
            self._graph.now = time.time()
            self._is_reading = True
            self._follow()

    @work(thread=True, group="history", exit_on_error=False)
    def _follow(self) -> None:
        self._reading(only_news=True)

    @work(thread=True, group="history", exit_on_error=False)
    def _read_history(self) -> None:
        self._reading()

    @work(thread=True, group="history", exit_on_error=False)
    def _read_more(self) -> None:
        self.call_later(self._put_graph, self._reader.more())

    def _reading(self, *, only_news: bool = False) -> None:
        """Read in a thread: what there is at once, then what reviews say, which takes longer."""
        failed = True
        try:
            if not only_news or self._reader.has_changed():
                self.call_later(self._put_graph, self._reader.read())
                if (judged := self._reader.judge()) is not None:
                    self.call_later(self._put_graph, judged)
            failed = False
        finally:
            self.call_later(self._read_ended, failed)

    def _read_ended(self, failed: bool) -> None:
        # A look that fails would fail every second: the next one is when the person asks for it.
        self._is_reading, self._has_failed = False, failed

    def _put_graph(self, graph: HistoryGraph) -> None:
        self._graph.now = time.time()
        self._graph.graph = graph
        self.query_one(f"#{HISTORY}").set_class(not graph.rows and not graph.waiting, "-empty")
        self._show_titles()

    @on(GraphView.EndNear)
    def _end_near(self) -> None:
        self._read_more()

    @on(GraphView.ReviewWanted)
    def _review_wanted(self, message: GraphView.ReviewWanted) -> None:
        self.post_message(ReviewRequested(message.run.id))

    # The receipt

    @on(GraphView.Opened)
    def _receipt_wanted(self, message: GraphView.Opened) -> None:
        self._read_receipt(message.run, True)

    @on(GraphView.Highlighted)
    def _highlighted(self, message: GraphView.Highlighted) -> None:
        run = message.run
        if self.has_class("-receipt") and run and run.has_receipt and run.id != self._receipt_of:
            self._read_receipt(run, False)

    @work(thread=True, exclusive=True, group="receipt", exit_on_error=False)
    def _read_receipt(self, run: Run, focus: bool) -> None:
        # The view of it brings Markdown, which takes a while to import.
        from ..widgets import _prose, receipt_view

        receipt = runs.receipt_of(self._workspace, runs.find(self._workspace, run.id))
        _prose.prepare(receipt.answer)
        self.call_later(self._show_receipt, receipt, receipt_view.ReceiptView, focus)

    async def _show_receipt(self, receipt: Receipt, view: type[ReceiptView], focus: bool) -> None:
        if not (focus or self.has_class("-receipt")):
            return  # closed meanwhile
        pane = self.query_one("#receipt-pane")
        if not pane.query(view):
            await pane.mount(view())
        self.add_class("-receipt")
        self._receipt_of = receipt.execution
        pane.border_title = Content(f"Receipt {shorten(receipt.execution)}").markup
        shown = pane.query_one(view)
        shown.show(receipt)
        if focus:
            shown.focus()

    def _close_receipt(self) -> None:
        self._receipt_of = ""
        self.remove_class("-receipt")
        self._focus_list()

    # What is told

    def on_worker_state_changed(self, message: Worker.StateChanged) -> None:
        """Hand on what went wrong: these messages do not bubble, and the application tells errors."""
        self.app.post_message(message)

    @on(TabbedPages.Chosen)
    def _chosen(self) -> None:
        self._view_changed()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The pane with the focus stands out."""
        for pane in self.query(".pane"):
            pane.set_class(pane in event.widget.ancestors, "-current")

    def _show_titles(self) -> None:
        header, pane = self.query_one(ReviewHeader), self.query_one("#views-pane")
        header.verdict = ("", "")
        if self._shows_history:
            graph = self._graph.graph
            pane.border_title = Content(f"Over {graph.target}").markup if graph.target else "History"
            pane.border_subtitle = self._graph.filter_words or ("" if graph.runs else NO_RUN)
            header.subject = plural(graph.runs, "run")
        else:
            pane.border_title = "Branches"
            pane.border_subtitle = self._list.filter_words
            header.subject = plural(len(self._list.rows), "branch", "branches")
            if self._clashes:
                words = plural(len(self._clashes), "pair clashes", "pairs clash")
                header.verdict = (f"⚡ {words}", "$text-warning")

    def _view_changed(self) -> None:
        if not self._shows_history:
            self.remove_class("-receipt")
        self._show_titles()
        self._focus_list()
        if self._shows_history:
            self._has_failed = False
            self._read_history()

    def _focus_list(self) -> None:
        (self._graph if self._shows_history else self._list).focus()

    # Actions

    def action_read(self) -> None:
        """Look again."""
        self._read_branches()
        if self._shows_history:
            self._has_failed = False
            self._read_history()

    def action_tab(self, step: int) -> None:
        """Go ``step`` views to the right, round the end."""
        self._views.step(step)
        self._view_changed()

    def action_next_pane(self) -> None:
        """Between the list and the receipt, where both are there."""
        if self.has_class("-receipt") and self._graph.has_focus:
            self.query_one("#receipt-pane").query("ReceiptView").first().focus()
        elif self.has_class("-receipt") and self.has_class("-narrow"):
            self._close_receipt()
        else:
            self._focus_list()

    def action_back(self) -> None:
        """Close the help, or the receipt, or go back to the workbench."""
        if self.query("#help"):
            self.query("#help").remove()
        elif self.has_class("-receipt"):
            self._close_receipt()
        else:
            self.dismiss()

    async def action_toggle_help(self) -> None:
        """Show or hide what the focused pane is and its keys."""
        from ..widgets.help_panel import HelpPanel

        if self.query("#help"):
            await self.query("#help").remove()
        else:
            await self.mount(HelpPanel(id="help"))
