"""The files of a merge that conflict: what each side has, and which side each file is to take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ._cells import clean, fit
from ._plain import plain_line

Side = Literal["base", "ours", "theirs", "both"]

MOST_LINES = 2_000
"""Lines shown of one file; the editor shows all."""

_PARTS = {"<<<<<<<": "ours", "|||||||": "base", "=======": "theirs", ">>>>>>>": ""}
_SAID = {"<<<<<<<": " ours", "|||||||": " base", ">>>>>>>": " theirs"}
"""What stands behind the markers in place of git's names for the sides, which are hashes."""


@dataclass(frozen=True, slots=True)
class ConflictedFile:
    """A file in conflict as it is now. ``why``: what is still to be decided; empty once nothing is.

    ``took`` names the side it was taken from, where that is known.
    """

    path: str
    lines: tuple[str, ...]
    why: str = ""
    took: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    file: int
    words: str
    tone: str


class ConflictView(ScrollView, can_focus=True):
    """Each file in conflict with its text below it. Call :meth:`show`; what is chosen is told."""

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "Conflicts"
    HELP = """\
Both sides changed these files. `o` takes the file as the target has it, `t` as the run has it, `b` as it was
before both, `B` the lines of both. Or edit it with `e`, and take the markers out.
"""
    DEFAULT_CSS = """
    ConflictView {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        color: $foreground;
        & > .conflict-view--file { color: $text; background: $foreground 10%; text-style: bold; }
        & > .conflict-view--line { color: $foreground; }
        & > .conflict-view--marker { color: $text-warning; text-style: bold; }
        & > .conflict-view--ours { color: $text-primary; background: $primary 12%; }
        & > .conflict-view--base { color: $text-muted; }
        & > .conflict-view--theirs { color: $text-success; background: $success 12%; }
        & > .conflict-view--cursor { background: $block-cursor-blurred-background; }
        &:focus > .conflict-view--cursor { background: $primary 45%; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"conflict-view--{tone}" for tone in ("base", "cursor", "file", "line", "marker", "ours", "theirs")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", id="conflicts.up", show=False, tooltip="One line up"),
        Binding("down,j", "move(1)", "Down", id="conflicts.down", show=False, tooltip="One line down"),
        Binding("o", "take('ours')", "Ours", id="conflicts.ours", tooltip="As the target has it"),
        Binding("t", "take('theirs')", "Theirs", id="conflicts.theirs", tooltip="As the run has it"),
        Binding("b", "take('base')", "Base", id="conflicts.base", tooltip="As it was before both"),
        Binding("B", "take('both')", "Both", id="conflicts.both", tooltip="The lines of both, ours first"),
        Binding("e", "edit", "Edit", id="conflicts.edit", tooltip="Edit the file by hand"),
        Binding("right_square_bracket", "file(1)", "Next", id="conflicts.next", tooltip="To the next file"),
        Binding(
            "left_square_bracket", "file(-1)", "Back", id="conflicts.back", show=False, tooltip="File before"
        ),
    ]

    @dataclass
    class Taken(Message):
        """The file is to be resolved as one side has it, or with the lines of both."""

        path: str
        side: Side

    @dataclass
    class EditWanted(Message):
        """The file is to be opened in an editor, at a line from 1 (0 where it is shown as a whole)."""

        path: str
        line: int

    has_rows: reactive[bool] = reactive(False, init=False, repaint=False, bindings=True)
    """Whether there is a file to act on."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._files: tuple[ConflictedFile, ...] = ()
        self._rows: list[_Row] = []
        self._cursor = 0

    @property
    def files(self) -> tuple[ConflictedFile, ...]:
        """The files that are shown."""
        return self._files

    @property
    def file(self) -> ConflictedFile | None:
        """The file under the cursor."""
        return self._files[self._rows[self._cursor].file] if self._rows else None

    def show(self, files: Sequence[ConflictedFile]) -> None:
        """Show these files; the cursor stays on its file."""
        if self._files == (files := tuple(files)):
            return
        held = self.file.path if self.file else ""
        self._files = files
        self._rows = [row for number, file in enumerate(files) for row in _rows_of(number, file)]
        at = next((n for n, row in enumerate(self._rows) if files[row.file].path == held), 0)
        self.virtual_size = Size(1, len(self._rows))
        self.has_rows = bool(self._rows)
        self._move_to(at)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if self.why_not(action) else True

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        return "no file conflicts" if action in ("take", "edit", "file") and not self.has_rows else ""

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and (at := offset.y + self.scroll_offset.y) < len(self._rows):
            self._move_to(at)

    def action_move(self, by: int) -> None:
        self._move_to(self._cursor + by)

    def action_file(self, by: int) -> None:
        """To the next file, or the one before."""
        if self._rows:
            wanted = self._rows[self._cursor].file + by
            at = next((n for n, row in enumerate(self._rows) if row.file == wanted), self._cursor)
            self._move_to(at)

    def action_take(self, side: Side) -> None:
        """Ask for the file under the cursor as one side has it."""
        if self.file:
            self.post_message(self.Taken(self.file.path, side))

    def action_edit(self) -> None:
        """Open the file at the line under the cursor."""
        if self.file:
            first = next(n for n, row in enumerate(self._rows) if row.file == self._rows[self._cursor].file)
            self.post_message(self.EditWanted(self.file.path, self._cursor - first))

    def render_line(self, y: int) -> Strip:
        width, at = self.scrollable_content_region.width, y + self.scroll_offset.y
        if at >= len(self._rows):
            return Strip.blank(width, self.visual_style.rich_style)
        row = self._rows[at]
        under = ("conflict-view--cursor",) if at == self._cursor else ()
        style = self.get_visual_style(f"conflict-view--{row.tone}", *under).rich_style
        return Strip([Segment(fit(clean(row.words), width), style)], width)

    def _move_to(self, at: int) -> None:
        self._cursor = max(0, min(at, len(self._rows) - 1))
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif height and self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, force=True)
        self.refresh()


def _rows_of(number: int, file: ConflictedFile) -> Iterator[_Row]:
    state = f"✗ {file.why}" if file.why else f"✓ {file.took or 'resolved'}"
    yield _Row(number, f" {state}  {plain_line(file.path)}", "file")
    part = ""
    for line in file.lines[:MOST_LINES]:
        mark = line[:7]
        if mark in _PARTS and (len(line) == 7 or line[7] == " "):
            part = _PARTS[mark]
            yield _Row(number, f"  {mark}{_SAID.get(mark, '')}", "marker")
        else:
            yield _Row(number, f"  {line}", part or "line")
    if len(file.lines) > MOST_LINES:
        yield _Row(number, f"  … {len(file.lines) - MOST_LINES:,} more lines", "base")
