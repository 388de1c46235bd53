"""One conflict as rows: its head, the lines around it, and what each side has, beside or below each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from ..app.domain.conflicts import ConflictBlock, ConflictFile, Resolution
from ._cells import clean, fit, wrap
from ._plain import plain_line

WIDE = 96
"""Columns from which on the sides stand beside each other."""

MOST_LINES = 2_000
"""Lines shown of one side; the editor shows all."""

MOST_COMPARED = 400
"""Lines up to which it is marked what a side has changed: comparing takes time by their square."""

KEYS = (("ours", "o"), ("base", "b"), ("theirs", "t"))

Cell = tuple[str, str]
"""Words, and the tone that they are drawn in."""


@dataclass(frozen=True, slots=True)
class Item:
    """A thing to decide: a block of a file, or the file as a whole."""

    file: ConflictFile
    block: ConflictBlock

    @property
    def key(self) -> tuple[str, int]:
        """What it is called by, however the file changes."""
        return self.file.path, self.block.number

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return not self.block.took


def items_of(now: Resolution) -> tuple[Item, ...]:
    """All there is to decide, in the order of the files."""
    return tuple(Item(file, block) for file in now.files for block in file.blocks)


def rows_of(now: Resolution, item: Item, width: int) -> list[tuple[Cell, ...]]:
    """The rows of one conflict; the cells of a row are as wide as the view together."""
    file, block = item.file, item.block
    rows: list[tuple[Cell, ...]] = [((fit(_head(now, item), width), "file"),)]
    if file.stray:
        words = f"   ✗ a marker is left in line {file.stray}: edit the file"
        rows.append(((fit(words, width), "open"),))
    first = block.line - len(block.lead)
    rows += _around(block.lead, first, width)
    rows += _beside(now, item, width) if width >= WIDE else _below(now, item, width)
    rows += _around(block.trail, block.last + 1, width)
    return rows


def _head(now: Resolution, item: Item) -> str:
    file, block = item.file, item.block
    numbers = [one.number for one in file.blocks]
    place = ""
    if block.number:
        place = f"block {numbers.index(block.number) + 1} of {len(numbers)}"
        place += f", lines {block.line}-{block.last}" if block.line else ""
    state = f"resolved: {now.name_of(block.took)}" if block.took else ("" if block.number else file.why)
    mark = "✓" if block.took else "✗"
    return f" {mark} {plain_line(file.path)}  " + plain_line("  ".join(filter(None, (place, state))))


def _around(lines: Sequence[str], first: int, width: int) -> Iterator[tuple[Cell, ...]]:
    for number, line in enumerate(lines, first):
        yield ((fit(f"{number:>6}   {clean(line)}", width), "line"),)


def _beside(now: Resolution, item: Item, width: int) -> Iterator[tuple[Cell, ...]]:
    widths = [width // 3, width // 3, width - 2 * (width // 3)]
    yield tuple(
        (fit(_side_head(now, item, side, key), wide), "side")
        for (side, key), wide in zip(KEYS, widths, strict=True)
    )
    columns = [list(_side_lines(item, side, wide)) for (side, _), wide in zip(KEYS, widths, strict=True)]
    for cells in zip_longest(*columns):
        yield tuple(
            cell or (" " * wide, _tone(item, side))
            for cell, wide, (side, _) in zip(cells, widths, KEYS, strict=True)
        )


def _below(now: Resolution, item: Item, width: int) -> Iterator[tuple[Cell, ...]]:
    for side, key in KEYS:
        yield ((fit(_side_head(now, item, side, key), width), "side"),)
        for cell in _side_lines(item, side, width):
            yield (cell,)


def _side_head(now: Resolution, item: Item, side: str, key: str) -> str:
    mark = "✓" if item.block.took in (side, "both" if side != "base" else side) else " "
    return f" {mark} {key} {plain_line(now.name_of(side))}"


def _side_lines(item: Item, side: str, width: int) -> Iterator[Cell]:
    """The lines of a side; what it has changed against the base begins with ``+``."""
    lines: tuple[str, ...] = getattr(item.block, side)
    tone = _tone(item, side)
    if not lines:
        yield fit("   (nothing)", width), tone
    changed = _changed(item, side)
    for number, line in enumerate(lines[:MOST_LINES]):
        sign = "+" if number in changed else " "
        for part, words in enumerate(wrap(clean(line), width - 4)):
            yield fit(f" {' ' if part else sign} {words}", width), tone
    if len(lines) > MOST_LINES:
        yield fit(f"   … {len(lines) - MOST_LINES:,} more lines", width), tone


def _tone(item: Item, side: str) -> str:
    return side if item.is_open or item.block.took in (side, "both") else "left"


def _changed(item: Item, side: str) -> set[int]:
    base, lines = item.block.base, getattr(item.block, side)
    if side == "base" or not item.block.number or len(base) + len(lines) > MOST_COMPARED:
        return set()
    matcher = SequenceMatcher(None, base, lines, autojunk=False)
    same = {n for match in matcher.get_matching_blocks() for n in range(match.b, match.b + match.size)}
    return set(range(len(lines))) - same
