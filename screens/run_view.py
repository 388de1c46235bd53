"""One run: how it stands, its steps, its log, and in the end its receipt and its changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from ..app.domain.events import Event, Kind
from ..app.domain.executions import Execution, Receipt
from ..app.domain.states import State
from ..app.services.feed import Watched
from ..widgets import _prose
from ..widgets.receipt_view import ReceiptView
from ..widgets.run_log import RunLog
from ..widgets.run_summary import RunSummary
from ..widgets.step_list import StepList
from ..widgets.tab_strip import Tab, TabbedPages, tab_bindings
from ..widgets.text_detail import TextDetail

WIDE = 90
"""From this width on the steps stand beside the log instead of above it."""


LOG, RECEIPT, CHANGES = "run-log", "run-receipt", "run-changes"
ENDINGS = (Kind.COMPLETED, Kind.FAILED, Kind.TERMINATED)
CHANGES_NAME = "changes.diff"
WITH_RECEIPT = (State.COMPLETED, State.FAILED, State.TERMINATED)


def prepare(news: Watched) -> None:
    """Read the answer that the news may bring; in a thread, so that :meth:`RunView.put` is quick."""
    for event in news.telling:
        if event.kind in ENDINGS:
            _prose.prepare(Receipt.from_dict(event.payload["receipt"]).answer)


class RunView(Widget):
    """Shows the execution given to :meth:`show` and the news of it given to :meth:`put`."""

    BINDING_GROUP_TITLE = "Run"
    HELP = """
    One run, live or long finished. **Log** is every event as it was recorded, **Receipt** the account of a
    finished run, **Changes** what its branch changed. `enter` on a step shows it in the log.
    """
    BINDINGS: ClassVar[list[BindingType]] = [*tab_bindings("run")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._execution: Execution | None = None

    def compose(self) -> ComposeResult:
        yield RunSummary()
        with Horizontal(id="run-body"):
            with Vertical(id="run-steps"):
                yield StepList()
            yield TabbedPages(
                Tab("Log", RunLog(id=LOG)),
                Tab("Receipt", ReceiptView(id=RECEIPT)),
                Tab("Changes", TextDetail(id=CHANGES)),
                id="run-tabs",
            )

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "-wide")

    @property
    def execution(self) -> Execution | None:
        """The execution that is shown."""
        return self._execution

    def show(self, execution: Execution) -> None:
        """Begin to show an execution; its events come through :meth:`put`."""
        self._execution = execution
        self.query_one(StepList).reset()
        self.query_one(RunLog).show(execution.id, execution.created)
        self._tabs.active = LOG
        self._show_tabs(execution.state in WITH_RECEIPT)
        self.update_row(execution, execution.created)

    def update_row(self, execution: Execution, now: float) -> None:
        """Show the figures as they are now."""
        self._execution = execution
        summary = self.query_one(RunSummary)
        summary.execution, summary.now = execution, now
        self.query_one(StepList).now = now

    def put(self, news: Watched) -> None:
        """Take news of the execution that is shown; others are not for this view."""
        if self._execution is None or news.execution != self._execution.id:
            return
        self.query_one(StepList).put(news.telling)
        self.query_one(RunLog).length = news.last_seq
        for event in news.telling:
            if event.kind in ENDINGS:
                self._show_receipt(Receipt.from_dict(event.payload["receipt"]))

    def put_events(self, execution: str, events: Sequence[Event]) -> None:
        """Give the log a page that it asked for."""
        if self._execution is not None and execution == self._execution.id:
            self.query_one(RunLog).put(events)

    def put_changes(self, execution: str, diff: str) -> None:
        """Give the text of what the run's branch changed."""
        if self._execution is not None and execution == self._execution.id:
            page = self.query_one(TextDetail)
            if diff:
                page.show(CHANGES_NAME, diff.encode("utf-8", "surrogateescape"))
            else:
                page.show_message("changes", "This run changed no file.")

    def focus_content(self) -> None:
        """Put the focus where the reading is."""
        page = self._tabs.page
        if isinstance(page, TextDetail):
            page.focus_text()
        else:
            page.focus()

    @on(StepList.StepSelected)
    def _go_to_step(self, message: StepList.StepSelected) -> None:
        message.stop()
        self._tabs.active = LOG
        log = self.query_one(RunLog)
        log.go_to(message.seq)
        log.focus()

    @on(TabbedPages.Chosen)
    def _read_page(self, message: TabbedPages.Chosen) -> None:
        message.stop()
        self.focus_content()

    def action_tab(self, step: int) -> None:
        """Go ``step`` tabs to the right, round the end."""
        was_inside = self.has_focus_within
        self._tabs.step(step)
        if was_inside:
            self.call_after_refresh(self.focus_content)

    @property
    def _tabs(self) -> TabbedPages:
        return self.query_one("#run-tabs", TabbedPages)

    def _show_tabs(self, finished: bool) -> None:
        self._tabs.hidden = frozenset() if finished else frozenset({RECEIPT, CHANGES})

    def _show_receipt(self, receipt: Receipt) -> None:
        self.query_one(ReceiptView).show(receipt)
        self._show_tabs(True)
        # What came of it is what one wants to read, unless one is in the middle of the log.
        if self.query_one(RunLog).following:
            inside = self.has_focus_within
            self._tabs.active = RECEIPT
            if inside:
                self.call_after_refresh(self.focus_content)
