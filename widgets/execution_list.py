"""The list of executions: which run, which need a person, what they did and cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ..app.domain.executions import Execution
from ._cells import clean, fit, wrap
from ._execution_rows import CLASSES, Columns, cells_of, columns_for
from ._keyed_lines import MOVE, KeyedLines, move_bindings


class ExecutionList(KeyedLines):
    """One line an execution, newest first. Set ``rows``, ``filter`` and ``now``; it keeps the rest.

    The cursor and the scroll position belong to executions, not to line numbers: new rows, changed
    rows and a filter leave them where they are.
    """

    BINDING_GROUP_TITLE = "Executions"
    HELP = """\
Every run of this project, newest first, those of other terminals too.

`●` runs, `◐` needs you, `✓` done, `✗` failed, `◌` interrupted, `■` stopped.
"""

    DEFAULT_CSS = """
    ExecutionList {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        color: $foreground;
        & > .execution-list--id { color: $text-muted; }
        & > .execution-list--agent { color: $text; }
        & > .execution-list--note { color: $text-muted; }
        & > .execution-list--quiet { color: $text-muted; }
        & > .execution-list--live { color: $text-primary; }
        & > .execution-list--waiting { color: $text-warning; }
        & > .execution-list--done { color: $text-success; }
        & > .execution-list--failed { color: $text-error; }
        & > .execution-list--empty { color: $text-muted; }
        & > .execution-list--cursor { background: $block-cursor-blurred-background; }
        &:focus > .execution-list--cursor { background: $primary 35%; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *CLASSES.values(),
        "execution-list--agent",
        "execution-list--cursor",
        "execution-list--empty",
        "execution-list--id",
        "execution-list--note",
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        *move_bindings("runs", "run"),
        # On its own, so that the footer names enter and not an arrow.
        Binding("enter", "open", "Open", id="runs.open", tooltip="Everything about the run"),
        Binding("right,l", "open", "Open", id="runs.right", group=MOVE, show=False, tooltip="Into the run"),
    ]

    @dataclass
    class Highlighted(Message):
        """The cursor came to another execution."""

        execution_list: ExecutionList
        execution: Execution

        @property
        def control(self) -> ExecutionList:
            return self.execution_list

    @dataclass
    class Opened(Message):
        """The person opened an execution."""

        execution_list: ExecutionList
        execution: Execution

        @property
        def control(self) -> ExecutionList:
            return self.execution_list

    now: reactive[float] = reactive(0.0, init=False)
    """The moment that ages count to, in seconds since the epoch."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Execution, ...] = ()
        self._shown: tuple[Execution, ...] = ()
        self._columns: tuple[int, Columns] | None = None

    @property
    def rows(self) -> tuple[Execution, ...]:
        """Every execution, newest first whatever the order they are set in."""
        return self._rows

    @rows.setter
    def rows(self, rows: tuple[Execution, ...]) -> None:
        rows = tuple(sorted(rows, key=lambda row: (row.created, row.id), reverse=True))
        if rows != self._rows:
            self._rows = rows
            self._refill()

    @property
    def shown(self) -> tuple[Execution, ...]:
        """The executions that the filter leaves."""
        return self._shown

    @property
    def highlighted(self) -> Execution | None:
        """The execution under the cursor."""
        place = self.cursor_place
        return None if place is None else self._shown[place]

    # Watchers

    def watch_filter(self) -> None:
        self._refill()
        self.refresh_bindings()

    def cursor_moved(self) -> None:
        if row := self.highlighted:
            self.post_message(self.Highlighted(self, row))

    # Actions

    def action_open(self) -> None:
        if row := self.highlighted:
            self.post_message(self.Opened(self, row))

    # Drawing

    def render_line(self, y: int) -> Strip:
        place = y + self.scroll_offset.y
        if place < len(self._shown):
            return self._strip(self._shown[place])
        if not self._shown and y < len(empty := wrap(self._why_empty(), self._width - 2)):
            style = self.get_visual_style("execution-list--empty").rich_style
            return Strip([Segment(fit(f"  {empty[y].lstrip()}", self._width), style)], self._width)
        return Strip.blank(self._width, self.visual_style.rich_style)

    def _strip(self, row: Execution) -> Strip:
        is_cursor = row.id == self.cursor_key
        extra = ("execution-list--cursor",) if is_cursor else ()
        segments = [
            Segment(words, self.get_visual_style(look, *extra).rich_style)
            for words, look in cells_of(row, self._columns_now(), self.now)
        ]
        edge = self.get_visual_style(CLASSES[row.state], *extra).rich_style
        strip = Strip([Segment("▌ " if is_cursor else "  ", edge), *segments])
        return strip.adjust_cell_length(self._width, edge)

    def _columns_now(self) -> Columns:
        # Asked for when a line is drawn: the first picture is drawn before word of a size has come.
        if self._columns is None or self._columns[0] != self._width:
            self._columns = self._width, columns_for(self._width, self._shown)
        return self._columns[1]

    def _why_empty(self) -> str:
        if self._rows:
            return f"No run matches “{clean(self.filter)}”. Fewer words show more."
        return "No runs yet. r runs the agent under the cursor."

    def _refill(self) -> None:
        """Show the rows that match."""
        self._shown = (
            tuple(row for row in self._rows if row.matches(self.filter)) if self.filter else self._rows
        )
        self._columns = None
        self.put_keys([row.id for row in self._shown])
