"""Which row of a diff view shows what: files, hunks, lines alone or side by side, notes."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import repeat
from typing import NamedTuple, overload

from ..app.domain.diff_words import pairs
from ..app.domain.diffs import NO_MODE, REMOVED, SUBMODULE_MODE, SYMLINK_MODE, FileDiff, Hunk, Line, Place
from ..app.domain.review import Marks
from ..app.domain.words import plural
from ._cells import clean, wrap
from ._plain import plain_line

NONE = -1
MOST_STEPS = 4
"""Steps of one hunk that are all named."""

Notes = Mapping[Place | None, tuple[str, ...]]

Steps = Mapping[str, Mapping[str, tuple[tuple[int, str], ...]]]
"""The steps that wrote hunks, each with its tool: by path, then by the hunk's name."""


class Kind(IntEnum):
    """What a row shows."""

    FILE = 0
    HUNK = 1
    LINE = 2
    NOTE = 3
    SAID = 4
    GAP = 5


class Row(NamedTuple):
    """A row of the view, as indexes.

    Side by side, ``left`` and ``right`` are lines of the hunk. Unified, ``left`` is the line and ``right``
    the one to compare its words with. Of notes and of what is said ``left`` is the text. ``NONE`` is for
    nothing.
    """

    kind: Kind
    file: int
    hunk: int = NONE
    left: int = NONE
    right: int = NONE


class Table(Sequence[Row]):
    """Rows as columns of numbers. As many tuples would make each full garbage collection take 50 ms."""

    def __init__(self) -> None:
        self._columns = tuple(array("i") for _ in Row._fields)

    def append(self, row: Row) -> None:
        """Add a row."""
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)

    def add_lines(self, file: int, hunk: int, left: array[int], right: array[int]) -> None:
        """Add the lines of a hunk."""
        count = len(left)
        for column, value in zip(self._columns, (Kind.LINE, file, hunk), strict=False):
            column.extend(array("i", [value]) * count)
        self._columns[-2].extend(left)
        self._columns[-1].extend(right)

    def __len__(self) -> int:
        return len(self._columns[0])

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...

    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        kind, file, hunk, left, right = (column[at] for column in self._columns)
        return Row(Kind(kind), file, hunk, left, right)


@dataclass(slots=True)
class Rows:
    """All rows of a view, and where files and hunks begin."""

    files: Sequence[FileDiff] = ()
    split: bool = False
    rows: Table = field(default_factory=Table)
    file_starts: list[int] = field(default_factory=list)
    hunk_starts: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    biggest: int = 0
    """The highest line number."""

    def file_of(self, row: Row) -> FileDiff:
        """The file that a row belongs to."""
        return self.files[row.file]

    def hunk_of(self, row: Row) -> Hunk | None:
        """The hunk that a row belongs to; ``None`` above the first."""
        return None if row.hunk == NONE else self.files[row.file].hunks[row.hunk]

    def lines_of(self, row: Row) -> tuple[Line, ...]:
        """The lines that a row shows: none, one, or two that stand side by side."""
        hunk = self.hunk_of(row)
        if row.kind is not Kind.LINE or hunk is None:
            return ()
        sides = (row.left, row.right) if self.split else (row.left,)
        return tuple(hunk.line(side) for side in dict.fromkeys(sides) if side != NONE)

    def next_start(self, starts: Sequence[int], at: int, by: int) -> int | None:
        """The first of some rows after one (``by`` 1), or the last before it (-1)."""
        found = bisect_right(starts, at) if by > 0 else bisect_left(starts, at) - 1
        return starts[found] if 0 <= found < len(starts) else None

    def find(self, path: str, hunk: int, place: Place | None) -> int:
        """The row of a place, else the nearest one in the file; 0 where there is no such file."""
        file = next((number for number, one in enumerate(self.files) if one.path == path), None)
        if file is None:
            return 0
        first = self.file_starts[file]
        end = self.file_starts[file + 1] if file + 1 < len(self.files) else len(self.rows)
        if place is None:
            starts = [at for at in self.hunk_starts if first <= at < end]
            return starts[min(hunk, len(starts) - 1)] if starts and hunk >= 0 else first
        return self._nearest(range(first, end), self.files[file], place)

    def texts_of(self, row: Row) -> tuple[str, ...]:
        """The texts of :meth:`lines_of`, without making the lines."""
        hunk = self.hunk_of(row)
        if row.kind is not Kind.LINE or hunk is None:
            return ()
        sides = (row.left, row.right) if self.split else (row.left,)
        return tuple(hunk.texts[side] for side in dict.fromkeys(sides) if side != NONE)

    def _nearest(self, among: range, file: FileDiff, place: Place) -> int:
        """The row of a place; else of the nearest line, looked for in the nearest hunk only."""

        def off(hunk: Hunk) -> int:
            is_old = place.kind == REMOVED
            start = hunk.old_start if is_old else hunk.new_start
            end = start + (hunk.old_count if is_old else hunk.new_count)
            return max(0, start - place.number, place.number - end)

        hunk = min(range(len(file.hunks)), key=lambda number: off(file.hunks[number]), default=NONE)
        starts = [at for at in self.hunk_starts if at in among]
        if hunk == NONE:
            return among.start
        begin = starts[hunk]
        end = starts[hunk + 1] if hunk + 1 < len(starts) else among.stop
        nearest, distance = begin, -1
        for at in range(begin, end):
            for line in self.lines_of(self.rows[at]):
                if line.place == place:
                    return at
                away = abs(line.place.number - place.number)
                if distance < 0 or away < distance:
                    nearest, distance = at, away
        return nearest


