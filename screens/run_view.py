"""One run: how it stands, its steps, its log, and in the end its receipt and its changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from ..app.domain.asking import Ask
from ..app.domain.events import Event, Kind
from ..app.domain.executions import Execution, Receipt
from ..app.domain.states import State
from ..app.services.feed import Watched
from ..widgets import _prose
from ..widgets._flow_steps import FlowProgress
from ..widgets.approval_box import ApprovalBox
from ..widgets.receipt_view import ReceiptView
from ..widgets.run_log import RunLog
from ..widgets.run_summary import RunSummary
from ..widgets.step_list import StepList
from ..widgets.step_timeline import StepTimeline
from ..widgets.tab_strip import Tab, TabbedPages, tab_bindings
from ..widgets.text_detail import TextDetail
from ..widgets.workflow_graph import WorkflowGraph
from .run_asking import RunAsking

WIDE = 90
"""From this width on the steps stand beside the log instead of above it."""


GRAPH, STEP, LOG, TIMELINE, RECEIPT, CHANGES = (
    "run-graph",
    "run-step",
    "run-log",
    "run-timeline",
    "run-receipt",
    "run-changes",
)
ENDINGS = (Kind.COMPLETED, Kind.FAILED, Kind.TERMINATED)
CHANGES_NAME = "changes.diff"
WITH_RECEIPT = (State.COMPLETED, State.FAILED, State.TERMINATED)

STANDING = {
    State.PAUSED: "⏸ No further call begins.  p goes on   x stops",
    State.INTERRUPTED: "◌ Its process is gone.  p goes on from its record   x ends it",
}
"""What can be done about a run that stands still."""


def prepare(news: Watched) -> None:
    """Read the answer that the news may bring; in a thread, so that :meth:`RunView.put` is quick."""
    for event in news.telling:
        if event.kind in ENDINGS:
            _prose.prepare(Receipt.from_dict(event.payload["receipt"]).answer)


class RunView(Widget):
    """Shows the execution given to :meth:`show` and the news of it given to :meth:`put`."""

    BINDING_GROUP_TITLE = "Run"
    HELP = """
    One run, live or long finished. **Log** is every event as it was recorded, **Timeline** when each step
    ran, **Receipt** the account of a finished run, **Changes** what its branch changed. A workflow has its
    **Graph**. `enter` on a step shows it in the log.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *tab_bindings("run"),
        Binding("t", "timeline", "Timeline", id="run.timeline", tooltip="When each step ran; again: back"),
    ]

    @dataclass
    class StepWanted(Message):
        """The events of a workflow's step are wanted: answer with ``put_step_events``, as they come."""

        execution: str
        step: str
        first: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._execution: Execution | None = None
        self._state: State | None = None
        self._asks: tuple[Ask, ...] = ()
        self._flow = FlowProgress()
        self._before_timeline = LOG
        self._step = ""

    def compose(self) -> ComposeResult:
        yield RunSummary()
        with Horizontal(id="run-body"):
            with Vertical(id="run-steps"):
                yield StepList()
            yield TabbedPages(
                Tab("Graph", WorkflowGraph(id=GRAPH)),
                Tab("Step", RunLog(id=STEP)),
                Tab("Log", RunLog(id=LOG)),
                Tab("Timeline", StepTimeline(id=TIMELINE)),
                Tab("Receipt", ReceiptView(id=RECEIPT)),
                Tab("Changes", TextDetail(id=CHANGES)),
                id="run-tabs",
            )
        yield ApprovalBox()
        yield Static(id="run-standing", markup=False)
        yield RunAsking(id="run-asking")

    def on_mount(self) -> None:
        """Fill the timeline when it is shown."""
        self.watch(self._tabs, "active", self._fill_timeline, init=False)

    def on_resize(self) -> None:
        self.set_class(self.size.width >= WIDE, "-wide")

    @property
    def asking(self) -> RunAsking:
        """Where something about the run is chosen or typed."""
        return self.query_one(RunAsking)

    @property
    def execution(self) -> Execution | None:
        """The execution that is shown."""
        return self._execution

    def show(self, execution: Execution) -> None:
        """Begin to show an execution; its events come through :meth:`put`."""
        self._execution = execution
        self.query_one(StepList).reset()
        self._show_asks()
        self.query_one("#run-log", RunLog).show(execution.id, execution.created)
        self._flow = FlowProgress()
        self.query_one(WorkflowGraph).steps = ()
        self.query_one(StepTimeline).steps = ()
        self._step = ""
        self._tabs.active = GRAPH if execution.kind == "workflow" else LOG
        self._show_tabs(execution.state in WITH_RECEIPT)
        self.update_row(execution, execution.created)

    def update_row(self, execution: Execution, now: float) -> None:
        """Show the figures as they are now."""
        if self._state is not execution.state:
            self._state = execution.state
            standing = self.query_one("#run-standing", Static)
            standing.update(STANDING.get(execution.state, ""))
            standing.display = execution.state in STANDING
        self._execution = execution
        summary = self.query_one(RunSummary)
        summary.execution, summary.now = execution, now
        self.query_one(StepList).now = now
        self.query_one(WorkflowGraph).now = now
        self.query_one(StepTimeline).now = now
        self.query_one(ApprovalBox).now = now

    def put(self, news: Watched) -> None:
        """Take news of the execution that is shown; others are not for this view."""
        if self._execution is None or news.execution != self._execution.id:
            return
        self.query_one(StepList).put(news.telling)
        if self._execution.kind == "workflow" and self._flow.put(news.telling):
            self.query_one(WorkflowGraph).steps = self._flow.steps
        self._fill_timeline()
        self.query_one("#run-log", RunLog).length = news.last_seq
        for event in news.telling:
            if event.kind in ENDINGS:
                self._show_receipt(Receipt.from_dict(event.payload["receipt"]))

    def put_asks(self, asks: tuple[Ask, ...]) -> None:
        """Take what waits for a person; what the run that is shown has asked is shown."""
        self._asks = asks
        self._show_asks()

    @property
    def focused_ask(self) -> str:
        """The question that keys answer now; empty where the focus is elsewhere."""
        box = self.query_one(ApprovalBox)
        return box.current_ask.id if box.has_focus and box.current_ask is not None else ""

    def go_to_ask(self, identifier: str) -> None:
        """Put the focus on a question that :meth:`put_asks` gave."""
        box = self.query_one(ApprovalBox)
        box.show(identifier)
        box.jump_here()

    def put_events(self, execution: str, events: Sequence[Event]) -> None:
        """Give the log a page that it asked for."""
        if self._execution is not None and execution == self._execution.id:
            self.query_one("#run-log", RunLog).put(events)

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

    def _focus_page(self) -> None:
        # Unless the person has gone elsewhere before the page was there.
        if self.screen.focused is None or self.has_focus_within:
            self.focus_content()

    @on(StepList.StepSelected)
    @on(StepTimeline.StepSelected)
    def _go_to_step(self, message: StepList.StepSelected | StepTimeline.StepSelected) -> None:
        message.stop()
        self._show_in_log(message.seq)

    @on(WorkflowGraph.StepSelected)
    def _go_to_flow_step(self, message: WorkflowGraph.StepSelected) -> None:
        message.stop()
        step, row = message.step, self._execution
        if row is None or not step.seq:
            self.notify(f"{step.id} has not begun.", markup=False)
            return
        self.query_one(StepList).go_to(step.seq)
        self._step = step.id
        log = self.query_one(f"#{STEP}", RunLog)
        log.show(f"{row.id}/{step.id}", step.began or row.created)
        self._tabs.rename(STEP, step.id)
        self._show_tabs(row.state in WITH_RECEIPT)
        self._tabs.active = STEP
        log.focus()
        self.post_message(self.StepWanted(row.id, step.id, step.seq))

    def put_step_events(self, events: Sequence[Event]) -> None:
        """Give what :class:`StepWanted` asked for, and what came since."""
        log = self.query_one(f"#{STEP}", RunLog)
        if events and events[0].execution == log.execution:
            log.length = max(log.length, events[-1].seq)
            log.put(events)

    @property
    def wants_step_events(self) -> bool:
        """Whether somebody looks at the events of one step now."""
        return self._tabs.active == STEP

    def _show_in_log(self, seq: int) -> None:
        log = self.query_one("#run-log", RunLog)
        was_shown = self._tabs.active == LOG
        self._tabs.active = LOG
        log.focus()
        if was_shown:
            log.go_to(seq)
        else:
            # Where a row stands is known once the log has its size again.
            self.call_after_refresh(log.go_to, seq)

    @on(TabbedPages.Chosen)
    def _read_page(self, message: TabbedPages.Chosen) -> None:
        message.stop()
        self.focus_content()

    def action_timeline(self) -> None:
        """Show when each step ran; or what was shown before that."""
        was_inside = self.has_focus_within
        if self._tabs.active == TIMELINE:
            self._tabs.active = self._before_timeline
        else:
            self._before_timeline = self._tabs.active
            self._tabs.active = TIMELINE
        if was_inside:
            self.call_after_refresh(self._focus_page)

    def action_tab(self, step: int) -> None:
        """Go ``step`` tabs to the right, round the end."""
        was_inside = self.has_focus_within
        self._tabs.step(step)
        if was_inside:
            self.call_after_refresh(self._focus_page)

    @property
    def _tabs(self) -> TabbedPages:
        return self.query_one("#run-tabs", TabbedPages)

    def _show_asks(self) -> None:
        box = self.query_one(ApprovalBox)
        had_focus = box.has_focus
        row = self._execution
        box.asks = tuple(ask for ask in self._asks if row is not None and ask.execution == row.id)
        if had_focus and not box.asks:
            self.focus_content()

    def _fill_timeline(self) -> None:
        # Nobody looks at it on another page, and a long run has thousands of steps.
        if self._tabs.active == TIMELINE:
            self.query_one(StepTimeline).steps = self.query_one(StepList).steps

    def _show_tabs(self, finished: bool) -> None:
        hidden = set() if finished else {RECEIPT, CHANGES}
        if self._execution is None or self._execution.kind != "workflow":
            hidden.add(GRAPH)
        if not self._step:
            hidden.add(STEP)
        self._tabs.hidden = frozenset(hidden)

    def _show_receipt(self, receipt: Receipt) -> None:
        self.query_one(ReceiptView).show(receipt)
        self._show_tabs(True)
        # What came of it is what one wants to read, unless one is in the middle of the log.
        if self.query_one("#run-log", RunLog).following:
            # Somebody who is typing at the foot goes on typing.
            inside = self.has_focus_within and not self.asking.has_focus_within
            self._tabs.active = RECEIPT
            if inside:
                self.call_after_refresh(self._focus_page)
