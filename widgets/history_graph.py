"""The history as a graph: the commits of a target, and the executions that left it and came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ..app.domain.history_graph import HistoryGraph, Row, Run
from ..app.domain.words import plural
from ._history_rows import Columns, cells_of, columns_for
from ._keyed_lines import KeyedLines, move_bindings

AHEAD = 200
"""Lines below the view from which on older commits are asked for."""


class GraphView(KeyedLines):
    """One line a commit or execution, newest first. Set ``graph`` and ``now``; it keeps the rest.

    The cursor belongs to a commit or an execution, not to a line: another graph and a filter leave it there.
    """

    BINDING_GROUP_TITLE = "History"
    HELP = """\
The commits of the target `•` with the runs that left it. A line leads from a merged run up to the commit
that brought it.

`enter` shows a run's receipt, `d` its changes. `/` finds runs by agent, model, state or verdict, and commits
by their words. Older commits are read as you come to them.
"""
    DEFAULT_CSS = """
    GraphView {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        color: $foreground;
        & > .graph-view--name { color: $text; }
        & > .graph-view--quiet { color: $text-muted; }
        & > .graph-view--line { color: $text-muted; }
        & > .graph-view--trunk { color: $text-accent; }
        & > .graph-view--live { color: $text-primary; }
        & > .graph-view--good { color: $text-success; }
        & > .graph-view--bad { color: $text-error; }
        & > .graph-view--warn { color: $text-warning; }
        & > .graph-view--cursor { background: $block-cursor-blurred-background; }
        &:focus > .graph-view--cursor { background: $primary 35%; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"graph-view--{tone}"
        for tone in ("bad", "cursor", "good", "line", "live", "name", "quiet", "trunk", "warn")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *move_bindings("history", "one"),
        Binding("enter", "open", "Receipt", id="history.open", tooltip="The account of this run"),
        Binding(
            "right,l", "open", "Receipt", id="history.right", show=False, tooltip="The account of this run"
        ),
        Binding("d", "review", "Diff", id="history.review", tooltip="Review what this run changed"),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor came to another row. ``run`` is the execution it is about, if any."""

        view: GraphView
        run: Run | None

        @property
        def control(self) -> GraphView:
            return self.view

    @dataclass
    class Opened(Message):
        """The person wants to see the receipt of an execution."""

        view: GraphView
        run: Run

        @property
        def control(self) -> GraphView:
            return self.view

    @dataclass
    class ReviewWanted(Message):
        """The person wants to review what an execution changed."""

        view: GraphView
        run: Run

        @property
        def control(self) -> GraphView:
            return self.view

    @dataclass
    class EndNear(Message):
        """The view comes near the last row, and there are older commits."""

        view: GraphView

        @property
        def control(self) -> GraphView:
            return self.view

    graph: reactive[HistoryGraph] = reactive(HistoryGraph(), init=False, repaint=False)
    now: reactive[float] = reactive(0.0, init=False)
    """The moment that ages count to, in seconds since the epoch."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[Row, ...] = ()
        self._brought: dict[str, Run] = {}
        self._all: tuple[Row, ...] = ()
        self._hays: list[str] = []
        self._columns: tuple[int, Columns] | None = None
        self._asked_at = -1

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows that the filter leaves."""
        return self._shown

    @property
    def highlighted(self) -> Run | None:
        """The execution under the cursor; on a commit that brought executions, the newest of them."""
        place = self.cursor_place
        if place is None:
            return None
        node = self._shown[place].node
        return node if isinstance(node, Run) else self._brought.get(node.sha)

    @property
    def filter_words(self) -> str:
        """As every list's, with how many rows are left."""
        words = super().filter_words
        return words + Content(f"  {plural(len(self._shown), 'match', 'matches')}").markup if words else ""

    # Watchers

    def watch_graph(self) -> None:
        self._hays = []
        self._brought = {}
        self._asked_at = -1
        for row in self.graph.rows:
            if isinstance(row.node, Run) and row.node.merge:
                self._brought.setdefault(row.node.merge, row.node)
        self._refill()
        self._ask_for_more()

    def watch_filter(self) -> None:
        self._refill()
        self.refresh_bindings()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._ask_for_more()

    # Actions

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        run = self.highlighted
        if action not in ("open", "review"):
            return ""
        if run is None:
            return "a commit that no run made has no receipt" if self.has_rows else "nothing is listed"
        if action == "open" and not run.has_receipt:
            return f"{run.short} is {run.word}; its receipt comes with its end"
        if action == "review" and (not run.files or run.state is None):
            return f"{run.short} has changed no file" if run.state else "there is no account of its execution"
        return ""

    def cursor_moved(self) -> None:
        self.post_message(self.Highlighted(self, self.highlighted))

    def action_open(self) -> None:
        if (run := self.highlighted) and not self.why_not("open"):
            self.post_message(self.Opened(self, run))

    def action_review(self) -> None:
        if (run := self.highlighted) and not self.why_not("review"):
            self.post_message(self.ReviewWanted(self, run))

    # Drawing

    def render_line(self, y: int) -> Strip:
        place, width = y + self.scroll_offset.y, self._width
        if place >= len(self._shown):
            return Strip.blank(width, self.visual_style.rich_style)
        row = self._shown[place].alone if self.filter else self._shown[place]
        under = ("graph-view--cursor",) if row.node.key == self.cursor_key else ()
        segments = [
            Segment(words, self.get_visual_style(f"graph-view--{tone}", *under).rich_style)
            for words, tone in cells_of(row, self._columns_now(), self.now, width)
        ]
        return Strip(segments).adjust_cell_length(width)

    def _columns_now(self) -> Columns:
        if self._columns is None or self._columns[0] != self._width:
            lanes = 1 if self.filter else self.graph.lanes
            self._columns = self._width, columns_for(self._width, lanes, self._shown)
        return self._columns[1]

    # Private

    def _refill(self) -> None:
        self._shown = tuple(self._matching()) if self.filter else self.graph.rows
        self._columns = None
        self.put_keys([row.node.key for row in self._shown])
        self.refresh_bindings()

    def _matching(self) -> list[Row]:
        if not self._hays:
            self._all = self.graph.rows + tuple(Row(run, 1) for run in self.graph.waiting)
            self._hays = [row.node.hay for row in self._all]
        needles = self.filter.casefold().split()
        found = zip(self._all, self._hays, strict=True)
        return [row for row, hay in found if all(needle in hay for needle in needles)]

    def _ask_for_more(self) -> None:
        rows = len(self.graph.rows)
        if self.graph.complete or self.filter or self._asked_at == rows or not self.is_on_screen:
            return
        if self.last_line_shown + AHEAD >= rows:
            self._asked_at = rows
            self.post_message(self.EndNear(self))
