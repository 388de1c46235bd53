"""The middle of the workbench: the agent, workflow, file, form or run that one looks at.

Its pages are imported and mounted when first shown: the first picture of the workbench needs none
of them, and together they would cost more than everything that it does need.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual import work
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from ..app.services import project_files
from ..widgets.empty_state import EmptyState
from ..widgets.run_tabs import RunTabs
from .content_run import NOTHING, RUN, RunContent

if TYPE_CHECKING:
    from ..app.domain.agents import AgentEntry, ResolvedAgent
    from ..app.domain.workflows import ResolvedWorkflow, WorkflowEntry
    from ..app.services.feed import Feed
    from ..app.services.workflow_pages import WorkflowPage
    from ..app.services.workspace import Workspace
    from ..widgets.agent_detail import AgentDetail
    from ..widgets.run_form import RunForm
    from ..widgets.text_detail import TextDetail
    from ..widgets.workflow_detail import WorkflowDetail

PREPARE_AFTER = 0.5
"""Seconds after the start."""

PREPARE_EVERY = 0.1
"""Seconds between two pages that are made ready, so that keys come between them."""

AGENT, WORKFLOW, FILE, FORM = "agent", "workflow", "file", "form"


class ContentPane(RunContent):
    """Shows one page at a time; :attr:`page` says which."""

    @dataclass
    class PageChanged(Message):
        """Another page is shown."""

        page: str

    def __init__(self, workspace: Workspace, feed: Feed, *, id: str, classes: str) -> None:
        super().__init__(workspace, feed, id=id, classes=classes)
        self._agent: AgentEntry | None = None
        self._workflow: WorkflowEntry | None = None
        self._file = ""

    def compose(self) -> ComposeResult:
        self._pages[NOTHING] = EmptyState(
            "Nothing chosen yet",
            "Agents do the work. Choose one in the explorer to see what it does and may do.",
            "r",
            "runs the agent under the cursor",
        )
        yield RunTabs()
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

    def show_agent(self, entry: AgentEntry, *, over_run: bool) -> None:
        """Show an agent, read afresh. A form stays, and a run unless ``over_run``."""
        self._choose(agent=entry, over_run=over_run)
        self._read_agent(entry)

    def show_workflow(self, entry: WorkflowEntry, *, over_run: bool) -> None:
        """Show a workflow, read afresh. A form stays, and a run unless ``over_run``."""
        self._choose(workflow=entry, over_run=over_run)
        self._read_workflow(entry)

    def show_file(self, path: str, *, over_run: bool) -> None:
        """Show a file of the project. A form stays, and a run unless ``over_run``."""
        self._choose(file=path, over_run=over_run)
        self._read_file(path)

    async def show_form(
        self, agent: ResolvedAgent | ResolvedWorkflow, models: tuple[str, ...], *, in_repository: bool = False
    ) -> None:
        """Ask for what the agent wants to know."""
        from ..widgets.run_form import RunForm

        if FORM in self._pages:
            await self._pages.pop(FORM).remove()
        form = self._pages[FORM] = RunForm(agent, models, in_repository=in_repository)
        await self.mount(form)
        self._show(FORM, f"Run {agent.name}")

    def refresh_from_disk(self) -> None:
        """Read again what is shown; its file may have changed."""
        if self.page == AGENT and self._agent is not None:
            self._read_agent(self._agent)
        elif self.page == WORKFLOW and self._workflow is not None:
            self._read_workflow(self._workflow)
        elif self.page == FILE:
            self._read_file(self._file)

    def go_back(self) -> None:
        """From a form or a run to the agent or file that was shown before."""
        if self._agent is not None and AGENT in self._pages:
            self._show(AGENT, self._agent.name)
        elif self._workflow is not None and WORKFLOW in self._pages:
            self._show(WORKFLOW, self._workflow.name)
        elif self._file and FILE in self._pages:
            self._show(FILE, self._file)
        else:
            self._show(NOTHING, "")

    def focus_content(self) -> None:
        """Put the focus where the reading or typing is."""
        match self.page:
            case "agent":
                cast("AgentDetail", self._shown).focus_page()
            case "workflow":
                cast("WorkflowDetail", self._shown).focus_page()
            case "file":
                cast("TextDetail", self._shown).focus_text()
            case "run":
                self.run_view.focus_content()
            case "form":
                cast("RunForm", self._shown).focus_first()

    # Reading, in threads

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
    def _read_workflow(self, entry: WorkflowEntry) -> None:
        from ..app.services.workflow_pages import workflow_page
        from ..widgets import _source_view, workflow_detail  # noqa: F401, imported here and not while drawing

        page = workflow_page(self._workspace, entry)
        _source_view.prepare(page.source, str(page.entry.path))
        self.call_later(self._put_workflow, page)

    async def _put_workflow(self, page: WorkflowPage) -> None:
        from ..widgets.workflow_detail import WorkflowDetail

        detail = cast("WorkflowDetail", await self._page(WORKFLOW, WorkflowDetail))
        if self._workflow is None or page.entry.name != self._workflow.name:
            return  # The cursor has gone on meanwhile.
        detail.show(page.entry, page.workflow, page.plan, page.source)
        if self._may_be_replaced:
            self._show(WORKFLOW, page.entry.name)

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

    # Pages

    def _choose(
        self,
        *,
        agent: AgentEntry | None = None,
        workflow: WorkflowEntry | None = None,
        file: str = "",
        over_run: bool,
    ) -> None:
        self._agent, self._workflow, self._file, self._over_run = agent, workflow, file, over_run

    @property
    def _may_be_replaced(self) -> bool:
        return self.page in (NOTHING, AGENT, WORKFLOW, FILE) or (self.page == RUN and self._over_run)

    @property
    def _shown(self) -> Widget:
        return self._pages[self.page]

    def _show(self, name: str, title: str) -> None:
        for page_name, page in self._pages.items():
            page.display = page_name == name
        self.tabs.display = name == RUN and len(self.tabs.runs) > 1
        self.border_title = title
        if self.page == FORM and name != FORM:
            # A form is made anew each time: what an agent asks for may have changed since.
            self._pages.pop(FORM).remove()
        if name != self.page:
            self.page = name
            self.post_message(self.PageChanged(name))
