"""What goes on behind a review: the checks of its branch, and the agent that works on what was sent to it."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.timer import Timer

from ..app.domain.checks import Check
from ..app.domain.errors import NotFound
from ..app.domain.executions import Execution
from ..app.services import review as service
from .review_asking import AskingPage
from .review_checks import OutputScreen
from .review_questions import RUN, YES, check_names, checks_question, send_question
from .review_work import Page

LOOKS_A_SECOND = 4
"""How often a run that works on the branch is looked at."""


class AgentPage(AskingPage):
    """Shows the checks and runs them; sends what was said, and follows the run that answers it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("S", "send", "Send", id="review.send", show=False, tooltip="Send notes and rejections"),
        Binding("C", "checks", "Checks", id="review.checks", show=False, tooltip="See and run the checks"),
    ]

    _checks: tuple[Check, ...] = ()
    _checking = False
    _follow_up: Execution | None = None
    _looking: Timer | None = None

    def page_read(self, page: Page) -> None:
        """Follow what works on the branch."""
        self.follow(page.at_work)

    # Checks

    def read_more(self, page: Page) -> None:
        """Read what the checks of this tip have come to."""
        from ..app.services import checks  # with all that runs them; only threads wait for that

        try:
            found = checks.results(self._workspace, page.execution.id)
        except NotFound:  # discarded, and still shown
            found = ()
        self.call_later(self._put_read_checks, found)

    def _put_read_checks(self, found: tuple[Check, ...]) -> None:
        if not self._checking:  # these come later than what is being found out
            self._put_checks(found)

    def _put_checks(self, found: tuple[Check, ...], checking: bool = False) -> None:
        self._checking, self._checks = checking, found
        self.page_changed()

    def _put_check(self, check: Check) -> None:
        self._put_checks((*self._checks, check), checking=True)

    async def action_checks(self) -> None:
        """Show what the checks have come to, and offer to run them."""
        if page := self._page:
            await self._ask(
                checks_question(page, self._checks, running=self._checking), self._checks_answered
            )

    def _checks_answered(self, answer: str) -> None:
        self.call_later(self._leave_bar)
        if answer == RUN and self._page:
            self._put_checks((), checking=True)
            self._run_checks(self._page)
        elif answer != RUN:
            self.app.push_screen(OutputScreen(self._checks[int(answer)]))

    @work(thread=True, exclusive=True, group="review-checks", exit_on_error=False)
    def _run_checks(self, page: Page) -> None:
        from ..app.services import checks

        self.call_later(self._put_checks, checks.run(self._workspace, page.execution.id, each=self._tell))

    def _tell(self, check: Check) -> None:
        self.call_later(self._put_check, check)

    def checks_stopped(self) -> None:
        """They could not be run; why, the application tells."""
        self._checking = False
        self.page_changed()

    @property
    def checks_words(self) -> Content:
        """``checks: ✓ pytest  ✗ ruff``; ``–`` where none ran, ``…`` while they run."""
        if not self._checks:
            return Content("checks: …" if self._checking else "checks: –")
        parts = [
            Content.styled(f"{check.glyph} {name}", "$text-success" if check.ok else "$text-error")
            for check, name in zip(self._checks, check_names(self._checks), strict=True)
        ]
        return Content("checks: ") + Content("  ").join(parts) + Content("  …" if self._checking else "")

    # Sending

    async def action_send(self) -> None:
        """Ask whether to send what was noted and rejected to the agent."""
        if page := self._page:
            await self._ask(send_question(page), partial(self._send_answered, page))

    def _send_answered(self, page: Page, answer: str) -> None:
        if answer == YES:
            self.call_later(self._leave_bar)
            self.doing("sending")
            self._send(page)

    @work(thread=True, group="review-change", exit_on_error=False)
    def _send(self, page: Page) -> None:
        run = service.send(self._workspace, page.reviewed)
        self.call_later(self._sent, run.execution)

    def _sent(self, execution: Execution) -> None:
        self.doing("")
        self.action_read()  # with the new run on the branch, which is followed then
        self.notify(f"{execution.short} {execution.agent} works on it.", title="Sent", markup=False)

    def doing(self, words: str) -> None:
        """Say what is being done at this moment; empty for nothing."""

    # Following the run that works on the branch

    def follow(self, execution: Execution | None) -> None:
        """Show how far a run has come, and read the branch again when it has ended."""
        if execution is None or (self._follow_up and self._follow_up.id == execution.id):
            return
        self._follow_up = execution
        if self._looking is None:
            self._looking = self.set_interval(1 / LOOKS_A_SECOND, self._look_at_run)
        self._looking.resume()
        self.page_changed()

    @work(thread=True, exclusive=True, group="review-follow", exit_on_error=False)
    def _look_at_run(self) -> None:
        if run := self._follow_up:
            self.call_later(self._put_run, self._workspace.store.execution(run.id))

    def _put_run(self, row: Execution) -> None:
        if self._follow_up is None or self._follow_up.id != row.id:
            return
        if row.state.is_live:
            if row != self._follow_up:
                self._follow_up = row
                self._page = self._page and self._page.with_run(row)
                self.page_changed()
            return
        self._follow_up = None
        if self._looking:
            self._looking.pause()
        self.notify(row.note, title=f"{row.short} {row.agent} {row.state.word}", markup=False)
        self.page_changed()
        self.action_read()

    @property
    def follow_words(self) -> str:
        """``● 7f3k worker: write_file``; empty while nothing runs."""
        run = self._follow_up
        if run is None:
            return ""
        return f"{run.state.glyph} {run.short} {run.agent} {run.state.word}: {run.note}".rstrip(": ")
