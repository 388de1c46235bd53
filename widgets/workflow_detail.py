"""Everything about one workflow: what it does and wants to know, its graph, its file, its problems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from ..app.domain.problems import Severity
from ..app.domain.words import count
from ..app.domain.workflow_plan import Limit, Plan, PlannedStep, Skip
from ..app.domain.workflows import ResolvedWorkflow, Step, WorkflowEntry
from ._agent_fields import input_words
from ._field_table import Field, FieldTable
from ._flow_steps import steps_of
from ._plain import plain_line
from ._source_view import SourceView
from .agent_detail import problem_list
from .tab_strip import Tab, TabbedPages, tab_bindings
from .workflow_graph import WorkflowGraph

OVERVIEW, GRAPH, SOURCE, PROBLEMS = "flow-overview", "flow-graph", "flow-source", "flow-problems"


class WorkflowDetail(Widget):
    """Four tabs about the workflow given to :meth:`show`; one with errors shows what they are."""

    DEFAULT_CSS = """
    WorkflowDetail { height: 1fr; }
    WorkflowDetail VerticalScroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    WorkflowDetail SourceView { margin: 0 1; }
    WorkflowDetail Static { height: auto; }
    WorkflowDetail #flow-description { text-style: bold; margin: 0 0 1 0; }
    WorkflowDetail .heading { color: $foreground-muted; margin: 1 0 0 0; }
    """
    BINDING_GROUP_TITLE = "Workflow"
    HELP = """
    One workflow. **Overview** says what it wants to know, what its steps do and the most that a run may use.
    **Graph** shows which step waits for which. `r` runs it.
    """
    BINDINGS: ClassVar[list[BindingType]] = [*tab_bindings("workflow")]

    def compose(self) -> ComposeResult:
        yield TabbedPages(
            Tab(
                "Overview",
                VerticalScroll(
                    Static(id="flow-description", markup=False),
                    FieldTable(id="flow-fields"),
                    Static("Steps", classes="heading"),
                    FieldTable(id="flow-steps"),
                    id=OVERVIEW,
                ),
            ),
            Tab("Graph", WorkflowGraph(id=GRAPH)),
            Tab("Source", SourceView(id=SOURCE)),
            Tab("Problems", VerticalScroll(Static(id="flow-problem-list", markup=False), id=PROBLEMS)),
        )

    def show(
        self, entry: WorkflowEntry, workflow: ResolvedWorkflow | None, plan: Plan | None, source: str
    ) -> None:
        """Show a workflow.

        Args:
            entry: The workflow as the list has it.
            workflow: None where its file has errors.
            plan: What a run with the defaults would do, where that can be said.
            source: The text of its file.
        """
        self.query_one("#flow-description", Static).update(plain_line(entry.description) or "No description.")
        self.query_one(SourceView).show(source, str(entry.path))
        self._show_problems(entry)
        tabs = self._tabs
        if workflow is None:
            tabs.hidden, tabs.active = frozenset({OVERVIEW, GRAPH}), PROBLEMS
            return
        tabs.hidden = frozenset() if entry.problems else frozenset({PROBLEMS})
        if tabs.active in tabs.hidden:
            tabs.active = OVERVIEW
        self.query_one("#flow-fields", FieldTable).fields = _fields(workflow, plan)
        self.query_one("#flow-steps", FieldTable).fields = [
            Field(step.id, _step_words(step, plan)) for step in workflow.spec.steps
        ]
        self.query_one(WorkflowGraph).steps = steps_of(workflow.spec.steps)

    def focus_page(self) -> None:
        """Put the focus where the reading is."""
        self._tabs.page.focus()

    @on(TabbedPages.Chosen)
    def _read_page(self, message: TabbedPages.Chosen) -> None:
        message.stop()
        self.focus_page()

    def action_tab(self, step: int) -> None:
        """Go ``step`` tabs to the right, round the end."""
        was_inside = self.has_focus_within
        self._tabs.step(step)
        if was_inside:
            self.call_after_refresh(self.focus_page)

    @property
    def _tabs(self) -> TabbedPages:
        return self.query_one(TabbedPages)

    def _show_problems(self, entry: WorkflowEntry) -> None:
        self.query_one("#flow-problem-list", Static).update(problem_list(entry.problems))
        errors = sum(problem.severity is Severity.ERROR for problem in entry.problems)
        sign = f" ✗{errors}" if errors else f" ⚠{len(entry.problems)}" if entry.problems else ""
        self._tabs.rename(PROBLEMS, f"Problems{sign}")


def _fields(workflow: ResolvedWorkflow, plan: Plan | None) -> Iterator[Field]:
    spec = workflow.spec
    for name, declared in spec.inputs.items():
        yield Field(f"input {name}", input_words(declared))
    if not spec.inputs:
        yield Field("inputs", "none", quiet=True)
    yield Field("steps", f"{len(spec.steps)}, at most {spec.concurrency} at once")
    if plan is None:
        yield Field("may use", "said once its inputs are known: paracle workflow plan", quiet=True)
    else:
        yield Field("may use", _limit(plan.limit))
        yield Field("levels", " → ".join(", ".join(level) for level in plan.levels))
        if plan.untrusted:
            words = plain_line(", ".join(plan.untrusted), 80)
            yield Field("not trusted", f"{words}; a run is refused until 'paracle trust'")
    for name, value in spec.outputs.items():
        yield Field(f"gives {name}", plain_line(str(value), 80))


def _step_words(step: Step, plan: Plan | None) -> str:
    parts = [f"{step.kind} {step.target}".strip()]
    if step.approval is not None:
        parts.append(f"“{plain_line(step.approval, 80)}”")
    if step.depends_on:
        parts.append(f"after {', '.join(step.depends_on)}")
    for word in ("when", "for_each", "batch_size", "on_error"):
        value = getattr(step, word)
        if value:
            parts.append(f"{word} {plain_line(str(value), 60)}")
    if step.attempts > 1:
        parts.append(f"up to {step.attempts} tries")
    if plan is not None:
        parts += _plan_words(plan.step(step.id))
    return " · ".join(parts)


def _plan_words(step: PlannedStep) -> Iterator[str]:
    if step.model:
        yield step.model
    if step.skip is Skip.YES:
        yield f"left out: {step.reason}"
    elif step.skip is Skip.MAYBE:
        yield f"may be left out: {step.reason}"


def _limit(limit: Limit) -> str:
    if limit.usd is None and limit.tokens is None:
        return "no limit is set"
    if not limit.usd and not limit.tokens and limit.usd is not None and limit.tokens is not None:
        return "no model is asked"
    money = f"${limit.usd:.2f}" if limit.usd is not None else "any money"
    tokens = f"{count(limit.tokens)} tokens" if limit.tokens is not None else "any tokens"
    return f"at most {money}, {tokens}"
