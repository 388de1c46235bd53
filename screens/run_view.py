"""One run: how it stands, its steps, its log, and in the end its receipt and its changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.css.query import NoMatches
from textual.widget import Widget
from textual.widgets import TabbedContent, TabPane

from ..app.domain.events import Event, Kind
from ..app.domain.executions import Execution, Receipt
from ..app.domain.states import State
from ..app.services.feed import Watched
from ..widgets.receipt_view import ReceiptView
from ..widgets.run_log import RunLog
from ..widgets.run_summary import RunSummary
from ..widgets.step_list import StepList
from ..widgets.text_detail import TextDetail

WIDE = 90
"""From this width on the steps stand beside the log instead of above it."""


WITH_RECEIPT = (State.COMPLETED, State.FAILED, State.TERMINATED)


class RunView(Widget):
    """Shows the execution given to :meth:`show` and the news of it given to :meth:`put`."""

    BINDING_GROUP_TITLE = "Run"
    HELP = """
    One run, live or long finished. **Log** is every event as it was recorded, **Receipt** the account of a
    finished run, **Changes** what its branch changed. `enter` on a step shows it in the log.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "right_square_bracket",
            "tab(1)",
            "Next tab",
            key_display="]",
            id="run.next-tab",
            tooltip="Next tab",
        ),
        Binding(
            "left_square_bracket",
            "tab(-1)",
            "Previous tab",
            key_display="[",
            id="run.previous-tab",
            show=False,
            tooltip="Previous tab",
        ),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._execution: Execution | None = None

    def compose(self) -> ComposeResult:
        yield RunSummary()
        with Horizontal(id="run-body"):
            with Vertical(id="run-steps"):
                yield StepList()
            with TabbedContent(initial="run-log", id="run-tabs"):
                with TabPane("Log", id="run-log"):
                    yield RunLog()
                with TabPane("Receipt", id="run-receipt"):
                    yield ReceiptView()
                with TabPane("Changes", id="run-changes"):
                    yield TextDetail()

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
        self.query_one("#run-tabs", TabbedContent).active = "run-log"
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
            if event.kind in (Kind.COMPLETED, Kind.FAILED, Kind.TERMINATED):
                self._show_receipt(Receipt.from_dict(event.payload["receipt"]))

    def put_events(self, execution: str, events: Sequence[Event]) -> None:
        """Give the log a page that it asked for."""
        if self._execution is not None and execution == self._execution.id:
            self.query_one(RunLog).put(events)

    def put_changes(self, execution: str, diff: str) -> None:
        """Give the text of what the run's branch changed."""
        if self._execution is not None and execution == self._execution.id:
            page = self.query_one("#run-changes TextDetail", TextDetail)
            if diff:
                page.show("changes.diff", diff.encode("utf-8", "surrogateescape"))
            else:
                page.show_message("changes", "This run changed no file.")

    def focus_content(self) -> None:
        """Put the focus where the reading is."""
        active = self.query_one("#run-tabs", TabbedContent).active
        target: Widget = self.query_one(RunLog)
        if active == "run-receipt":
            target = self.query_one(ReceiptView)
        elif active == "run-changes":
            self.query_one(TextDetail).focus_text()
            return
        target.focus()

    @on(StepList.StepSelected)
    def _go_to_step(self, message: StepList.StepSelected) -> None:
        message.stop()
        self.query_one("#run-tabs", TabbedContent).active = "run-log"
        log = self.query_one(RunLog)
        log.go_to(message.seq)
        log.focus()

    def action_tab(self, step: int) -> None:
        tabs = self.query_one("#run-tabs", TabbedContent)
        shown = [pane.id or "" for pane in tabs.query(TabPane) if self._is_shown(pane.id or "")]
        was_inside = self.has_focus_within
        tabs.active = shown[(shown.index(tabs.active) + step) % len(shown)]
        if was_inside:
            self.call_after_refresh(self.focus_content)

    def _is_shown(self, pane: str) -> bool:
        try:
            return self.query_one("#run-tabs", TabbedContent).get_tab(pane).display
        except NoMatches:
            return False

    def _show_tabs(self, finished: bool) -> None:
        tabs = self.query_one("#run-tabs", TabbedContent)
        for pane in ("run-receipt", "run-changes"):
            if finished:
                tabs.show_tab(pane)
            else:
                tabs.hide_tab(pane)

    def _show_receipt(self, receipt: Receipt) -> None:
        self.query_one(ReceiptView).show(receipt)
        self._show_tabs(True)
        # Not at once: while the tabs are being made they go to their first one by themselves.
        self.query_one("#run-tabs", TabbedContent).call_after_refresh(self._go_to_receipt, receipt.execution)

    def _go_to_receipt(self, execution: str) -> None:
        # What came of it is what one wants to read, unless one is in the middle of the log.
        current = self._execution is not None and self._execution.id == execution
        if current and self.query_one(RunLog).following:
            inside = self.has_focus_within
            self.query_one("#run-tabs", TabbedContent).active = "run-receipt"
            if inside:
                self.call_after_refresh(self.focus_content)
