"""The workbench: the project at the left, what one looks at in the middle, the executions at the right."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import DescendantFocus
from textual.screen import Screen
from textual.worker import Worker

from ..app.domain.errors import ParacleError
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
from .content import FORM, NOTHING, RUN, ContentPane
from .messages import ClockTicked, EditRequested, NewsArrived, ProjectChanged, ProjectMade, ReviewRequested

if TYPE_CHECKING:
    from ..app.domain.agents import AgentEntry
    from ..widgets.run_form import RunForm

RECENT = 30
"""How many runs the palette offers to open by name."""

PANES = ("explorer-pane", "content-pane", "runs-pane")
MODELS = ("offline", "script:")
READ_AFTER = 0.05
"""Seconds from the first picture to the reading of the project's files; keys typed at once go first."""


class MainScreen(Screen[None]):
    """Explorer, content and executions. Shows; what it starts and reads goes through services."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (100, "-normal"),
        (150, "-wide"),
    ]
    BINDING_GROUP_TITLE = "Workbench"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run_agent", "Run", id="main.run", tooltip="Run this agent"),
        Binding("x", "stop_run", "Stop", id="main.stop", tooltip="Stop this run; its work is kept"),
        Binding("d", "review", "Diff", id="main.review", tooltip="Review what this run changed"),
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
        super().__init__()
        self._workspace = workspace
        self._feed = feed
        self._agent: AgentEntry | None = None
        self._file = ""
        self._pane = 0
        self._started = ""
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
        self._agent, self._file, self._started = None, "", ""
        await self.recompose()
        self._set_pane(0)
        self.on_mount()

    # Parts

    @property
    def _explorer(self) -> Explorer:
        return self.query_one(Explorer)

    @property
    def _list(self) -> ExecutionList:
        return self.query_one(ExecutionList)

    @property
    def _content(self) -> ContentPane:
        return self.query_one(ContentPane)

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
        header.waiting = sum(row.state is State.WAITING for row in rows)
        self._explorer.running = frozenset(row.agent for row in running)
        self._list.rows = rows
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
        found = project_files.overview(self._workspace)
        self.call_later(self._show_project, found)
        self.call_later(self._show_repository, *project_files.repository(self._workspace))

    def _show_project(self, found: project_files.Overview) -> None:
        explorer = self._explorer
        explorer.put_project(found.agents, found.playbooks, found.memory)
        header = self.query_one(HeaderBar)
        header.project, header.model = found.name, found.model
        if self._agent is not None:
            self._agent = next((entry for entry in found.agents if entry.name == self._agent.name), None)
        self.refresh_bindings()

    def _show_repository(self, branch: str, changed: int | None) -> None:
        header = self.query_one(HeaderBar)
        header.branch, header.changed = branch, changed

    @on(Explorer.AgentHighlighted)
    @on(Explorer.PlaybookHighlighted)
    def _agent_highlighted(self, message: Explorer.AgentHighlighted | Explorer.PlaybookHighlighted) -> None:
        for entry in self._explorer.agents:
            if entry.name == message.name:
                self._agent, self._file = entry, ""
                self._content.show_agent(entry, over_run=self._explorer.has_focus)
                self.refresh_bindings()

    @on(Explorer.FileHighlighted)
    def _file_highlighted(self, message: Explorer.FileHighlighted) -> None:
        self._file = message.path
        self._content.show_file(message.path, over_run=self._explorer.has_focus)
        self.refresh_bindings()

    @on(Explorer.AgentChosen)
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

    # Runs

    @on(ExecutionList.Highlighted)
    async def _run_highlighted(self, message: ExecutionList.Highlighted) -> None:
        self.refresh_bindings()
        if self._content.page == RUN and self._list.has_focus:
            await self._content.show_run(message.execution)

    @on(ExecutionList.Opened)
    async def _run_opened(self, message: ExecutionList.Opened) -> None:
        # Before the page is there: afterwards every widget on it would have to be styled again.
        self._set_pane(1)
        await self._content.show_run(message.execution)
        self._focus_pane(1)

    @on(ContentPane.PageChanged)
    def _page_changed(self) -> None:
        self.refresh_bindings()

    def on_run_form_submitted(self, message: RunForm.Submitted) -> None:
        """Run what the form says. Named, not decorated: the form is imported when it is asked for."""
        self._start_run(message)

    def on_run_form_cancelled(self) -> None:
        """Leave the form."""
        self._content.go_back()
        self._focus_pane(0)

    @work(thread=True, group="start", exit_on_error=False)
    def _start_run(self, wanted: RunForm.Submitted) -> None:
        from ..app.services import runs

        handle = runs.start(
            self._workspace, wanted.agent, wanted.inputs, task=wanted.task, model=wanted.model or None
        )
        self.call_later(self._run_started, handle.execution)

    async def _run_started(self, execution: Execution) -> None:
        self._started = execution.id
        self._set_pane(1)
        await self._content.show_run(execution)
        self._focus_pane(1)

    def on_worker_state_changed(self, message: Worker.StateChanged) -> None:
        """Hand on what went wrong: these messages do not bubble, and the application tells errors."""
        self.app.post_message(message)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that cannot act now is dim; :meth:`why_not` says why."""
        if not self.is_mounted:
            return True
        if action == "make_project" and self._workspace.project.parac is not None:
            return False
        if action == "review" and not (self._current_run and self._current_run.totals.files):
            return False
        return None if self.why_not(action) else True

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        match action:
            case "run_agent" if self._agent is None:
                return "no agent is chosen"
            case "run_agent" if self._agent is not None and self._agent.is_broken:
                return f"{self._agent.name} has errors; its Problems tab says which"
            case "stop_run":
                return self._why_not_stop()
            case "make_project" if self._workspace.running:
                return "runs are at work; they end first"
            case "edit" if self._editable is None:
                return "no file of this project is chosen"
        return ""

    def _why_not_stop(self) -> str:
        row = self._current_run
        if row is None:
            return "no run is chosen"
        if not row.state.is_live:
            return f"{row.short} is {row.state.word}"
        return "" if row.id in self._workspace.running else f"{row.short} runs in another process"

    @property
    def _current_run(self) -> Execution | None:
        if self._content.page == RUN and not self._list.has_focus:
            return self._content.run
        return self._list.highlighted

    @property
    def _editable(self) -> Path | None:
        path = self._workspace.project.root / self._file if self._file else self._agent and self._agent.path
        return project_files.editable_path(self._workspace, path) if path else None

    @work(group="form", exclusive=True, exit_on_error=False)
    async def action_run_agent(self) -> None:
        """Ask for the inputs of the agent that was chosen last."""
        if self._agent is not None:
            agent = self._workspace.project.agent(self._agent.name)
            # The form puts the cursor where something has to be typed.
            self._set_pane(1)
            await self._content.show_form(agent, MODELS)

    @work(thread=True, group="stop", exit_on_error=False)
    def action_stop_run(self) -> None:
        """Stop the run; its branch keeps what it did."""
        from ..app.services import runs

        row = self._current_run
        if row is not None:
            stopped = runs.stop(self._workspace, row.id)
            self.notify(f"{stopped.short} {stopped.agent} is stopped; what it did is kept.", markup=False)

    def action_review(self) -> None:
        """Review what the chosen run changed."""
        if self._current_run is not None:
            self.post_message(ReviewRequested(self._current_run.id))

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

    # What the palette offers by name

    def named_commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Each agent to run and each of the latest runs to open: title, explanation, what to call."""
        for entry in self._explorer.agents:
            if not entry.is_broken:
                yield (
                    f"Run {entry.name}",
                    entry.description or "Run this agent",
                    partial(self._run_by_name, entry),
                )
        for row in self._list.rows[:RECENT]:
            words = f"{row.state.word}  {row.note}"
            yield f"Open run {row.short} {row.agent}", words, partial(self._open_by_name, row)

    def _run_by_name(self, entry: AgentEntry) -> None:
        self._agent, self._file = entry, ""
        self._explorer.select_agent(entry.name)
        self.action_run_agent()

    async def _open_by_name(self, row: Execution) -> None:
        self._list.go_to(row.id)
        await self._content.show_run(row)
        self._focus_pane(1)

    def present_error(self, error: ParacleError) -> None:
        """Say what went wrong and how to mend it, without taking the screen away."""
        words = "\n".join(part for part in (error.detail, error.hint) if part)
        self.notify(words or error.title, title=error.title, severity="error", timeout=12, markup=False)

    # Panes

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, message: PaneTabs.Chosen) -> None:
        self._focus_pane(message.index)

    @on(DescendantFocus)
    def _focus_moved(self, message: DescendantFocus) -> None:
        for number, pane in enumerate(PANES):
            if self.query_one(f"#{pane}") in message.widget.ancestors:
                self._set_pane(number)
        self.refresh_bindings()

    def _set_pane(self, index: int) -> None:
        self._pane = index
        for number, pane in enumerate(PANES):
            self.query_one(f"#{pane}").set_class(number == index, "-current")
        self.query_one(PaneTabs).current = index

    def _focus_pane(self, index: int) -> None:
        self._set_pane(index)
        if index == 0:
            self._explorer.focus()
        elif index == 2:
            self._list.focus()
        elif self._content.page != NOTHING:
            self._content.focus_content()
