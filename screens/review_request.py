"""Asking from a review for its branch to be merged on the forge that it is pushed to."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType

from ..app.domain.pull_requests import PullRequest
from .review_agent import AgentPage
from .review_questions import YES, request_question
from .review_work import Page

SHOWN_SECONDS = 30.0
"""How long what came of it is shown: an address or a path, to be taken along."""


class RequestPage(AgentPage):
    """Pushes the branch and opens a pull request, once the person has said so."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "P",
            "request",
            "Pull request",
            id="review.request",
            show=False,
            tooltip="Open a pull request for the branch",
        ),
    ]

    async def action_request(self) -> None:
        """Ask whether to push the branch and open a pull request."""
        if page := self._page:
            await self._ask(request_question(page), partial(self._request_answered, page))

    def _request_answered(self, page: Page, answer: str) -> None:
        if answer == YES:
            self.call_later(self._leave_bar)
            self.doing("opening a pull request")
            self._request(page)

    @work(thread=True, group="review-change", exit_on_error=False)
    def _request(self, page: Page) -> None:
        from ..app.services import pull_requests  # with an HTTP client

        self.call_later(self._requested, pull_requests.create(self._workspace, page.execution.id))

    def _requested(self, made: PullRequest) -> None:
        self.doing("")
        if made.address:
            title = "Pull request opened" if made.created else "It was open already"
            self.notify(made.address, title=title, timeout=SHOWN_SECONDS, markup=False)
            return
        lines = [f"{made.reason}."]
        if made.compare:
            lines.append(f"The branch is pushed; open it there: {made.compare}")
        lines.append(f"A patch is in {made.patch}")
        self.notify(
            "\n".join(lines), title="No pull request was opened", severity="warning",
            timeout=SHOWN_SECONDS, markup=False,
        )  # fmt: skip
