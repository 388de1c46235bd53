"""The diff of an execution: read, searched, and judged by file, hunk or line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from ..app.domain.diffs import REMOVED, FileDiff, Place
from ..app.domain.review import Part
from ._diff_rows import NONE, Kind, hunk_words
from ._diff_scroll import DiffScroll
from ._diff_syntax import warm_up
from ._plain import plain_line

MOVE = Binding.Group("Move", compact=True)
LOOK = Binding.Group("Look", compact=True)

CONTEXTS = (0, 3, 10, 30, 1_000_000)
"""Amounts of context to switch between; the last is the whole file."""


JUDGING = frozenset({"judge", "lines", "accept_file", "note", "review"})
"""The actions that decide something."""


def prepare(files: Sequence[FileDiff]) -> None:
    """Load what the colours of these files need; in a thread, so that drawing them is quick."""
    names = (PurePosixPath(file.path) for file in files if file.hunks)
    for path in {path.suffix or path.name: path for path in names}.values():
        warm_up(path.name)


class DiffView(DiffScroll, can_focus=True):
    """Shows a diff, unified or side by side, and says what a person decides about it.

    Call :meth:`show` with the files, and set ``marks``, ``needle``, ``context`` and ``ignore_whitespace`` to
    what they are; nothing is decided or read here.
    """

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "Diff"
    HELP = """\
What the run changed. `space` accepts the hunk under the cursor and `-` rejects it; on a file's name they take
the whole file. `l` begins to select lines: move, then `space` or `-`.

