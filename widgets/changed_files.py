"""The files that a diff changes, with what was decided about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ..app.domain.diffs import FileDiff
from ..app.domain.review import Marks
from ._changed_rows import Mark, Row, cells_of, mark_of, rows_of
from ._keyed_lines import MOVE, KeyedLines


class ChangedFiles(KeyedLines):
    """One line a file, under its folder. Call :meth:`show`, and set ``marks`` to what they are."""

    BINDING_GROUP_TITLE = "Changed files"
    HELP = """\
The files that the run changed: `A` added, `M` modified, `D` deleted, `R` renamed.

`✓` all of it accepted, `✗` all of it rejected, `◐` some of it decided. At the right: hunks decided.
"""

    DEFAULT_CSS = """
    ChangedFiles {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        color: $foreground;
        & > .changed-files--folder { color: $text-muted; }
        & > .changed-files--name { color: $text; }
        & > .changed-files--quiet { color: $text-muted; }
        & > .changed-files--accepted { color: $text-success; }
        & > .changed-files--rejected { color: $text-error; }
        & > .changed-files--partly { color: $text-warning; }
        & > .changed-files--cursor { background: $block-cursor-blurred-background; }
        &:focus > .changed-files--cursor { background: $primary 35%; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"changed-files--{tone}"
        for tone in ("accepted", "cursor", "folder", "name", "partly", "quiet", "rejected")
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", id="changed.up", group=MOVE, show=False, tooltip="File above"),
        Binding("down,j", "move(1)", "Down", id="changed.down", group=MOVE, show=False, tooltip="File below"),
        Binding("home,g", "first", "First", id="changed.home", group=MOVE, show=False, tooltip="First"),
        Binding("end,G", "last", "Last", id="changed.end", group=MOVE, show=False, tooltip="Last"),
        Binding("enter", "open", "Look", id="changed.open", tooltip="To the changes of this file"),
        Binding("right", "open", "Look", id="changed.right", group=MOVE, show=False, tooltip="Its changes"),
        Binding("space", "judge(True)", "Accept", id="changed.accept", tooltip="Accept the whole file"),
        Binding("minus", "judge(False)", "Reject", id="changed.reject", tooltip="Reject the whole file"),
    ]  # fmt: skip

    @dataclass
    class _About(Message):
        changed_files: ChangedFiles
        path: str

        @property
        def control(self) -> ChangedFiles:
            return self.changed_files

    @dataclass
    class Highlighted(_About):
        """The person came to another file."""

    @dataclass
    class Opened(_About):
        """The person wants to see the changes of a file."""

    @dataclass
    class Judged(_About):
        """A whole file is accepted or rejected; ``None``: it is to be undecided again."""

        accept: bool | None

    marks: reactive[Marks] = reactive(Marks, init=False, repaint=False)
    """What was decided."""
    read_only: reactive[str] = reactive("", init=False, repaint=False, bindings=True)
    """Why nothing can be decided about what is shown; empty where it can."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._files: tuple[FileDiff, ...] = ()
        self._shown: tuple[FileDiff, ...] = ()
        self._rows: tuple[Row, ...] = ()
        self._known: dict[str, tuple[Mark, str]] = {}

    @property
    def shown(self) -> tuple[FileDiff, ...]:
        """The files that the filter leaves."""
        return self._shown

    @property
    def highlighted(self) -> FileDiff | None:
        """The file under the cursor."""
        place = self.cursor_place
        return None if place is None else self._shown[self._rows[place].file]

    def show(self, files: Sequence[FileDiff]) -> None:
        """Show these files. The cursor stays on its file where it is still there."""
        self._files = tuple(files)
        self._known.clear()
        self._refill()

    def go_to(self, path: str) -> bool:
        """Put the cursor on a file, telling nobody. False where it is not shown."""
        with self.prevent(self.Highlighted):
            return super().go_to(path)

    # Watchers

    def watch_marks(self) -> None:
        self._known.clear()
        self.refresh()

    def watch_filter(self) -> None:
        self._refill()
        self.refresh_bindings()

    def cursor_moved(self) -> None:
        self.post_message(self.Highlighted(self, self.cursor_key))

    # Actions

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        if action in ("open", "judge") and not self.has_rows:
            return "no file is listed"
        return self.read_only if action == "judge" else ""

    def action_open(self) -> None:
        if self.cursor_key:
            self.post_message(self.Opened(self, self.cursor_key))

    def action_judge(self, accept: bool) -> None:
        """Accept or reject the file; the same again takes it back."""
        if file := self.highlighted:
            mark = mark_of(file, self.marks)
            same = mark is (Mark.ACCEPTED if accept else Mark.REJECTED)
            self.post_message(self.Judged(self, file.path, None if same else accept))

    # Drawing

    def render_line(self, y: int) -> Strip:
        width, at = self._width, y + self.scroll_offset.y
        if at >= len(self._rows):
            words = " No file matches." if y == 0 and self._files else ""
            style = self.get_visual_style("changed-files--quiet").rich_style
            return Strip([Segment(words.ljust(width)[:width], style)], width)
        row = self._rows[at]
        file = self._shown[row.file] if row.file >= 0 else None
        mark, decided = self._about(file) if file else (Mark.OPEN, "")
        under = ("changed-files--cursor",) if file and file.path == self.cursor_key else ()
        segments = [
            Segment(words, self.get_visual_style(f"changed-files--{tone}", *under).rich_style)
            for words, tone in cells_of(row, file, mark, decided, width)
        ]
        return Strip(segments).adjust_cell_length(width)

    # Private

    def _about(self, file: FileDiff) -> tuple[Mark, str]:
        # Counting the lines of a long diff takes a while: once for each mark, not once for each drawing.
        if file.path not in self._known:
            decided, hunks = self.marks.progress(file)
            self._known[file.path] = (mark_of(file, self.marks), f"{decided}/{hunks}")
        return self._known[file.path]

    def _refill(self) -> None:
        needle = self.filter.casefold().split()
        self._shown = tuple(
            file for file in self._files if all(word in file.path.casefold() for word in needle)
        )
        self._rows = rows_of(self._shown)
        with self.prevent(self.Highlighted):
            self.put_keys([self._shown[row.file].path if row.file >= 0 else "" for row in self._rows])
