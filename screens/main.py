"""The workbench: the project at the left, what one looks at in the middle, the executions at the right."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical

from ..app.domain.executions import Execution
from ..app.domain.states import State
from ..app.services import project_files
from ..app.services.feed import Feed, News
from ..app.services.workspace import Workspace
from ..widgets.execution_list import ExecutionList
from ..widgets.explorer import Explorer
from ..widgets.header_bar import HeaderBar
from ..widgets.key_bar import KeyBar
from ..widgets.pane_tabs import PaneTabs
from .content import FORM, ContentPane
from .content_run import RUN
from .main_asking import AskingActions
from .main_panes import PANES
from .messages import ClockTicked, EditRequested, NewsArrived, ProjectChanged, ProjectMade

if TYPE_CHECKING:
    from ..app.domain.workflows import WorkflowEntry

READ_AFTER = 0.05
"""Seconds from the first picture to the reading of the project's files; keys typed at once go first."""


class MainScreen(AskingActions):
    """Explorer, content and executions. Shows; what it starts and reads goes through services."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (100, "-normal"),
        (150, "-wide"),
    ]
    BINDING_GROUP_TITLE = "Workbench"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit", id="main.edit", tooltip="Open this file in your editor"),
        Binding("i", "make_project", "Init", id="main.init", tooltip="Make a project of this folder"),
        Binding("z", "zoom", "Zoom", id="main.zoom", tooltip="Give the middle pane the whole width"),
        Binding("tab", "next_pane(1)", "Next pane", id="main.next-pane", show=False, tooltip="Next pane"),
        Binding(
            "shift+tab",
            "next_pane(-1)",
            "Previous pane",
            id="main.previous-pane",
            show=False,
            tooltip="Previous pane",
        ),
        Binding("escape", "back", "Back", id="main.back", show=False, tooltip="One step back"),
        Binding(
            "question_mark",
            "toggle_help",
            "Help",
            key_display="?",
            id="main.help",
            tooltip="What this pane is, and its keys",
        ),
    ]

    def __init__(self, workspace: Workspace, feed: Feed) -> None:
        super().__init__(workspace, feed)
        self._total = 0

    def compose(self) -> ComposeResult:
        yield HeaderBar()
        yield PaneTabs(("Explorer", "Content", "Runs"), id="pane-tabs")
        with Horizontal(id="panes"):
            with Vertical(id="explorer-pane", classes="pane -current"):
                yield Explorer()
            yield ContentPane(self._workspace, self._feed, id="content-pane", classes="pane")
            with Vertical(id="runs-pane", classes="pane"):
                yield ExecutionList()
        yield KeyBar()

    def on_mount(self) -> None:
        """Fill in what is known without waiting; the rest comes from threads after the first picture."""
        self.query_one("#explorer-pane").border_title = "Explorer"
        self.query_one("#runs-pane").border_title = "Executions"
        self.query_one(HeaderBar).project = self._workspace.project.root.name
        self._explorer.agents = project_files.quick_agents(self._workspace)
        self._explorer.focus()
        for filtered in (self._explorer, self._list):
            for name in ("filter", "filtering"):
                self.watch(filtered, name, self._show_subtitles, init=False)
        self._list.now = time.time()
        news = self._feed.first_look()
        if news is not None:
            self._take(news)
        # Reading the project keeps the interpreter busy: it begins when the first picture is there.
        self.call_after_refresh(self.set_timer, READ_AFTER, self._read_project)

    async def show_project(self, workspace: Workspace, feed: Feed) -> None:
        """Show another workspace, from the beginning."""
        self._workspace, self._feed = workspace, feed
        self._agent, self._workflow, self._file, self._started = None, None, "", ""
        await self.recompose()
        self._set_pane(0)
        self.on_mount()

    # What is told

    @on(NewsArrived)
    def _news_arrived(self, message: NewsArrived) -> None:
        self._take(message.news)

    def _take(self, news: News) -> None:
        self.query_one(HeaderBar).spent_micro = news.spent_micro
        if news.rows is not None:
            with self.app.batch_update():
                self._take_rows(news.rows, news.total)
        if news.watched is not None:
            self._content.put_news(news.watched)

    def _take_rows(self, rows: tuple[Execution, ...], total: int) -> None:
        header = self.query_one(HeaderBar)
        running = [row for row in rows if row.state in (State.QUEUED, State.RUNNING)]
        header.running = len(running)
        self._explorer.running = frozenset(row.agent for row in running if row.kind == "agent")
        self._explorer.running_workflows = frozenset(row.agent for row in running if row.kind == "workflow")
        self._list.rows = rows
        self._content.tabs.update_rows(rows)
        self._look_for_asks(rows)
        self._total = total
        self._show_subtitles()
        if self._started and self._list.go_to(self._started):
            self._started = ""
        watched = self._content.run
        if watched is not None:
            for row in rows:
                if row.id == watched.id:
                    self._content.put_row(row, time.time())
        self.refresh_bindings()

    @on(ClockTicked)
    def _clock_ticked(self, message: ClockTicked) -> None:
        self._list.now = message.now
        self._content.tick(message.now)

    @on(ProjectChanged)
    def _project_changed(self) -> None:
        self._read_project()
        for folder in self._explorer.opened_folders:
            self._read_folder(folder)
        self._content.refresh_from_disk()

    # The project

    @work(thread=True, exclusive=True, group="project", exit_on_error=False)
    def _read_project(self) -> None:
        from ..app.services import workflows

        found = project_files.overview(self._workspace)
        self.call_later(self._show_project, found, workflows.listing(self._workspace))
        self.call_later(self._show_repository, *project_files.repository(self._workspace))

    def _show_project(self, found: project_files.Overview, flows: tuple[WorkflowEntry, ...]) -> None:
        explorer = self._explorer
        explorer.put_project(found.agents, found.playbooks, found.memory, flows)
        header = self.query_one(HeaderBar)
        header.project, header.model = found.name, found.model
        if self._agent is not None:
            self._agent = next((entry for entry in found.agents if entry.name == self._agent.name), None)
        if self._workflow is not None:
            self._workflow = next((flow for flow in flows if flow.name == self._workflow.name), None)
        self.refresh_bindings()

    def _show_repository(self, branch: str, changed: int | None) -> None:
        header = self.query_one(HeaderBar)
        header.branch, header.changed = branch, changed

    @on(Explorer.AgentHighlighted)
    @on(Explorer.PlaybookHighlighted)
    def _agent_highlighted(self, message: Explorer.AgentHighlighted | Explorer.PlaybookHighlighted) -> None:
        for entry in self._explorer.agents:
            if entry.name == message.name:
                self._agent, self._workflow, self._file = entry, None, ""
                self._content.show_agent(entry, over_run=self._explorer.has_focus)
                self.refresh_bindings()

    @on(Explorer.WorkflowHighlighted)
    def _workflow_highlighted(self, message: Explorer.WorkflowHighlighted) -> None:
        for entry in self._explorer.workflows:
            if entry.name == message.name:
                self._agent, self._workflow, self._file = None, entry, ""
                self._content.show_workflow(entry, over_run=self._explorer.has_focus)
                self.refresh_bindings()

    @on(Explorer.FileHighlighted)
    def _file_highlighted(self, message: Explorer.FileHighlighted) -> None:
        self._file = message.path
        self._content.show_file(message.path, over_run=self._explorer.has_focus)
        self.refresh_bindings()

    @on(Explorer.AgentChosen)
    @on(Explorer.WorkflowChosen)
    @on(Explorer.FileChosen)
    def _go_to_content(self) -> None:
        if self._content.page in (RUN, FORM):
            self._content.go_back()
        self._focus_pane(1)

    def _show_subtitles(self) -> None:
        # The lists have no border of their own to say it in.
        count = f"{self._total:,}" if self._total else ""
        self.query_one("#explorer-pane").border_subtitle = self._explorer.filter_words
        self.query_one("#runs-pane").border_subtitle = self._list.filter_words or count

    @on(Explorer.FolderOpened)
    def _folder_opened(self, message: Explorer.FolderOpened) -> None:
        self._read_folder(message.path)

    @work(thread=True, group="folders", exit_on_error=False)
    def _read_folder(self, path: str) -> None:
        folders, files = project_files.folder_entries(self._workspace, path)
        self.call_later(self._explorer.put_folder, path, folders, files)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that cannot act now is dim; :meth:`why_not` says why."""
        if self.is_mounted and action == "make_project" and self._workspace.project.parac is not None:
            return False
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        match action:
            case "make_project" if self._workspace.running:
                return "runs are at work; they end first"
            case "edit" if self._editable is None:
                return "no file of this project is chosen"
        return super().why_not(action)

    @property
    def _editable(self) -> Path | None:
        chosen = self._agent or self._workflow
        path = self._workspace.project.root / self._file if self._file else chosen and chosen.path
        return project_files.editable_path(self._workspace, path) if path else None

    def action_edit(self) -> None:
        """Open the chosen file in ``$VISUAL`` or ``$EDITOR``."""
        if self._editable is not None:
            self.post_message(EditRequested(self._editable))

    @work(thread=True, group="make", exit_on_error=False)
    def action_make_project(self) -> None:
        """Make a lite project of this folder."""
        from ..app.services import projects

        made = projects.make_lite(self._workspace.project.root, None)
        self.notify(f"{len(made)} files in .parac", title="Project made", markup=False)
        self.post_message(ProjectMade())

    def action_zoom(self) -> None:
        """Give the middle pane the whole width, or give it back."""
        self.toggle_class("-zoomed")
        if self.has_class("-zoomed"):
            self._focus_pane(1)

    async def action_toggle_help(self) -> None:
        """Show or hide what the focused pane is and its keys."""
        from ..widgets.help_panel import HelpPanel

        if self.query("#help"):
            await self._close_help()
        else:
            self.add_class("-helping")
            await self.mount(HelpPanel(id="help"))

    async def _close_help(self) -> None:
        await self.query("#help").remove()
        self.remove_class("-helping")

    def action_next_pane(self, by: int) -> None:
        """Go to the next pane; inside a form, to the next field."""
        if self._content.page == FORM and self._pane == 1:
            (self.focus_next if by > 0 else self.focus_previous)("RunForm *")
        elif not self.has_class("-zoomed"):
            self._focus_pane((self._pane + by) % len(PANES))

    async def action_back(self) -> None:
        """One step back: help, zoom, run, then to the explorer. A list's filter goes before all of them."""
        if self.query("#help"):
            await self._close_help()
        elif self.has_class("-zoomed"):
            self.remove_class("-zoomed")
        elif self._content.page == RUN:
            self._content.go_back()
            self._focus_pane(2)
        else:
            self._focus_pane(0)
