"""The conflicts of a merge, one at a time: what each side has, and which side it is to be resolved by."""

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

from ..app.domain.conflict_blocks import Side
from ..app.domain.conflicts import ConflictFile, Resolution
from ._conflict_rows import Cell, Item, items_of, rows_of

TONES = ("base", "file", "left", "line", "open", "ours", "side", "theirs")
NOT_TEXT = ("link", "submodule", "binary")


class ConflictView(ScrollView, can_focus=True):
    """Shows one conflict and walks through them all. Call :meth:`show`; what is chosen is told."""

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "Conflicts"
    HELP = """\
Both sides changed the same lines, or the same file. `o` takes them as the target has them, `t` as the run has
them, `b` as they were before both, `B` the lines of both. `O` and `T` take the whole file. `]` and `[` go
through the conflicts; `e` opens the file in your editor. `u` takes back what was done last, an edit too.
"""
    DEFAULT_CSS = """
    ConflictView {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        color: $foreground;
        & > .conflict-view--file { color: $text; background: $foreground 10%; text-style: bold; }
        & > .conflict-view--open { color: $text-error; }
        & > .conflict-view--line { color: $text-muted; }
        & > .conflict-view--side { color: $text-accent; text-style: bold; }
        & > .conflict-view--ours { color: $foreground; background: $primary 12%; }
        & > .conflict-view--base { color: $text-muted; background: $foreground 4%; }
        & > .conflict-view--theirs { color: $foreground; background: $success 12%; }
        & > .conflict-view--left { color: $text-disabled; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"conflict-view--{tone}" for tone in TONES}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", "Up", id="conflicts.up", show=False, tooltip="One line up"),
        Binding("down,j", "scroll(1)", "Down", id="conflicts.down", show=False, tooltip="One line down"),
        Binding("pageup", "page(-1)", "Up", id="conflicts.page-up", show=False, tooltip="One page up"),
        Binding("pagedown", "page(1)", "Down", id="conflicts.page-down", show=False, tooltip="One page down"),
        Binding("o", "ours", "Ours", id="conflicts.ours", tooltip="As the target has it"),
        Binding("t", "theirs", "Theirs", id="conflicts.theirs", tooltip="As the run has it"),
        Binding("b", "base", "Base", id="conflicts.base", tooltip="As it was before both"),
        Binding("B", "both", "Both", id="conflicts.both", tooltip="The lines of both, ours first"),
        Binding("O", "file('ours')", "File", id="conflicts.file-ours", show=False,
                tooltip="The whole file as the target has it"),
        Binding("T", "file('theirs')", "File", id="conflicts.file-theirs", show=False,
                tooltip="The whole file as the run has it"),
        Binding("e", "edit", "Edit", id="conflicts.edit", tooltip="Edit the file by hand"),
        Binding("right_square_bracket,n", "go(1)", "Next", id="conflicts.next",
                tooltip="To the next conflict"),
        Binding("left_square_bracket,p", "go(-1)", "Back", id="conflicts.back", show=False,
                tooltip="To the conflict before"),
    ]  # fmt: skip

    @dataclass
    class Taken(Message):
        """A block is to be resolved by a side, or the whole file where ``block`` is 0."""

        path: str
        side: Side
        block: int

    @dataclass
    class EditWanted(Message):
        """The file is to be opened in an editor, at a line from 1; 0 for none."""

        path: str
        line: int

    class Moved(Message):
        """Another conflict is shown."""

    at: reactive[int] = reactive(0, init=False, repaint=False, bindings=True)
    """Which of the conflicts is shown, from 0."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._now: Resolution | None = None
        self._items: tuple[Item, ...] = ()
        self._rows: list[tuple[Cell, ...]] = []

    @property
    def file(self) -> ConflictFile | None:
        """The file that is shown."""
        return self._item.file if self._item else None

    @property
    def count(self) -> int:
        """How many conflicts there are."""
        return len(self._items)

    @property
    def _item(self) -> Item | None:
        return self._items[self.at] if self._items else None

    def show(self, now: Resolution) -> None:
        """Show how far it is resolved: the same conflict as before, or the next where that is resolved now.

        One that was taken back is gone to.
        """
        if now == self._now:
            return
        before = {item.key: item.is_open for item in self._items}
        held = self._item
        self._now, self._items = now, items_of(now)
        keys = [item.key for item in self._items]
        at = keys.index(held.key) if held and held.key in keys else 0
        opened = [n for n, item in enumerate(self._items) if item.is_open and before.get(item.key) is False]
        if opened:
            at = opened[0]
        elif self._items and not (held and not held.is_open) and not self._items[at].is_open:
            at = self._next_open(at)
        self._go_to(at)

    def watch_at(self) -> None:
        self.post_message(self.Moved())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if self.why_not(action) else True

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        if action not in ("ours", "theirs", "base", "both", "file", "edit", "go"):
            return ""
        item = self._item
        if item is None:
            return "nothing is in conflict"
        if action == "go":
            return "it is the only conflict" if len(self._items) == 1 else ""
        if action == "edit":
            return "it is not text" if item.file.kind in NOT_TEXT else ""
        if action != "file" and item.block.number and not item.is_open:
            return "resolved already; u takes back the last"
        return item.file.refuses(action)

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.scroll_relative(y=by * max(1, self.scrollable_content_region.height - 1), animate=False)

    def action_go(self, by: int) -> None:
        """To the next conflict, or the one before; behind the last comes the first."""
        if self._items:
            self._go_to((self.at + by) % len(self._items))

    def action_ours(self) -> None:
        """As the target has it."""
        self._take("ours")

    def action_theirs(self) -> None:
        """As the run has it."""
        self._take("theirs")

    def action_base(self) -> None:
        """As it was before both."""
        self._take("base")

    def action_both(self) -> None:
        """The lines of both."""
        self._take("both")

    def action_file(self, side: Side) -> None:
        """The whole file as a side has it."""
        if self.file:
            self.post_message(self.Taken(self.file.path, side, 0))

    def action_edit(self) -> None:
        """Open the file at the conflict."""
        if item := self._item:
            self.post_message(self.EditWanted(item.file.path, item.block.line or item.file.stray))

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()

    def render_line(self, y: int) -> Strip:
        width, at = self.scrollable_content_region.width, y + self.scroll_offset.y
        if at >= len(self._rows):
            return Strip.blank(width, self.visual_style.rich_style)
        segments = [
            Segment(words, self.get_visual_style(f"conflict-view--{tone}").rich_style)
            for words, tone in self._rows[at]
        ]
        return Strip(segments).adjust_cell_length(width, self.visual_style.rich_style)

    def _take(self, side: Side) -> None:
        if item := self._item:
            self.post_message(self.Taken(item.file.path, side, item.block.number))

    def _next_open(self, at: int) -> int:
        order = [*range(at + 1, len(self._items)), *range(at)]
        return next((n for n in order if self._items[n].is_open), at)

    def _go_to(self, at: int) -> None:
        is_same = at == self.at
        self.at = at
        self._lay_out()
        if not is_same:
            self.scroll_to(y=0, animate=False, force=True)
        self.refresh_bindings()

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        item = self._item
        self._rows = rows_of(self._now, item, width) if self._now and item and width else []
        self.virtual_size = Size(width, len(self._rows))
        self.refresh()
