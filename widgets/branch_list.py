"""The branches that executions have left: how each stands towards its target, and which clash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ..app.domain.history import BranchRow, Clash
from ._branch_rows import Look, cells_of
from ._keyed_lines import KeyedLines, move_bindings


class BranchList(KeyedLines):
    """One line a branch, newest first. Set ``rows``, ``clashes`` and ``now``.

    The cursor belongs to a branch, not to a line: other rows and a filter leave it there.
    """

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
        *move_bindings("branches", "branch"),
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

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[Look, ...] = ()

    @property
    def shown(self) -> Sequence[BranchRow]:
        """The rows that the filter leaves."""
        return tuple(look.row for look in self._shown)

    @property
    def highlighted(self) -> BranchRow | None:
        """The row under the cursor."""
        place = self.cursor_place
        return None if place is None else self._shown[place].row

    def watch_rows(self) -> None:
        self._refill()

    def watch_clashes(self) -> None:
        self._refill()

    def watch_filter(self) -> None:
        self._refill()
        self.refresh_bindings()

    # Actions

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        if action == "open" and not self.has_rows:
            return "no branch is listed"
        if action == "open" and self.highlighted is not None and not self.highlighted.agent:
            return "there is no account of its execution"
        return ""

    def action_open(self) -> None:
        if self.highlighted is not None:
            self.post_message(self.Opened(self, self.highlighted))

    # Drawing

    def render_line(self, y: int) -> Strip:
        width, at = self.scrollable_content_region.width, y + self.scroll_offset.y
        if at >= len(self._shown):
            return Strip.blank(width, self.visual_style.rich_style)
        look = self._shown[at]
        under = ("branch-list--cursor",) if look.row.branch == self.cursor_key else ()
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
        self.put_keys([look.row.branch for look in self._shown])
        self.refresh_bindings()
