"""Everything about one agent: what it is, where each value comes from, its file, its problems."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from ..app.domain.agents import AgentEntry, ResolvedAgent
from ..app.domain.problems import Problem, Severity
from ..app.domain.words import plural
from ._agent_fields import overview, resolved
from ._field_table import FieldTable
from ._plain import plain, plain_line
from ._prose import Prose
from ._source_view import SourceView
from .tab_strip import Tab, TabbedPages, tab_bindings


class AgentDetail(Widget):
    """Four tabs about the agent given to :meth:`show`; one that cannot be resolved shows its problems."""

    DEFAULT_CSS = """
    AgentDetail { height: 1fr; }
    AgentDetail VerticalScroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    AgentDetail SourceView { margin: 0 1; }
    AgentDetail #description { margin: 0 0 1 0; text-style: bold; }
    AgentDetail #chain { color: $foreground-muted; margin: 0 0 1 0; }
    AgentDetail #instructions { margin: 1 0 0 0; }
    """
    BINDING_GROUP_TITLE = "Agent"
    HELP = """
    One agent. **Overview** says what it does and may do. **Resolved** lists every value with the file and
    line that gave it, also those it inherits. **Source** is its file. **Problems** says what to mend.
    """
    BINDINGS: ClassVar[list[BindingType]] = [*tab_bindings("agent")]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._left_tab: str | None = None

    def compose(self) -> ComposeResult:
        yield TabbedPages(
            Tab(
                "Overview",
                VerticalScroll(
                    Static(id="description", markup=False),
                    FieldTable(id="fields"),
                    Prose(id="instructions"),
                    id="overview",
                ),
            ),
            Tab(
                "Resolved",
                VerticalScroll(Static(id="chain", markup=False), FieldTable(id="all-fields"), id="resolved"),
            ),
            Tab("Source", SourceView(id="source")),
            Tab("Problems", VerticalScroll(Static(id="problem-list", markup=False), id="problems")),
        )

    @property
    def active_tab(self) -> str:
        """``overview``, ``resolved``, ``source`` or ``problems``."""
        return self.query_one(TabbedPages).active

    @active_tab.setter
    def active_tab(self, tab: str) -> None:
        self.query_one(TabbedPages).active = tab

    def show(self, entry: AgentEntry, agent: ResolvedAgent | None = None, source: str = "") -> None:
        """Show an agent.

        Args:
            entry: The agent as the list has it.
            agent: Its resolved spec; None where its file cannot be resolved.
            source: The text of its file.
        """
        with self.app.batch_update():
            self._show_overview(entry, agent)
            self._show_resolved(agent)
            self.query_one(SourceView).show(source, str(entry.path))
            problems = agent.problems if agent is not None else entry.problems
            self.query_one("#problem-list", Static).update(problem_list(problems))
            self._label_problems(problems)
            self._choose_tab(agent is not None)

    def focus_page(self) -> None:
        """Put the keyboard on the page shown, so that it can be scrolled."""
        self.query_one(TabbedPages).page.focus(scroll_visible=False)

    def action_tab(self, step: int) -> None:
        """Go ``step`` tabs to the right, round the end."""
        was_inside = self.has_focus_within
        self.query_one(TabbedPages).step(step)
        if was_inside:
            self.call_after_refresh(self.focus_page)

    @on(TabbedPages.Chosen)
    def _read_page(self, message: TabbedPages.Chosen) -> None:
        message.stop()
        self.focus_page()

    def _choose_tab(self, is_resolved: bool) -> None:
        # Of a broken agent nothing else can be said, and this is where the way out is;
        # the next good one is shown on the tab that was left for it.
        if not is_resolved and self._left_tab is None:
            self._left_tab, self.active_tab = self.active_tab, "problems"
        elif is_resolved and self._left_tab is not None:
            self.active_tab = self._left_tab
            self._left_tab = None

    def _show_overview(self, entry: AgentEntry, agent: ResolvedAgent | None) -> None:
        description = agent.spec.description if agent is not None else entry.description
        words = plain_line(description, 400) or "No description yet: add a line 'description: …' to its file."
        self.query_one("#description", Static).update(words)
        self.query_one("#fields", FieldTable).fields = overview(agent) if agent is not None else ()
        self.query_one("#instructions", Prose).show(agent.instructions if agent is not None else "")
        self.query_one("#overview").scroll_home(animate=False)

    def _show_resolved(self, agent: ResolvedAgent | None) -> None:
        self.query_one("#all-fields", FieldTable).fields = resolved(agent) if agent is not None else ()
        chain = "Its file has errors; see Problems."
        if agent is not None:
            chain = " ← ".join(plain(path.name) for path in agent.chain or (agent.path,))
            chain += f"   config {agent.config_hash()[:8]}"
        self.query_one("#chain", Static).update(chain)
        self.query_one("#resolved").scroll_home(animate=False)

    def _label_problems(self, problems: tuple[Problem, ...]) -> None:
        errors = sum(problem.severity is Severity.ERROR for problem in problems)
        sign = f" ✗{errors}" if errors else f" ⚠{len(problems)}" if problems else ""
        self.query_one(TabbedPages).rename("problems", f"Problems{sign}")


def problem_list(problems: tuple[Problem, ...]) -> Content:
    """Problems with sign, place, message and mend; errors first."""
    if not problems:
        return Content.assemble(("✓ ", "$text-success"), "No problems.")
    ordered = sorted(problems, key=lambda problem: (problem.severity is not Severity.ERROR, problem))
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    counts = [plural(errors, "error")] if errors else []
    counts += [plural(len(problems) - errors, "warning")] if len(problems) > errors else []
    return Content("\n\n").join(
        [Content.styled(" · ".join(counts), "$foreground-muted"), *map(_problem, ordered)]
    )


def _problem(problem: Problem) -> Content:
    sign, colour = (
        ("✗ error", "$text-error") if problem.severity is Severity.ERROR else ("⚠ warning", "$text-warning")
    )
    place = f"{problem.path.name}{str(problem.place)[len(str(problem.path)) :]}"
    parts = [Content.assemble((sign, colour), "  ", (plain_line(place), "$foreground-muted"))]
    parts.append(Content("  " + plain_line(problem.message, 600)))
    if problem.hint:
        parts.append(Content.assemble(("  → ", "$text-accent"), plain_line(problem.hint, 600)))
    return Content("\n").join(parts)
