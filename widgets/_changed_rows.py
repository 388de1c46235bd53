"""The rows of the list of changed files: which there are, and what stands in each of their cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from rich.cells import cell_len

from ..app.domain.diffs import FileDiff
from ..app.domain.review import Marks, Verdict
from ._cells import clean, fit
from ._plain import plain_line

ROOT = "./"
"""Stands above the files at the top of the repository, where folders come before them."""


class Mark(Enum):
    """What was decided about a file: its sign, and the end of its component class."""

    ACCEPTED = ("✓", "accepted")
    REJECTED = ("✗", "rejected")
    PARTLY = ("◐", "partly")
    OPEN = (" ", "quiet")

    @property
    def glyph(self) -> str:
        """One cell."""
        return str(self.value[0])

    @property
    def tone(self) -> str:
        """The component class without the widget's name."""
        return str(self.value[1])


@dataclass(frozen=True, slots=True)
class Row:
    """A file (its number among the shown ones), or the folder over some of them (``file`` is -1)."""

    words: str
    file: int = -1
    indent: int = 0


def rows_of(files: Sequence[FileDiff]) -> tuple[Row, ...]:
    """The files in their order, each under the folder it is in."""
    rows: list[Row] = []
    over = ""
    for number, file in enumerate(files):
        folder, _, name = file.path.rpartition("/")
        if folder != over:
            rows.append(Row(f"{plain_line(folder)}/" if folder else ROOT))
            over = folder
        rows.append(Row(plain_line(name), number, 2 if rows and rows[0].file < 0 else 0))
    return tuple(rows)


def mark_of(file: FileDiff, marks: Marks) -> Mark:
    """What was decided about a file."""
    if not file.is_divisible:
        whole = marks.files.get(file.path)
        return Mark.OPEN if whole is None else _MARKS[whole]
    given = marks.verdicts.get(file.path)
    if not given:
        return Mark.OPEN
    verdict = marks.of(file.path, file.changes)
    return Mark.PARTLY if verdict is None else _MARKS[verdict]


_MARKS = {Verdict.ACCEPTED: Mark.ACCEPTED, Verdict.REJECTED: Mark.REJECTED}


def cells_of(
    row: Row, file: FileDiff | None, mark: Mark, decided: str, width: int
) -> Iterator[tuple[str, str]]:
    """The cells of a row, each with its tone; together exactly ``width`` cells wide."""
    if file is None:
        yield " " + fit(clean(row.words), width - 1), "folder"
        return
    tail = f" {decided} "
    room = max(4, width - 5 - row.indent - cell_len(tail))
    yield f" {' ' * row.indent}{mark.glyph} ", mark.tone
    yield f"{file.status} ", _STATUS.get(file.status, "quiet")
    yield fit(clean(row.words), room), "name"
    yield tail, "quiet"


_STATUS = {"A": "accepted", "D": "rejected", "R": "partly", "C": "partly", "T": "partly"}