`✓` accepted, `✗` rejected, `◐` in part, `◉` reviewed, `✎` a note. At the right of a hunk stand the steps that
wrote it, and their tool.
"""

    DEFAULT_CSS = """
    DiffView {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        color: $foreground;
        & > .diff-view--file { color: $text; background: $foreground 10%; text-style: bold; }
        & > .diff-view--hunk { color: $text-primary; background: $primary 8%; }
        & > .diff-view--gutter { color: $text-muted; }
        & > .diff-view--selected { color: $text; background: $accent 35%; }
        & > .diff-view--quiet { color: $text-muted; }
        & > .diff-view--note { color: $text-warning; background: $warning 8%; }
        & > .diff-view--added { color: $text-success; background: $success 12%; }
        & > .diff-view--removed { color: $text-error; background: $error 12%; }
        & > .diff-view--added-word { color: $text; background: $success 40%; }
        & > .diff-view--removed-word { color: $text; background: $error 40%; }
        & > .diff-view--match { color: $background; background: $warning; }
        & > .diff-view--accepted { color: $text-success; text-style: bold; }
        & > .diff-view--rejected { color: $text-error; text-style: bold; }
        & > .diff-view--comment { color: $text-muted; text-style: italic; }
        & > .diff-view--keyword { color: $text-accent; }
        & > .diff-view--name { color: $text-primary; }
        & > .diff-view--number { color: $text-warning; }
        & > .diff-view--string { color: $text-success; }
        & > .diff-view--cursor { background: $block-cursor-blurred-background; }
        &:focus > .diff-view--cursor { background: $primary 45%; text-style: bold; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", id="diff.up", group=MOVE, show=False, tooltip="One line up"),
        Binding("down,j", "move(1)", "Down", id="diff.down", group=MOVE, show=False, tooltip="One line down"),
        Binding("pageup", "page(-1)", "Up", id="diff.page-up", group=MOVE, show=False, tooltip="Back"),
        Binding("pagedown", "page(1)", "Down", id="diff.page-down", group=MOVE, show=False, tooltip="On"),
        Binding("home,g", "edge(-1)", "Start", id="diff.home", group=MOVE, show=False, tooltip="First file"),
        Binding("end,G", "edge(1)", "End", id="diff.end", group=MOVE, show=False, tooltip="Last line"),
        Binding("left", "shift(-1)", "Left", id="diff.left", group=MOVE, show=False, tooltip="Lines left"),
        Binding("right", "shift(1)", "Right", id="diff.right", group=MOVE, show=False, tooltip="Lines right"),
        Binding("space", "judge(True)", "Accept", id="diff.accept", tooltip="Accept hunk, lines or file"),
        Binding("minus", "judge(False)", "Reject", id="diff.reject", tooltip="Reject hunk, lines or file"),
        Binding("l", "lines", "Lines", id="diff.lines", tooltip="Select lines, to accept or reject them"),
        Binding("a", "accept_file", "File", id="diff.all", tooltip="Accept the whole file"),
        Binding("c", "note", "Note", id="diff.note", tooltip="A note on this line, for the agent"),
        Binding("r", "review", "Reviewed", id="diff.review", tooltip="Mark the hunk as reviewed, or not"),
        Binding("right_square_bracket,J", "hunk(1)", "Hunk", id="diff.next-hunk", tooltip="To the next hunk"),
        Binding(
            "left_square_bracket,K", "hunk(-1)", "Back", id="diff.hunk", show=False, tooltip="Hunk before"
        ),
        Binding("f", "file(1)", "Next file", id="diff.next-file", show=False, tooltip="To the next file"),
        Binding("F", "file(-1)", "File back", id="diff.file", show=False, tooltip="To the file before"),
        Binding("slash", "search", "Search", id="diff.search", tooltip="Search in the diff"),
        Binding("greater_than_sign", "found(1)", "Next", id="diff.next", show=False, tooltip="Next match"),
        Binding("less_than_sign", "found(-1)", "Back", id="diff.back", show=False, tooltip="Match before"),
        Binding("v", "arrange", "Side by side", id="diff.arrange", group=LOOK, tooltip="Or unified"),
        Binding("w", "whitespace", "White space", id="diff.space", group=LOOK, tooltip="Mind it or not"),
        Binding("z", "context(1)", "Context", id="diff.more", group=LOOK, tooltip="More around the changes"),
        Binding("Z", "context(-1)", "Less", id="diff.less", group=LOOK, show=False, tooltip="Less around"),
        Binding("e", "edit", "Edit", id="diff.edit", show=False, tooltip="Open the file at this line"),
        Binding("escape", "stop_lines", "Leave", id="diff.leave", show=False, tooltip="Stop selecting lines"),
    ]  # fmt: skip

    @dataclass
    class _About(Message):
        diff_view: DiffView

        @property
        def control(self) -> DiffView:
            return self.diff_view

    @dataclass
    class Accepted(_About):
        """A part is to be accepted; or, where it was, to be undecided again (``undo``)."""

        part: Part
        undo: bool

    @dataclass
    class Rejected(_About):
        """A part is to be rejected; or, where it was, to be undecided again (``undo``)."""

        part: Part
        undo: bool

    @dataclass
    class Reviewed(_About):
        """A part was looked at, or is not to count as that any more."""

        part: Part
        reviewed: bool

    @dataclass
    class NoteWanted(_About):
        """A note on a line, or on a file (``None``). ``texts`` are there already."""

        path: str
        place: Place | None
        texts: tuple[str, ...]

    @dataclass
    class LinesSelected(_About):
        """Other lines are selected; none when selecting has ended."""

        part: Part

    @dataclass
    class Moved(_About):
        """The cursor is in another file or hunk (from 0, -1 above the first)."""

        path: str
        hunk: int

    @dataclass
    class LookWanted(_About):
        """The diff is wanted with other context, or with other regard for white space."""

        context: int
        ignore_whitespace: bool

    @dataclass
    class SearchWanted(_About):
        """The person wants to type what to search for: set ``needle`` to it."""

    @dataclass
    class EditWanted(_About):
        """The file is to be opened at a line of its new content."""

        path: str
        line: int

    context: reactive[int] = reactive(3, init=False, repaint=False)
    """Unchanged lines around the changes of what is shown."""
    ignore_whitespace: reactive[bool] = reactive(False, init=False, repaint=False)
    """Whether changes of white space are left out of what is shown."""
    read_only: reactive[str] = reactive("", init=False, repaint=False, bindings=True)
    """Why nothing can be decided about what is shown; empty where it can."""
    selecting: reactive[bool] = reactive(False, init=False, repaint=False, bindings=True)
    """Whether moving the cursor selects lines."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._told: tuple[str, int] | None = None

    # Watchers and handlers

    def watch_needle(self) -> None:
        """Draw what was found, and go to the first of it from the cursor on."""
        super().watch_needle()
        here = self._rows.texts_of(self.row) if self.has_rows else ()
        if self.needle and not any(self.needle.casefold() in text.casefold() for text in here):
            self.action_found(1)

    def watch_selecting(self, selecting: bool) -> None:
        self.start_selecting(selecting)
        self._tell_lines()

    def moved(self) -> None:
        file = self.file
        if self.selecting and self._mark is None:
            self.selecting = False  # there are other rows
        if self.selecting:
            self._tell_lines()
        now = (file.path, self.hunk_number) if file else None
        if now != self._told:
            self._told = now
            self.border_title = Content(plain_line(file.path)) if file else None
            self.border_subtitle = Content(hunk_words(file, self.hunk_number)) if file else None
            if file:
                self.post_message(self.Moved(self, file.path, self.hunk_number))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and (at := offset.y + self.scroll_offset.y) < len(self._rows.rows):
            self.move_to(at)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if self.why_not(action) else True

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        if action == "stop_lines":
            return "" if self.selecting else "no lines are selected"
        if action == "found":
            return "" if self.needle and self.has_rows else "nothing is searched for"
        if action not in ("search", "arrange", "whitespace", "context") and not self.has_rows:
            return "nothing differs"
        if action in JUDGING and self.read_only:
            return self.read_only
        if action == "lines" and self.has_rows:
            file = self.file
            if file and not file.is_divisible:
                return "this file can only be taken whole"
            if not self.selecting and self.row.kind is not Kind.LINE:
                return "the cursor is on no line"
        return ""

    def action_move(self, by: int) -> None:
        """One row up or down; into the view where the cursor has left it."""
        there = self.in_view()
        if there and self._cursor not in there:
            self.move_to(there[0] if self._cursor < there[0] else there[-1])
        else:
            self.move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        """A view's height up or down."""
        step = max(1, len(self.in_view()) - 1)
        self.scroll_relative(y=by * step, animate=False, force=True)
        self.move_to(self._cursor + by * step)

    def action_edge(self, by: int) -> None:
        self.move_to(0 if by < 0 else len(self._rows.rows) - 1)

    def action_shift(self, by: int) -> None:
        self.shift(by)

    def action_hunk(self, by: int) -> None:
        """To the next or the previous hunk, at the top of the view where it is long."""
        self._jump(self._rows.hunk_starts, by)

    def action_file(self, by: int) -> None:
        self._jump(self._rows.file_starts, by)

    def action_found(self, by: int) -> None:
        """To the next or the previous line with what is searched for."""
        if (at := self.next_row_with(self.needle, by)) is None:
            self.notify(f"Not found: {plain_line(self.needle, 40)}", severity="warning", markup=False)
        else:
            self.move_to(at)

    def action_judge(self, accept: bool) -> None:
        """Accept or reject what the cursor points at; the same again takes it back."""
        if part := self._part():
            self._judge(part, accept)
            self.selecting = False

    def action_accept_file(self) -> None:
        if file := self.file:
            self._judge(Part(file.path), True)

    def action_review(self) -> None:
        """Mark as reviewed what the cursor points at, or not as that."""
        file, hunk = self.file, self.hunk
        if file:
            part = Part(file.path, frozenset(hunk.changes) if hunk and file.is_divisible else None)
            places = file.changes if part.places is None else part.places
            self.post_message(self.Reviewed(self, part, not self.marks.is_reviewed(file.path, places)))

    def action_lines(self) -> None:
        self.selecting = not self.selecting

    def action_stop_lines(self) -> None:
        self.selecting = False

    def action_note(self) -> None:
        if file := self.file:
            texts = self.marks.notes.get(file.path, {}).get(self.place, ())
            self.post_message(self.NoteWanted(self, file.path, self.place, texts))

    def action_search(self) -> None:
        self.post_message(self.SearchWanted(self))

    def action_arrange(self) -> None:
        self.side_by_side = not self.is_split

    def action_whitespace(self) -> None:
        self.post_message(self.LookWanted(self, self.context, not self.ignore_whitespace))

    def action_context(self, by: int) -> None:
        """The next larger or smaller amount of context."""
        sizes = [size for size in CONTEXTS if (size - self.context) * by > 0]
        if sizes:
            size = min(sizes) if by > 0 else max(sizes)
            self.post_message(self.LookWanted(self, size, self.ignore_whitespace))

    def action_edit(self) -> None:
        if file := self.file:
            self.post_message(self.EditWanted(self, file.path, self._line_to_edit(file)))

    # Private

    def _part(self) -> Part | None:
        """What the cursor points at."""
        file, hunk = self.file, self.hunk
        if file is None:
            return None
        if hunk is None or not file.is_divisible:
            return Part(file.path)
        if not self.selecting:
            return Part(file.path, frozenset(hunk.changes))
        places = self.selected_places()
        if not places:
            self.notify("None of these lines has changed", severity="warning")
            return None
        return Part(file.path, places)

    def _judge(self, part: Part, accept: bool) -> None:
        file = next(one for one in self.files if one.path == part.path)
        if file.is_divisible:
            given = self.marks.of(part.path, file.changes if part.places is None else part.places)
        else:
            given = self.marks.files.get(part.path)
        kind = self.Accepted if accept else self.Rejected
        undo = given is not None and (str(given) == "accepted") == accept
        self.post_message(kind(self, part, undo))

    def _jump(self, starts: list[int], by: int) -> None:
        at = self._rows.next_start(starts, self._cursor, by)
        if at is None:
            return
        self.selecting = False
        self.begin_at(at)

    def _tell_lines(self) -> None:
        if self.file:
            places = self.selected_places() if self.selecting else frozenset()
            self.post_message(self.LinesSelected(self, Part(self.file.path, places)))

    def _line_to_edit(self, file: FileDiff) -> int:
        place, hunk = self.place, self.hunk
        if hunk is None:
            return 1
        if place is None or place.kind == REMOVED:
            above = [line.new_no for line in hunk.lines[: max(0, self.row.left)] if line.new_no]
            return above[-1] if above and self.row.left != NONE else max(1, hunk.new_start)
        return place.number
