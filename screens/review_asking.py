"""The bottom line of a review: its questions, what is typed there, and what a review is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widgets import Input

from ..app.domain.errors import ParacleError
from ..app.services.review_bases import LAST_STEP, Ends, is_there, known_names
from .review_bar import ActionLine, AskLine, Question, QuestionLine
from .review_page import ReviewPage
from .review_questions import ANY, FORK, base_question
from .review_work import Compared, Page, compare


class AskingPage(ReviewPage):
    """Asks in its bottom line, so that nothing is covered; ``b`` asks what to compare with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "base", "Base", id="review.base", show=False, tooltip="Compare with something else"),
    ]

    _answer: Callable[[str], None] | None = None
    _typed: Callable[[str], None] | None = None
    _stays = False
    """Whether the line stays until somebody takes it away: what is typed may be refused."""

    # Asking

    async def _ask(self, question: Question, answer: Callable[[str], None]) -> None:
        self._answer = answer
        # They come up where the question stands.
        self.app.clear_notifications()
        line = self.query_one_optional(QuestionLine)
        if line is None:
            await self._clear_bar()
            line = QuestionLine()
            await self.query_one("#review-bar").mount(line)
            self.query_one(ActionLine).display = False
        line.question = question
        line.focus()

    async def _ask_for_text(
        self,
        words: str,
        value: str,
        typed: Callable[[str], None],
        *,
        names: Sequence[str] = (),
        stays: bool = False,
    ) -> None:
        await self._clear_bar()
        self._typed, self._stays = typed, stays
        self.query_one(ActionLine).asks = words
        line = AskLine(value, names)
        await self.query_one("#review-bar").mount(line)
        line.focus()

    async def _clear_bar(self) -> None:
        self.asked_no_more()
        self._typed = None
        await self.query("QuestionLine, AskLine").remove()
        line = self.query_one(ActionLine)
        line.asks, line.problem, line.display = "", "", True
        self.query_one("#review-bar").refresh(layout=True)

    async def _leave_bar(self) -> None:
        await self._clear_bar()
        self._focus_pane(self._pane)

    def asked_no_more(self) -> None:
        """Called when whatever was asked is not any more."""

    @on(QuestionLine.Answered)
    def _answered(self, message: QuestionLine.Answered) -> None:
        if self._answer:
            self._answer(message.answer)

    @on(QuestionLine.Left)
    async def _left(self) -> None:
        await self._leave_bar()

    @on(AskLine.Left)
    async def _typing_left(self) -> None:
        if self._diff.needle:
            self._diff.needle = ""
        await self._leave_bar()

    @on(Input.Changed)
    def _typing(self) -> None:
        self.query_one(ActionLine).problem = ""

    @on(Input.Submitted)
    async def _submitted(self, message: Input.Submitted) -> None:
        typed = self._typed
        if not self._stays:
            await self._leave_bar()
        if typed:
            typed(message.value)

    # What to compare with

    async def action_base(self) -> None:
        """Ask what to compare with."""
        if page := self._page:
            has_files = is_there(page.worktree)
            await self._ask(base_question(page, has_files=has_files), self._base_answered)

    def _base_answered(self, answer: str) -> None:
        page = self._page
        if page is None:
            return
        if answer == ANY:
            self._read_names(page)
        elif answer == FORK:
            self.call_later(self._leave_bar)
            self._show_against(page, None)
        else:
            self.call_later(self._leave_bar)
            self._read_against(page, answer)

    @work(thread=True, exclusive=True, group="review-base", exit_on_error=False)
    def _read_names(self, page: Page) -> None:
        names = known_names(page.reviewed.repository, Ends(page.reviewed.base, page.reviewed.tip))
        self.call_later(self._ask_for_base, page, names)

    async def _ask_for_base(self, page: Page, names: Sequence[str]) -> None:
        words = "Compare with a branch, a tag or a commit"
        value = page.shown.against if page.other and page.shown.against in names else ""
        await self._ask_for_text(words, value, self._base_typed, names=names, stays=True)

    def _base_typed(self, name: str) -> None:
        if self._page and name.strip():
            self._read_against(self._page, name.strip())

    @work(thread=True, exclusive=True, group="review-base", exit_on_error=False)
    def _read_against(self, page: Page, against: str) -> None:
        try:
            other = compare(self._workspace, page.execution.id, against)
        except ParacleError as error:
            self.call_later(self._base_refused, error)
        else:
            self.call_later(self._put_base, page, other)

    async def _put_base(self, page: Page, other: Compared) -> None:
        if self.query("AskLine"):
            await self._leave_bar()
        self._show_against(page, other)

    def _base_refused(self, error: ParacleError) -> None:
        if self.query("AskLine"):
            self.query_one(ActionLine).problem = f"{error.title}: {error.hint}"
        else:
            self.notify(error.hint, title=error.title, severity="warning", markup=False)


def base_words(page: Page | None) -> str:
    """What the bar calls the thing that is compared with."""
    against = page.shown.against if page else ""
    return {"": "fork", LAST_STEP: "before the last step"}.get(against, against)
