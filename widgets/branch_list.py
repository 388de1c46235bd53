"""The branches that executions have left: how each stands towards its target, and which clash."""

from __future__ import annotations

from collections.abc import Sequence
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

from ..app.domain.history import BranchRow, Clash
from ._branch_rows import Look, cells_of
from ._typed_filter import TypedFilter

MOVE = Binding.Group("Move", compact=True)


class BranchList(TypedFilter, ScrollView, can_focus=True):
    """One line a branch, newest first. Set ``rows``, ``clashes`` and ``now``.

    The cursor belongs to a branch, not to a line: other rows and a filter leave it there.
    """

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "Branches"
    HELP = """\
The branches that runs have left. `↑` commits that only the branch has, `↓` those that only its target has.

`✓` merged, `✗` conflicts with its target, `⚡` clashes with another open branch, `±` files in no commit.
"""
    DEFAULT_CSS = """
    BranchList {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        color: $foreground;
        & > .branch-list--name { color: $text; }
        & > .branch-list--quiet { color: $text-muted; }
        & > .branch-list--good { color: $text-success; }
        & > .branch-list--bad { color: $text-error; }
        & > .branch-list--warn { color: $text-warning; }
        & > .branch-list--cursor { background: $block-cursor-blurred-background; }
        &:focus > .branch-list--cursor { background: $primary 35%; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"branch-list--{tone}" for tone in ("bad", "cursor", "good", "name", "quiet", "warn")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", id="branches.up", group=MOVE, show=False, tooltip="Newer"),
        Binding("down,j", "move(1)", "Down", id="branches.down", group=MOVE, show=False, tooltip="Older"),
        Binding("home,g", "edge(-1)", "First", id="branches.home", group=MOVE, show=False, tooltip="Newest"),
        Binding("end,G", "edge(1)", "Last", id="branches.end", group=MOVE, show=False, tooltip="Oldest"),
        Binding("enter", "open", "Review", id="branches.open", tooltip="Review what this branch changes"),
        Binding("d,right,l", "open", "Review", id="branches.diff", show=False, tooltip="Review it"),
    ]

    @dataclass
    class Opened(Message):
        """The person wants to review a branch."""

        branch_list: BranchList
        row: BranchRow

        @property
        def control(self) -> BranchList:
            return self.branch_list

    rows: reactive[tuple[BranchRow, ...]] = reactive((), init=False, repaint=False)
    clashes: reactive[tuple[Clash, ...]] = reactive((), init=False, repaint=False)
    now: reactive[float] = reactive(0.0, init=False)
    """The moment that ages count to, in seconds since the epoch."""
    has_rows: reactive[bool] = reactive(False, init=False, repaint=False, bindings=True)
    """Whether there is a row to act on."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[Look, ...] = ()
        self._places: dict[str, int] = {}
        self._cursor = ""

    @property
    def shown(self) -> Sequence[BranchRow]:
        """The rows that the filter leaves."""
        return tuple(look.row for look in self._shown)

    @property
    def highlighted(self) -> BranchRow | None:
        """The row under the cursor."""
        place = self._places.get(self._cursor)
        return None if place is None else self._shown[place].row

    def watch_rows(self) -> None:
        self._refill()

    def watch_clashes(self) -> None:
        self._refill()

    def watch_filter(self) -> None:
        self._refill()
        self.refresh_bindings()

    def on_resize(self) -> None:
        self._scroll_to_show(self._places.get(self._cursor, 0))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and (at := offset.y + self.scroll_offset.y) < len(self._shown):
            self._move_to(at)
            if event.chain == 2:
                self.action_open()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if self.why_not(action) else super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        if action == "open" and not self.has_rows:
            return "no branch is listed"
        if action == "open" and self.highlighted is not None and not self.highlighted.agent:
            return "there is no account of its execution"
        return ""

    def action_move(self, by: int) -> None:
        if self._shown:
            here = self._places.get(self._cursor, 0)
            self._move_to(max(0, min(here + by, len(self._shown) - 1)))

    def action_edge(self, by: int) -> None:
        self.action_move(by * len(self._shown))

    def action_open(self) -> None:
        if self.highlighted is not None:
            self.post_message(self.Opened(self, self.highlighted))

    # Drawing

    def render_line(self, y: int) -> Strip:
        width, at = self.scrollable_content_region.width, y + self.scroll_offset.y
        if at >= len(self._shown):
            return Strip.blank(width, self.visual_style.rich_style)
        look = self._shown[at]
        under = ("branch-list--cursor",) if look.row.branch == self._cursor else ()
        segments = [
            Segment(words, self.get_visual_style(f"branch-list--{tone}", *under).rich_style)
            for words, tone in cells_of(look, self.now, width)
        ]
        return Strip(segments).adjust_cell_length(width)

    # Private

    def _refill(self) -> None:
        against: dict[str, list[str]] = {}
        for clash in self.clashes:
            against.setdefault(clash.first, []).append(clash.second)
            against.setdefault(clash.second, []).append(clash.first)
        looks = (Look(row, tuple(sorted(against.get(row.execution, ())))) for row in self.rows)
        self._shown = tuple(look for look in looks if look.matches(self.filter))
        self._places = {look.row.branch: place for place, look in enumerate(self._shown)}
        if self._cursor not in self._places:
            self._cursor = next(iter(self._places), "")
        self.virtual_size = Size(1, len(self._shown))
        self.has_rows = bool(self._shown)
        self._scroll_to_show(self._places.get(self._cursor, 0))
        self.refresh()
        self.refresh_bindings()

    def _move_to(self, place: int) -> None:
        self._cursor = self._shown[place].row.branch
        self._scroll_to_show(place)
        self.refresh()
        self.refresh_bindings()

    def _scroll_to_show(self, place: int) -> None:
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if place < top:
            self.scroll_to(y=place, animate=False, force=True)
        elif height and place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False, force=True)
