"""The middle of the workbench: the agent, file, form or run that one looks at.

Its pages are imported and mounted when first shown: the first picture of the workbench needs none
of them, and together they would cost more than everything that it does need.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker

from ..app.domain.errors import ParacleError
from ..app.services import project_files
from ..widgets.empty_state import EmptyState
from .collector import settle
from .messages import NewsArrived

if TYPE_CHECKING:
    from ..app.domain.agents import AgentEntry, ResolvedAgent
    from ..app.domain.executions import Execution
    from ..app.services.feed import Feed, Watched
    from ..app.services.workspace import Workspace
    from ..widgets.agent_detail import AgentDetail
    from ..widgets.run_form import RunForm
    from ..widgets.run_log import RunLog
    from ..widgets.text_detail import TextDetail
    from .run_view import RunView

PREPARE_AFTER = 0.5
"""Seconds after the start."""

PREPARE_EVERY = 0.1
"""Seconds between two pages that are made ready, so that keys come between them."""

SETTLE_AFTER = 0.5
"""Seconds from a page's first showing until all that it needed at first is there."""

NOTHING, AGENT, FILE, FORM, RUN = "nothing", "agent", "file", "form", "run"


class ContentPane(Vertical):
    """Shows one page at a time; :attr:`page` says which."""

    @dataclass
    class PageChanged(Message):
        """Another page is shown."""

        page: str

    def __init__(self, workspace: Workspace, feed: Feed, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self.page = NOTHING
        self._workspace = workspace
        self._feed = feed
        self._pages: dict[str, Widget] = {}
        self._agent: AgentEntry | None = None
        self._file = ""
        self._run: Execution | None = None
        self._over_run = False
        self._mounting = asyncio.Lock()

    def compose(self) -> ComposeResult:
        self._pages[NOTHING] = EmptyState(
            "Nothing chosen yet",
            "Agents do the work. Choose one in the explorer to see what it does and may do.",
            "r",
            "runs the agent under the cursor",
        )
        yield self._pages[NOTHING]

    def on_mount(self) -> None:
        """Have at hand what one opens first, once the first picture is there."""
        self.set_timer(PREPARE_AFTER, self._prepare)

    @work(thread=True, group="prepare", exit_on_error=False)
    def _prepare(self) -> None:
        # Imports: a tenth of a second that nobody then waits for.
        from ..widgets import _prose
        from ..widgets.agent_detail import AgentDetail
        from .run_view import RunView

        _prose.prepare("What reads Markdown is imported with the first that there is to read.")
        self.call_later(self._prepare_pages, [(AGENT, AgentDetail), (RUN, RunView)])

    async def _prepare_pages(self, wanted: list[tuple[str, Callable[[], Widget]]]) -> None:
        name, make = wanted.pop(0)
        await self._page(name, make)
        if wanted:
            self.set_timer(PREPARE_EVERY, lambda: self.call_later(self._prepare_pages, wanted))

    def update_node_styles(self, animate: bool = True) -> None:
        """Style this pane alone when a class of it changes; no rule for a page asks for those classes.

        Textual would style every widget of every page once more, whenever the focus enters or leaves.
        """
        if self.is_attached:
            self.app.stylesheet.apply(self, animate=animate)

    # What there is to show

    @property
    def run(self) -> Execution | None:
        """The execution that the run page shows or would show."""
        return self._run

    def show_agent(self, entry: AgentEntry, *, over_run: bool) -> None:
        """Show an agent, read afresh. A form stays, and a run unless ``over_run``."""
        self._agent, self._file, self._over_run = entry, "", over_run
        self._read_agent(entry)

    def show_file(self, path: str, *, over_run: bool) -> None:
        """Show a file of the project. A form stays, and a run unless ``over_run``."""
        self._agent, self._file, self._over_run = None, path, over_run
        self._read_file(path)

    async def show_form(self, agent: ResolvedAgent, models: tuple[str, ...]) -> None:
        """Ask for what the agent wants to know."""
        from ..widgets.run_form import RunForm

        if FORM in self._pages:
            await self._pages.pop(FORM).remove()
        form = self._pages[FORM] = RunForm(agent, models)
        await self.mount(form)
        self._show(FORM, f"Run {agent.name}")

    async def show_run(self, execution: Execution) -> None:
        """Show an execution and follow it."""
        from .run_view import RunView

        self._over_run = False
        view = cast("RunView", await self._page(RUN, RunView))
        if self._run is None or self._run.id != execution.id:
            self._run = execution
            view.show(execution)
            view.update_row(execution, time.time())
            self._feed.watch(execution.id)
            self._look()
            if execution.finished is not None:
                self._read_changes(execution)
        self._show(RUN, f"{execution.short} {execution.agent}")

    def refresh_from_disk(self) -> None:
        """Read again what is shown; its file may have changed."""
        if self.page == AGENT and self._agent is not None:
            self._read_agent(self._agent)
        elif self.page == FILE:
            self._read_file(self._file)

    def go_back(self) -> None:
        """From a form or a run to the agent or file that was shown before."""
        if self._agent is not None and AGENT in self._pages:
            self._show(AGENT, self._agent.name)
        elif self._file and FILE in self._pages:
            self._show(FILE, self._file)
        else:
            self._show(NOTHING, "")

    def focus_content(self) -> None:
        """Put the focus where the reading or typing is."""
        match self.page:
            case "agent":
                cast("AgentDetail", self._shown).focus_page()
            case "file":
                cast("TextDetail", self._shown).focus_text()
            case "run":
                self._run_view.focus_content()
            case "form":
                cast("RunForm", self._shown).focus_first()

    # News of the run

    def put_news(self, news: Watched) -> None:
        """Pass on what the store had of the watched execution."""
        if self._run is not None:
            self._run_view.put(news)

    def put_row(self, execution: Execution, now: float) -> None:
        """Pass on how the watched execution stands."""
        if self._run is not None and execution.id == self._run.id:
            ended = self._run.finished is None and execution.finished is not None
            self._run = execution
            self._run_view.update_row(execution, now)
            if ended:
                self._read_changes(execution)

    def tick(self, now: float) -> None:
        """Let the time of a live run go on."""
        if self._run is not None:
            self._run_view.update_row(self._run, now)

    # Reading, in threads

    def on_worker_state_changed(self, message: Worker.StateChanged) -> None:
        """Hand on what went wrong: these messages do not bubble, and the application tells errors."""
        self.app.post_message(message)

    @work(thread=True, exclusive=True, group="content", exit_on_error=False)
    def _read_agent(self, entry: AgentEntry) -> None:
        from ..widgets import _prose, _source_view

        page = project_files.agent_page(self._workspace, entry)
        _source_view.prepare(page.source, str(page.entry.path))
        if page.agent is not None:
            _prose.prepare(page.agent.instructions)
        self.call_later(self._put_agent, page)

    async def _put_agent(self, page: project_files.AgentPage) -> None:
        from ..widgets.agent_detail import AgentDetail

        detail = cast("AgentDetail", await self._page(AGENT, AgentDetail))
        if self._agent is None or page.entry.name != self._agent.name:
            return  # The cursor has gone on meanwhile.
        detail.show(page.entry, page.agent, page.source)
        if self._may_be_replaced:
            self._show(AGENT, page.entry.name)

    @work(thread=True, exclusive=True, group="content", exit_on_error=False)
    def _read_file(self, path: str) -> None:
        from ..widgets import text_detail

        page = project_files.file_page(self._workspace, path)
        if not page.trouble:
            text_detail.prepare(page.path, page.data)
        self.call_later(self._put_file, page)

    async def _put_file(self, page: project_files.FilePage) -> None:
        from ..widgets.text_detail import TextDetail

        detail = cast("TextDetail", await self._page(FILE, TextDetail))
        if page.path != self._file:
            return
        if page.trouble:
            detail.show_message(page.path, page.trouble)
        else:
            detail.show(page.path, page.data, page.total)
        if self._may_be_replaced:
            self._show(FILE, page.path)

    def on_run_log_page_wanted(self, message: RunLog.PageWanted) -> None:
        """Read what the log is about to show. Named, not decorated: the log is imported with its page."""
        message.stop()
        self._read_page(message.execution, message.first_seq, message.last_seq)

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
        self.call_later(lambda: self._run_view.put_events(execution, events))

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
        self.call_later(lambda: self._run_view.put_changes(execution.id, diff))

    # Pages

    @property
    def _may_be_replaced(self) -> bool:
        return self.page in (NOTHING, AGENT, FILE) or (self.page == RUN and self._over_run)

    @property
    def _shown(self) -> Widget:
        return self._pages[self.page]

    @property
    def _run_view(self) -> RunView:
        return cast("RunView", self._pages[RUN])

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
        for page_name, page in self._pages.items():
            page.display = page_name == name
        self.border_title = title
        if self.page == FORM and name != FORM:
            # A form is made anew each time: what an agent asks for may have changed since.
            self._pages.pop(FORM).remove()
        if name != self.page:
            self.page = name
            self.post_message(self.PageChanged(name))
