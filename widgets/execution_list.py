"""The list of executions: which run, which need a person, what they did and cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..app.domain.executions import Execution
from ._cells import clean, fit, wrap
from ._execution_rows import CLASSES, Columns, cells_of, columns_for
from ._typed_filter import TypedFilter

MOVE = Binding.Group("Move", compact=True)


class ExecutionList(TypedFilter, ScrollView, can_focus=True):
    """One line an execution, newest first. Set ``rows``, ``filter`` and ``now``; it keeps the rest.

    The cursor and the scroll position belong to executions, not to line numbers: new rows, changed
    rows and a filter leave them where they are.
    """

    ALLOW_SELECT = False
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
        Binding("up,k", "move(-1)", "Up", id="runs.up", group=MOVE, show=False, tooltip="To the newer run"),
        Binding(
            "down,j", "move(1)", "Down", id="runs.down", group=MOVE, show=False, tooltip="To the older run"
        ),
        Binding("pageup", "page(-1)", "Page up", id="runs.page-up", group=MOVE, show=False, tooltip="Back"),
        Binding(
            "pagedown", "page(1)", "Page down", id="runs.page-down", group=MOVE, show=False, tooltip="On"
        ),
        Binding("home,g", "first", "Newest", id="runs.home", group=MOVE, show=False, tooltip="The newest"),
        Binding("end,G", "last", "Oldest", id="runs.end", group=MOVE, show=False, tooltip="The oldest"),
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
    has_rows: reactive[bool] = reactive(False, init=False, repaint=False, bindings=True)
    """Whether there is a row to act on."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Execution, ...] = ()
        self._shown: tuple[Execution, ...] = ()
        self._places: dict[str, int] = {}
        self._cursor = ""
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
        place = self._places.get(self._cursor)
        return None if place is None else self._shown[place]

    def go_to(self, execution: str) -> bool:
        """Put the cursor on an execution. False where it is not shown."""
        if execution not in self._places:
            return False
        self._move_to(self._places[execution])
        return True

    # Watchers

    def watch_filter(self) -> None:
        self._refill()
        self.refresh_bindings()

    # Handlers

    def on_resize(self) -> None:
        if self._cursor in self._places:
            self._scroll_to_show(self._places[self._cursor])

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or (place := offset.y + self.scroll_offset.y) >= len(self._shown):
            return
        self._move_to(place)
        if event.chain == 2:
            self.action_open()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open" and not self.has_rows:
            return None
        return super().check_action(action, parameters)

    def action_move(self, by: int) -> None:
        self._move_to(self._places.get(self._cursor, 0) + by)

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self._height - 1))

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(len(self._shown) - 1)

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
        is_cursor = row.id == self._cursor
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

    # Rows, cursor, scroll

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    def _refill(self) -> None:
        """Show the rows that match; the cursor and the view stay with the executions they are on."""
        top, cursor = self.scroll_offset.y, self._places.get(self._cursor)
        in_view = cursor is not None and top <= cursor < top + self._height
        # At the very top the newest run is what one looks at: it stays in view.
        hold = self._shown[top].id if 0 < top < len(self._shown) else ""
        before = self._shown
        self._shown = (
            tuple(row for row in self._rows if row.matches(self.filter)) if self.filter else self._rows
        )
        self._places = {row.id: place for place, row in enumerate(self._shown)}
        self._columns = None
        # The width is the widget's own whatever is said here: a change of it would mean another layout.
        self.virtual_size = Size(1, len(self._shown))
        if hold:
            self._scroll_to_line(self._places.get(hold, top))
        if self._cursor not in self._places:
            self._settle_cursor(before, cursor or 0)
        if in_view and self._cursor:
            self._scroll_to_show(self._places[self._cursor])
        self.has_rows = bool(self._shown)
        self.refresh()

    def _settle_cursor(self, before: tuple[Execution, ...], place: int) -> None:
        """The cursor's row has gone: take the next one that is still there, else the last."""
        if not self._shown:
            self._cursor = ""
            return
        below = (row.id for row in before[place:] if row.id in self._places)
        self._cursor = next(below, self._shown[0 if not before else -1].id)
        self._tell()

    def _move_to(self, place: int) -> None:
        if not self._shown:
            return
        place = max(0, min(place, len(self._shown) - 1))
        row = self._shown[place]
        self._scroll_to_show(place)
        if row.id != self._cursor:
            self._cursor = row.id
            self.refresh()
            self._tell()

    def _tell(self) -> None:
        if row := self.highlighted:
            self.post_message(self.Highlighted(self, row))

    def _scroll_to_show(self, place: int) -> None:
        top = self.scroll_offset.y
        if place < top:
            self._scroll_to_line(place)
        elif place >= top + self._height > top:
            self._scroll_to_line(place - self._height + 1)

    def _scroll_to_line(self, line: int) -> None:
        if line != self.scroll_offset.y:
            self.scroll_to(y=line, animate=False, force=True)
