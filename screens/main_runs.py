"""Starting runs and opening them: the form, the list, the names in the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType

from ..app.domain.executions import Execution
from ..app.services.feed import Feed
from ..app.services.workspace import Workspace
from ..widgets.execution_list import ExecutionList
from ..widgets.header_bar import HeaderBar
from ..widgets.run_tabs import RunTabs
from .content import ContentPane
from .content_run import RUN
from .main_panes import PanedScreen

if TYPE_CHECKING:
    from ..app.domain.agents import AgentEntry, ResolvedAgent
    from ..app.domain.workflows import ResolvedWorkflow, WorkflowEntry
    from ..widgets.run_form import RunForm

RECENT = 30
"""How many runs the palette offers to open by name."""

MODELS = ("offline", "script:")


class RunActions(PanedScreen):
    """Opens runs, and asks for what a new one wants to know."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run_agent", "Run", id="main.run", tooltip="Run this agent or workflow"),
        Binding(
            "right_curly_bracket",
            "beside(1)",
            "Next run",
            key_display="}",
            id="main.next-run",
            tooltip="The next of the open runs",
        ),
        Binding(
            "left_curly_bracket",
            "beside(-1)",
            "Previous run",
            key_display="{",
            id="main.previous-run",
            show=False,
            tooltip="The open run before this one",
        ),
        Binding("J", "jobs", "Jobs", id="main.jobs", show=False, tooltip="The queue and its workers"),
        Binding(
            "backspace",
            "close_tab",
            "Close tab",
            id="main.close-run",
            show=False,
            tooltip="Close this run's tab; the run goes on",
        ),
    ]

    def __init__(self, workspace: Workspace, feed: Feed) -> None:
        super().__init__(workspace, feed)
        self._agent: AgentEntry | None = None
        self._workflow: WorkflowEntry | None = None
        self._file = ""
        self._started = ""

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that cannot act now is dim; :meth:`why_not` says why."""
        if not self.is_mounted:
            return True
        if action in ("beside", "close_tab"):
            return self._content.page == RUN and len(self._content.tabs.runs) > 1
        return None if self.why_not(action) else True

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        match action:
            case "run_agent":
                chosen = self._agent or self._workflow
                if chosen is None:
                    return "no agent or workflow is chosen"
                if chosen.is_broken:
                    return f"{chosen.name} has errors; its Problems tab says which"
        return ""

    # The list

    @on(ExecutionList.Highlighted)
    async def _run_highlighted(self, message: ExecutionList.Highlighted) -> None:
        self.refresh_bindings()
        if self._content.page == RUN and self._list.has_focus:
            await self._content.show_run(message.execution)

    @on(ExecutionList.Opened)
    async def _run_opened(self, message: ExecutionList.Opened) -> None:
        await self._open_run(message.execution)

    @on(ContentPane.PageChanged)
    def _page_changed(self) -> None:
        self.refresh_bindings()

    @on(RunTabs.Chosen)
    async def _tab_of_run_chosen(self, message: RunTabs.Chosen) -> None:
        await self._open_run(message.execution)

    async def action_beside(self, by: int) -> None:
        """Go to another of the open runs."""
        row = self._content.tabs.beside(by)
        if row is not None:
            await self._open_run(row)

    async def action_close_tab(self) -> None:
        """Close the tab of the run that is shown, and show the one beside it."""
        row = self._content.tabs.close()
        if row is not None:
            await self._open_run(row)

    def action_jobs(self) -> None:
        """Show what waits for a worker, and the workers."""
        from .jobs import JobsScreen

        self.app.push_screen(JobsScreen(self._workspace), self._left_jobs)

    def _left_jobs(self, chosen: Execution | None) -> None:
        if chosen is not None:
            self.call_later(self._open_run, chosen)

    # The form

    @work(group="form", exclusive=True, exit_on_error=False)
    async def action_run_agent(self) -> None:
        """Ask for the inputs of the agent or workflow that was chosen last."""
        chosen: ResolvedAgent | ResolvedWorkflow
        if self._agent is not None:
            chosen = self._workspace.project.agent(self._agent.name)
        elif self._workflow is not None:
            from ..app.services import workflows

            chosen = workflows.show(self._workspace, self._workflow.name)
        else:
            return
        # The form puts the cursor where something has to be typed.
        self._set_pane(1)
        is_in_repository = self.query_one(HeaderBar).changed is not None
        await self._content.show_form(chosen, MODELS, in_repository=is_in_repository)

    def on_run_form_submitted(self, message: RunForm.Submitted) -> None:
        """Run what the form says. Named, not decorated: the form is imported when it is asked for."""
        self._start_run(message)

    def on_run_form_cancelled(self) -> None:
        """Leave the form."""
        self._content.go_back()
        self._focus_pane(0)

    @work(thread=True, group="start", exit_on_error=False)
    def _start_run(self, wanted: RunForm.Submitted) -> None:
        from ..app.services import runs, workflow_runs

        start = workflow_runs.start if wanted.is_workflow else runs.start
        handle = start(
            self._workspace,
            wanted.agent,
            wanted.inputs,
            task=wanted.task,
            model=wanted.model or None,
            with_changes=wanted.with_changes,
        )
        self.call_later(self._run_started, handle.execution)

    async def _run_started(self, execution: Execution) -> None:
        self._started = execution.id
        await self._open_run(execution)

    # What the palette offers by name

    def named_commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Agents and workflows to run, the latest runs to open: title, explanation, what to call."""
        yield "Jobs and workers", "The queue and its workers (J)", self.action_jobs
        for entry in self._explorer.agents:
            if not entry.is_broken:
                yield (
                    f"Run {entry.name}",
                    entry.description or "Run this agent",
                    partial(self._run_by_name, entry),
                )
        for flow in self._explorer.workflows:
            if not flow.is_broken:
                words = flow.description or "Run this workflow"
                yield f"Run {flow.name}", words, partial(self._run_flow_by_name, flow)
        for row in self._list.rows[:RECENT]:
            words = f"{row.state.word}  {row.note}"
            yield f"Open run {row.short} {row.agent}", words, partial(self._open_by_name, row)

    def _run_flow_by_name(self, entry: WorkflowEntry) -> None:
        self._agent, self._workflow, self._file = None, entry, ""
        self._explorer.select_workflow(entry.name)
        self.action_run_agent()

    def _run_by_name(self, entry: AgentEntry) -> None:
        self._agent, self._workflow, self._file = entry, None, ""
        self._explorer.select_agent(entry.name)
        self.action_run_agent()

    async def _open_by_name(self, row: Execution) -> None:
        self._list.go_to(row.id)
        await self._open_run(row)
