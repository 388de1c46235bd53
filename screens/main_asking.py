"""What runs ask their person: found, shown in place, told once, and answered, whichever run it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType

from ..app.domain.asking import Ask, words_of
from ..app.domain.executions import Execution
from ..app.services.feed import Feed
from ..app.services.workspace import Workspace
from ..widgets._answer_keys import AnswersAsks
from ..widgets.header_bar import HeaderBar
from .content_run import RUN
from .main_control import ControlActions
from .messages import AsksChanged, Calling

if TYPE_CHECKING:
    from ..app.services.approvals import Asked


class AskingActions(ControlActions):
    """Goes to the next question, wherever it was asked, and takes the answers given in a run's view."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next_ask", "Next ask", id="main.next-ask", tooltip="To the next run that needs you"),
        Binding("a", "asks", "Asks", id="main.asks", tooltip="Everything that waits for your answer"),
    ]

    def __init__(self, workspace: Workspace, feed: Feed) -> None:
        super().__init__(workspace, feed)
        self.asks: tuple[Ask, ...] = ()
        self._asking: dict[str, Execution] = {}
        self._told: set[str] = set()
        self._since = time.time()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While nothing waits, the keys of what waits are not there."""
        if self.is_mounted and action in ("next_ask", "asks") and not self.asks:
            return False
        return super().check_action(action, parameters)

    # What waits

    def _look_for_asks(self, rows: tuple[Execution, ...]) -> None:
        """Read the questions anew where a run that asks has changed."""
        asking = {row.id: row for row in rows if row.asks and not row.state.is_final}
        if asking != self._asking:
            self._asking = asking
            self._read_asks()

    @work(thread=True, exclusive=True, group="asks", exit_on_error=False)
    def _read_asks(self) -> None:
        from ..app.services import approvals

        found = tuple(as_ask(asked) for asked in approvals.waiting(self._workspace))
        self.call_later(self._put_asks, found)

    def _put_asks(self, asks: tuple[Ask, ...]) -> None:
        self.asks = asks
        # Only now: whoever reads that something waits can go to it.
        self.query_one(HeaderBar).waiting = len({ask.execution for ask in asks})
        self._content.put_asks(asks)
        for ask in asks:
            # What waited before the workbench was opened is in sight; nobody has to be called for it.
            if ask.id not in self._told and ask.since >= self._since:
                self.post_message(Calling(f"{ask.who} asks: {ask.question}"))
            self._told.add(ask.id)
        for screen in self.app.screen_stack[1:]:
            screen.post_message(AsksChanged(asks))
        self.refresh_bindings()

    # Going there

    async def action_next_ask(self) -> None:
        """Go to the next question, after the one that has the focus."""
        if not self.asks:
            return
        shown = self._content.run_view.focused_ask if self._content.page == RUN else ""
        places = [ask.id for ask in self.asks]
        place = places.index(shown) + 1 if shown in places else 0
        await self.go_to_ask(self.asks[place % len(places)])

    async def go_to_ask(self, ask: Ask) -> None:
        """Show a question in the view of its run."""
        row = self._asking.get(ask.execution)
        if row is None:
            return
        self._list.go_to(row.id)
        await self._open_run(row)
        self._content.run_view.go_to_ask(ask.id)

    def action_asks(self) -> None:
        """List everything that waits."""
        from .approvals import ApprovalsScreen

        self.app.push_screen(ApprovalsScreen(self._workspace, self.asks), self._came_back)

    def _came_back(self, chosen: Ask | None) -> None:
        if chosen is not None:
            self.call_later(self.go_to_ask, chosen)

    # Answering

    @on(AnswersAsks.Answered)
    async def _answered(self, message: AnswersAsks.Answered) -> None:
        message.stop()
        ask, answer = message.ask, message.answer
        if message.with_reason:
            asking = self._content.run_view.asking
            words = f"Why “{words_of(answer)}”? The run keeps your reason"
            await asking.ask_for_text(words, partial(self._answer_with, ask, answer))
        else:
            self._answer(ask, answer)

    def _answer_with(self, ask: Ask, answer: str, reason: str) -> None:
        self.call_later(self._content.run_view.asking.close)
        self._answer(ask, answer, reason.strip())

    @work(thread=True, group="answer", exit_on_error=False)
    def _answer(self, ask: Ask, answer: str, reason: str = "") -> None:
        from ..app.services import approvals

        approvals.answer(self._workspace, ask.id, answer, reason)

    def named_commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """What waits, each with its answers; then the runs."""
        for ask in self.asks:
            for option in ask.options:
                title = f"Answer {ask.who}: {words_of(option)}"
                yield title, ask.question, partial(self._answer, ask, option)
        yield from super().named_commands()


def as_ask(asked: Asked) -> Ask:
    """A question as widgets know it."""
    return Ask(
        asked.id,
        asked.execution.id,
        f"{asked.execution.short} {asked.execution.agent}",
        asked.question,
        asked.detail,
        asked.options,
        asked.default,
        asked.expires,
        asked.since,
    )