def build(files: Sequence[FileDiff], marks: Marks, *, split: bool, width: int) -> Rows:
    """Lay the files out.

    Args:
        split: Old and new side by side.
        width: Cells for notes and for what is said of a file.
    """
    made = Rows(files, split)
    for number, file in enumerate(files):
        if number:
            made.rows.append(Row(Kind.GAP, number - 1))
        made.file_starts.append(len(made.rows))
        made.rows.append(Row(Kind.FILE, number))
        notes = _noted(marks, file.path)
        _say(made, Row(Kind.SAID, number), about(file), width)
        _say(made, Row(Kind.NOTE, number), _loose(file, notes), width)
        for index, hunk in enumerate(file.hunks):
            made.hunk_starts.append(len(made.rows))
            made.rows.append(Row(Kind.HUNK, number, index))
            _add_lines(made, number, index, hunk, notes, width)
            end = max(hunk.old_start + hunk.old_count, hunk.new_start + hunk.new_count)
            made.biggest = max(made.biggest, end)
    return made


def _noted(marks: Marks, path: str) -> Notes:
    """The notes of a file, those with a word about it that the agent has been told."""
    notes, sent = marks.notes.get(path, {}), marks.sent.get(path, frozenset())
    return {
        place: tuple(f"{text} · sent" for text in texts) if place in sent else texts
        for place, texts in notes.items()
    }


def _add_lines(made: Rows, file: int, index: int, hunk: Hunk, notes: Notes, width: int) -> None:
    count = len(hunk.kinds)
    if made.split:
        left, right = array("i"), array("i")
        for pair in pairs(hunk):
            left.append(NONE if pair.left is None else pair.left)
            right.append(NONE if pair.right is None else pair.right)
    else:
        left, right = array("i", range(count)), array("i", [NONE]) * count
        for one, other in pairs(hunk):
            if one is not None and other is not None and one != other:
                right[one], right[other] = other, one
    if not notes:
        made.rows.add_lines(file, index, left, right)
        return
    for row in map(Row, repeat(Kind.LINE), repeat(file), repeat(index), left, right):
        made.rows.append(row)
        for line in made.lines_of(row):
            _say(made, Row(Kind.NOTE, file, index), notes.get(line.place, ()), width)


def _say(made: Rows, row: Row, texts: Sequence[str], width: int) -> None:
    for text in texts:
        for part in text.splitlines():
            for piece in wrap(clean(part), max(20, width)):
                made.rows.append(row._replace(left=len(made.texts)))
                made.texts.append(piece)


def _loose(file: FileDiff, notes: Notes) -> list[str]:
    """Notes on the file, and on lines that are not shown with this much context."""
    if not notes:
        return []
    there = {line.place for hunk in file.hunks for line in hunk.lines}  # of files with notes only
    return [
        text if place is None else f"line {place.number}: {text}"
        for place, texts in notes.items()
        for text in texts
        if place not in there
    ]


def about(file: FileDiff) -> list[str]:
    """What is to be said of a file besides its lines, in sentences."""
    said = []
    if file.status in "RC":
        verb = "renamed" if file.status == "R" else "copied"
        same = "unchanged" if file.similarity == 100 else f"{file.similarity}% the same"
        said.append(f"{verb} from {plain_line(file.old_path)}, {same}")
    if file.status == "T":
        said.append(f"was {_entry(file.old_mode)}, is {_entry(file.new_mode)}")
    elif file.mode_changed:
        said.append(f"mode {file.old_mode} → {file.new_mode} ({_meaning(file)})")
    if file.is_submodule and file.status != "T":
        said.append("a submodule: its commit changed")
    elif file.is_symlink and file.status != "T":
        said.append("a symbolic link: the line is where it leads")
    if file.is_binary:
        said.append("a binary file: accepted whole, or not at all")
    elif not file.hunks and file.status in "AD":
        said.append("an empty file")
    elif not file.hunks and file.status == "M" and not file.mode_changed:
        said.append("only white space differs")
    return said


def counts(file: FileDiff) -> str:
    """Lines added and removed: ``+3 −1``."""
    if file.is_binary:
        return "binary"
    return f"+{file.added} \u2212{file.removed}" if file.hunks else ""


def hunk_words(file: FileDiff, index: int) -> str:
    """``hunk 2 of 5``."""
    return f"hunk {index + 1} of {len(file.hunks)}" if index != NONE else plural(len(file.hunks), "hunk")


def steps_words(steps: Sequence[tuple[int, str]]) -> str:
    """``step 3 write_file``, ``steps 3, 5 edit_file``; of many the first and the last."""
    if not steps:
        return ""
    numbers = [str(number) for number, _ in steps]
    if len(numbers) > MOST_STEPS:
        numbers = [numbers[0], "…", numbers[-1]]
    tools = " ".join(dict.fromkeys(plain_line(tool, 24) for _, tool in steps if tool))
    return f"step{'s' if len(steps) > 1 else ''} {', '.join(numbers)} {tools}".rstrip()


def _entry(mode: str) -> str:
    names = {SYMLINK_MODE: "a symbolic link", SUBMODULE_MODE: "a submodule", NO_MODE: "nothing"}
    return names.get(mode, "a file")


def _meaning(file: FileDiff) -> str:
    if file.new_mode == "100755":
        return "can be run now"
    return "cannot be run any more" if file.old_mode == "100755" else "another kind"
