"""A workflow's steps as a graph, each as it stands now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..app.domain.words import ago, duration
from ._cells import clean, fit
from ._flow_steps import FlowStep, Standing
from ._graph_layout import Cell, Layout, lay_out
from ._ink import ink

MOVE = Binding.Group("Move", compact=True)
LEAST, MOST = 14, 28
"""Cells of a step in the wide layout: room for how it stands, and no more than this for its name."""

TONES = ("quiet", "running", "asks", "done", "failed")


class WorkflowGraph(ScrollView, can_focus=True):
    """Draws ``steps``: levels from left to right where there is room, else a tree.

    The cursor belongs to a step: it stays there whatever the others do.
    """

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "Graph"
    HELP = """
    The workflow's steps, each after those it waits for: `○` waiting, `●` running, `◐` needs you, `✓` done,
    `✗` failed, `–` left out. `enter` shows what a step does; `z` gives the graph the whole width.
    """
    DEFAULT_CSS = """
    WorkflowGraph { height: 1fr; scrollbar-size: 1 1; color: $foreground; padding: 0 1; }
    WorkflowGraph > .workflow-graph--quiet { color: $foreground-muted; }
    WorkflowGraph > .workflow-graph--running { color: $text-accent; text-style: bold; }
    WorkflowGraph > .workflow-graph--asks { color: $text-warning; }
    WorkflowGraph > .workflow-graph--done { color: $text-success; }
    WorkflowGraph > .workflow-graph--failed { color: $text-error; }
    WorkflowGraph > .workflow-graph--cursor { background: $block-cursor-blurred-background; }
    WorkflowGraph:focus > .workflow-graph--cursor {
        color: $block-cursor-foreground; background: $block-cursor-background;
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"workflow-graph--{tone}" for tone in (*TONES, "cursor")}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Show step", id="graph.select", tooltip="Show what this step does"),
        Binding("down,j", "move(0, 1)", "Down", id="graph.down", show=False, group=MOVE, tooltip="Down"),
        Binding("up,k", "move(0, -1)", "Up", id="graph.up", show=False, group=MOVE, tooltip="Up"),
        Binding(
            "right,l", "move(1, 0)", "On", id="graph.right", show=False, group=MOVE, tooltip="What follows"
        ),
        Binding(
            "left,h",
            "move(-1, 0)",
            "Back",
            id="graph.left",
            show=False,
            group=MOVE,
            tooltip="What it waits for",
        ),
    ]

    @dataclass
    class StepSelected(Message):
        """Enter or a click on a step."""

        step: FlowStep

    steps: reactive[tuple[FlowStep, ...]] = reactive((), init=False, repaint=False)
    now: reactive[float] = reactive(0.0, init=False, repaint=False)
    """Seconds since the epoch, for the time of running steps."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._by_id: dict[str, FlowStep] = {}
        self._layout: Layout | None = None
        self._laid_out_for: tuple[object, int] = ((), 0)
        self._cursor = ""

    @property
    def cursor(self) -> str:
        """The id of the step under the cursor; empty where there is none."""
        return self._cursor

    def watch_steps(self) -> None:
        self._by_id = {step.id: step for step in self.steps}
        if self._cursor not in self._by_id:
            self._cursor = self.steps[0].id if self.steps else ""
        self._arrange()
        self.refresh()

    def watch_now(self) -> None:
        if any(step.standing is Standing.RUNNING for step in self.steps):
            self.refresh()

    def on_resize(self) -> None:
        self._arrange()

    def on_click(self, event: events.Click) -> None:
        """Go to the step that was clicked; a second click shows it."""
        offset = event.get_content_offset(self)
        if offset is None or self._layout is None:
            return
        x, y = offset.x + self.scroll_offset.x, offset.y + self.scroll_offset.y
        for cell in self._layout.lines[y] if y < len(self._layout.lines) else ():
            if x < cell.width:
                if cell.step:
                    self._go_to(cell.step)
                    self.action_select()
                return
            x -= cell.width

    def action_select(self) -> None:
        """Tell which step is to be shown."""
        step = self._by_id.get(self._cursor)
        if step is not None:
            self.post_message(self.StepSelected(step))

    def action_move(self, columns: int, lines: int) -> None:
        """Go to the nearest step that way."""
        if self._layout is None or self._cursor not in self._layout.places:
            return
        column, line = self._layout.places[self._cursor]
        if not self._layout.is_wide:
            # In a tree there is one way: on, or back.
            columns, lines = 0, lines or columns
        there = [
            (abs(y - line), id)
            for id, (x, y) in self._layout.places.items()
            if (x == column + columns if columns else x == column and (y - line) * lines > 0)
        ]
        if there:
            self._go_to(min(there)[1])

    def render_line(self, y: int) -> Strip:
        """One line of the layout."""
        width = self.scrollable_content_region.width
        place = y + self.scroll_offset.y
        layout = self._layout
        if layout is None or place >= len(layout.lines):
            return Strip.blank(width, self.rich_style)
        segments: list[Segment] = []
        for cell in layout.lines[place]:
            segments += self._drawn(cell, layout.is_wide)
        strip = Strip(segments)
        left = self.scroll_offset.x
        return strip.crop(left, left + width).adjust_cell_length(width, self.rich_style)

    def _drawn(self, cell: Cell, is_wide: bool) -> list[Segment]:
        base = self.rich_style
        quiet = base + ink(self, "workflow-graph--quiet")
        if not cell.step:
            return [Segment(fit(cell.words, cell.width), quiet)]
        step = self._by_id[cell.step]
        tone = base + ink(self, f"workflow-graph--{step.standing.tone}")
        name = base
        if cell.step == self._cursor and cell.part == 0:
            cursor = self.get_component_rich_style("workflow-graph--cursor")
            under = cursor if self.has_focus else Style(bgcolor=cursor.bgcolor)
            name, quiet = name + under, quiet + under
            tone = tone + under
        if not is_wide:
            return self._in_a_tree(step, cell.width, tone, name, quiet)
        if cell.part:
            return [Segment(fit(f"  {self._stands(step, is_brief=True)}", cell.width), tone)]
        return [Segment(f"{step.standing.glyph} ", tone), Segment(fit(clean(step.id), cell.width - 2), name)]

    def _in_a_tree(self, step: FlowStep, width: int, tone: Style, name: Style, quiet: Style) -> list[Segment]:
        stands = f" {self._stands(step)}"
        room = max(0, width - 2 - cell_len(stands))
        words = fit(clean(step.id), min(room, cell_len(step.id)))
        more = step.note or f"{step.kind} {step.target}".strip()
        return [
            Segment(f"{step.standing.glyph} ", tone),
            Segment(words, name),
            Segment(fit(f" {clean(more)}", room - cell_len(words)), quiet),
            Segment(stands, tone),
        ]

    def _stands(self, step: FlowStep, *, is_brief: bool = False) -> str:
        seconds = step.seconds(self.now)
        if seconds is None or step.standing is Standing.LEFT_OUT:
            return step.standing.word
        if is_brief and step.standing is Standing.ASKS:
            return step.standing.word
        word = step.standing.word
        took = ago(seconds) if is_brief and seconds >= 60 else duration(seconds)
        if is_brief and cell_len(f"  {word} {took}") > LEAST:
            took = f"{int(seconds)} s"
        return f"{word} {took}"

    def _arrange(self) -> None:
        """Find each step its place; only other steps or another width change that."""
        after = {step.id: step.after for step in self.steps}
        width = self.scrollable_content_region.width
        if (after, width) != self._laid_out_for:
            self._laid_out_for = (after, width)
            self._layout = lay_out(after, _width_of, width) if width else None
            if self._layout is not None:
                self.virtual_size = Size(width, len(self._layout.lines))
            self.refresh()

    def _go_to(self, id: str) -> None:
        self._cursor = id
        if self._layout is not None:
            line = self._layout.places[id][1]
            self.scroll_to_region(Region(0, line, 1, 2), animate=False, force=True, x_axis=False)
        self.refresh()


def _width_of(id: str) -> int:
    return min(MOST, max(LEAST, cell_len(id) + 2))
