"""The inbox: every question of every run, answered here or in the run that asks."""

from __future__ import annotations

import time
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.worker import Worker

from ..app.domain.asking import Ask, words_of
from ..app.domain.words import plural
from ..app.services import approvals
from ..app.services.workspace import Workspace
from ..widgets._answer_keys import AnswersAsks
from ..widgets.approval_box import ApprovalBox
from ..widgets.approval_list import ApprovalList
from ..widgets.empty_state import EmptyState
from ..widgets.key_bar import KeyBar
from .messages import AsksChanged
from .run_asking import RunAsking


class ApprovalsScreen(Screen[Ask | None]):
    """Ends with the question whose run is to be shown, or with nothing.

    Args:
        asks: what waits now; changes come as :class:`AsksChanged`.
    """

    CSS_PATH = "approvals.tcss"
    BINDING_GROUP_TITLE = "Asks"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="asks.back", tooltip="Back to the workbench"),
    ]

    def __init__(self, workspace: Workspace, asks: tuple[Ask, ...]) -> None:
        super().__init__()
        self._workspace = workspace
        self._asks = asks

    def compose(self) -> ComposeResult:
        with Vertical(id="asks-pane"):
            yield ApprovalList()
            yield EmptyState(
                "Nothing needs you",
                "Runs ask here before they do what their agent's permissions want you to see first, "
                "and where a workflow has a step for your approval.",
                "esc",
                "goes back to the workbench",
            )
            yield ApprovalBox(answers=False)
            yield RunAsking()
        yield KeyBar()

    def on_mount(self) -> None:
        """Show what waits, and count how long."""
        self.query_one("#asks-pane").border_title = "Needs you"
        self._tick()
        self.set_interval(1.0, self._tick)
        self._show(self._asks)
        self.query_one(ApprovalList).focus()

    def on_worker_state_changed(self, message: Worker.StateChanged) -> None:
        """Hand on what went wrong: these messages do not bubble, and the application tells errors."""
        self.app.post_message(message)

    @on(AsksChanged)
    def _asks_changed(self, message: AsksChanged) -> None:
        self._show(message.asks)

    @on(ApprovalList.Highlighted)
    def _highlighted(self, message: ApprovalList.Highlighted) -> None:
        self.query_one(ApprovalBox).asks = (message.ask,) if message.ask is not None else ()

    @on(ApprovalList.Opened)
    def _opened(self, message: ApprovalList.Opened) -> None:
        self.dismiss(message.ask)

    @on(AnswersAsks.Answered)
    async def _answered(self, message: AnswersAsks.Answered) -> None:
        ask, answer = message.ask, message.answer
        if message.with_reason:
            words = f"Why “{words_of(answer)}” to {ask.who}? The run keeps your reason"
            await self.query_one(RunAsking).ask_for_text(words, partial(self._answer_with, ask, answer))
        else:
            self._answer(ask, answer)

    def action_back(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)

    def _answer_with(self, ask: Ask, answer: str, reason: str) -> None:
        self.call_later(self.query_one(RunAsking).close)
        self._answer(ask, answer, reason.strip())

    @work(thread=True, group="answer", exit_on_error=False)
    def _answer(self, ask: Ask, answer: str, reason: str = "") -> None:
        approvals.answer(self._workspace, ask.id, answer, reason)

    def _show(self, asks: tuple[Ask, ...]) -> None:
        listed = self.query_one(ApprovalList)
        listed.asks = asks
        listed.display = bool(asks)
        self.query_one(EmptyState).display = not asks
        runs = len({ask.execution for ask in asks})
        words = f"{plural(len(asks), 'question')} in {plural(runs, 'run')}" if asks else ""
        self.query_one("#asks-pane").border_subtitle = words

    def _tick(self) -> None:
        now = time.time()
        self.query_one(ApprovalList).now = now
        self.query_one(ApprovalBox).now = now
