"""The page of a run: opened, followed, and fed with what it asks for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual import work
from textual.containers import Vertical
from textual.widget import Widget
from textual.worker import Worker

from ..app.domain.errors import ParacleError
from ..widgets.run_tabs import RunTabs
from .collector import settle
from .messages import NewsArrived

if TYPE_CHECKING:
    from ..app.domain.asking import Ask
    from ..app.domain.executions import Execution
    from ..app.services.feed import Feed, Watched
    from ..app.services.step_events import StepEvents
    from ..app.services.workspace import Workspace
    from ..widgets.run_log import RunLog
    from .run_view import RunView

SETTLE_AFTER = 0.5
"""Seconds from a page's first showing until all that it needed at first is there."""

NOTHING, RUN = "nothing", "run"


class RunContent(Vertical):
    """Holds pages, of which this part knows the run's. :attr:`page` says which one is shown."""

    def __init__(self, workspace: Workspace, feed: Feed, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self.page = NOTHING
        self._workspace = workspace
        self._feed = feed
        self._pages: dict[str, Widget] = {}
        self._run: Execution | None = None
        self._over_run = False
        self._asks: tuple[Ask, ...] = ()
        self._step: StepEvents | None = None
        self._mounting = asyncio.Lock()

    @property
    def tabs(self) -> RunTabs:
        """The runs that are open beside each other."""
        return self.query_one(RunTabs)

    @property
    def run(self) -> Execution | None:
        """The execution that the run page shows or would show."""
        return self._run

    @property
    def run_view(self) -> RunView:
        """The page of a run, once one was shown."""
        return cast("RunView", self._pages[RUN])

    async def show_run(self, execution: Execution) -> None:
        """Show an execution and follow it."""
        from .run_view import RunView

        self._over_run = False
        view = cast("RunView", await self._page(RUN, RunView))
        if self._run is None or self._run.id != execution.id:
            self._run = execution
            if view.asking.is_open:
                await view.asking.close()
            view.put_asks(self._asks)
            view.show(execution)
            view.update_row(execution, time.time())
            self._feed.watch(execution.id)
            self._look()
            if execution.finished is not None:
                self._read_changes(execution)
        self.tabs.active = execution.id
        self._show(RUN, f"{execution.short} {execution.agent}")

    # News of the run

    def put_news(self, news: Watched) -> None:
        """Pass on what the store had of the watched execution."""
        if self._run is not None:
            self.run_view.put(news)
            if self._step is not None and self.run_view.wants_step_events:
                self._read_step(self._step)

    def put_row(self, execution: Execution, now: float) -> None:
        """Pass on how the watched execution stands."""
        if self._run is not None and execution.id == self._run.id:
            ended = self._run.finished is None and execution.finished is not None
            self._run = execution
            self.run_view.update_row(execution, now)
            if ended:
                self._read_changes(execution)

    def put_asks(self, asks: tuple[Ask, ...]) -> None:
        """Pass on what waits for a person, of whichever run."""
        self._asks = asks
        if self._run is not None:
            self.run_view.put_asks(asks)

    def tick(self, now: float) -> None:
        """Let the time of a live run go on."""
        if self._run is not None:
            self.run_view.update_row(self._run, now)

    # Reading, in threads

    def on_worker_state_changed(self, message: Worker.StateChanged) -> None:
        """Hand on what went wrong: these messages do not bubble, and the application tells errors."""
        self.app.post_message(message)

    def on_run_log_page_wanted(self, message: RunLog.PageWanted) -> None:
        """Read what the log is about to show. Named, not decorated: the log is imported with its page."""
        message.stop()
        self._read_page(message.execution, message.first_seq, message.last_seq)

    def on_run_view_step_wanted(self, message: RunView.StepWanted) -> None:
        """Pick out what belongs to a step. Named, not decorated: the view is imported with its page."""
        from ..app.services.step_events import StepEvents

        message.stop()
        self._step = StepEvents(self._workspace, message.execution, message.step, message.first)
        self._read_step(self._step)

    @work(thread=True, group="step", exit_on_error=False)
    def _read_step(self, step: StepEvents) -> None:
        events = step.read()
        self.call_later(lambda: self.run_view.put_step_events(events))

    @work(thread=True, group="look", exit_on_error=False)
    def _look(self) -> None:
        # A person who opens a run waits for it: not until the next time that news is fetched.
        from .run_view import prepare

        news = self._feed.look()
        if news is not None:
            if news.watched is not None:
                prepare(news.watched)
            self.post_message(NewsArrived(news))

    @work(thread=True, group="pages", exit_on_error=False)
    def _read_page(self, execution: str, first: int, last: int) -> None:
        events = self._feed.page(execution, first, last)
        self.call_later(lambda: self.run_view.put_events(execution, events))

    @work(thread=True, exclusive=True, group="changes", exit_on_error=False)
    def _read_changes(self, execution: Execution) -> None:
        from ..app.services.runs import diff_of
        from ..widgets import text_detail
        from .run_view import CHANGES_NAME

        try:
            diff = diff_of(self._workspace, execution)
        except ParacleError as error:
            diff = str(error)
        text_detail.prepare(CHANGES_NAME, diff.encode("utf-8", "surrogateescape"))
        self.call_later(lambda: self.run_view.put_changes(execution.id, diff))

    # Pages

    async def _page(self, name: str, make: Callable[[], Widget]) -> Widget:
        # Whoever comes second waits: a page can be shown only when it is mounted.
        async with self._mounting:
            if name not in self._pages:
                page = make()
                page.display = False
                await self.mount(page)
                self._pages[name] = page
                self.set_timer(SETTLE_AFTER, settle)
        return self._pages[name]

    def _show(self, name: str, title: str) -> None:
        """Show a page; for the subclass to do."""
        raise NotImplementedError
