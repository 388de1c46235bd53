"""Where the steps of a workflow and the lines between them stand: levels from left to right, or a tree.

Everything here is pure. Both layouts give lines of :class:`Cell`; a step's cell names the step, so that
whoever draws knows what a line belongs to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ..app.domain.workflow_graph import levels

After = Mapping[str, Sequence[str]]

PITCH = 2
"""Lines a step takes in the wide layout: its name, and how it stands."""

GUTTER = 6
"""The least cells between two columns."""

_LEFT, _RIGHT, _UP, _DOWN = 1, 2, 4, 8
_BENDS = {
    _LEFT: "─", _RIGHT: "─", _LEFT | _RIGHT: "─", _UP: "│", _DOWN: "│", _UP | _DOWN: "│",
    _RIGHT | _DOWN: "╭", _LEFT | _DOWN: "╮", _RIGHT | _UP: "╰", _LEFT | _UP: "╯",
    _LEFT | _RIGHT | _DOWN: "┬", _LEFT | _RIGHT | _UP: "┴",
    _RIGHT | _UP | _DOWN: "├", _LEFT | _UP | _DOWN: "┤", _LEFT | _RIGHT | _UP | _DOWN: "┼",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a line: ``width`` cells of ``words``, or of a step's line ``part`` (0: its name)."""

    width: int
    words: str = ""
    step: str = ""
    part: int = 0


Line = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """Lines to draw, and for each step its column and its first line."""

    lines: tuple[Line, ...]
    places: Mapping[str, tuple[int, int]]
    is_wide: bool


def lay_out(after: After, width_of: Callable[[str], int], width: int) -> Layout:
    """Levels from left to right where they fit in ``width`` cells, else a tree.

    Args:
        width_of: the cells that a step wants.
    """
    # What cannot fit is not drawn to find that out: a large graph takes a while.
    least = sum(max(map(width_of, column)) + GUTTER for column in levels(after)) - GUTTER
    if least > width:
        return tree(after, width)
    plan = _plan(after, width_of)
    return _drawn(after, plan) if plan.width <= width else tree(after, width)


def tree(after: After, width: int) -> Layout:
    """A line a step, each below what it waits for; a fork is set in, and ends where its ways meet."""
    behind: dict[str, list[str]] = defaultdict(list)
    for id, names in after.items():
        for name in names:
            behind[name].append(id)
    depth: dict[str, int] = {}
    waiting = {id: len(names) for id, names in after.items()}
    for root in (id for id, names in after.items() if not names):
        ready = [root]
        while ready:
            id = ready.pop()
            depth[id] = _depth(after[id], depth, behind)
            for following in reversed(behind[id]):
                waiting[following] -= 1
                if not waiting[following]:
                    # Where ways meet comes below all that are still open.
                    ready.insert(0 if len(after[following]) > 1 else len(ready), following)
    order = list(depth)
    lines = []
    for id in order:
        indent = min(2 * depth[id], width // 2)
        lines.append((Cell(indent), Cell(max(0, width - indent), step=id)))
    places = {id: (0, place) for place, id in enumerate(order)}
    return Layout(tuple(lines), places, is_wide=False)


def _depth(before: Sequence[str], depth: Mapping[str, int], behind: Mapping[str, Sequence[str]]) -> int:
    if not before:
        return 0
    if len(before) > 1:
        return max(0, min(depth[name] for name in before) - 1)
    (name,) = before
    return depth[name] + (len(behind[name]) > 1)


@dataclass(slots=True)
class _Bundle:
    """Lines between two columns that share an upright: all those from one row, or all to one row."""

    starts: set[int] = field(default_factory=set)
    ends: set[int] = field(default_factory=set)
    track: int = 0

    @property
    def span(self) -> tuple[int, int]:
        """The rows that the upright reaches from and to."""
        rows = self.starts | self.ends
        return min(rows), max(rows)


@dataclass(frozen=True, slots=True)
class _Gutter:
    """The lines between a column and the next one."""

    bundles: tuple[_Bundle, ...]
    tracks: int
    passing: frozenset[int]
    """Rows of the column where a line comes that only passes it."""
    steps: frozenset[int]
    """Rows of the next column where a line ends at a step."""

    @property
    def width(self) -> int:
        """Cells, with those beside the uprights."""
        return 2 * self.tracks + 4


@dataclass(frozen=True, slots=True)
class _Plan:
    """Each level a column; a line that passes a level goes through a row of its own there."""

    rows: list[dict[str, int]]
    widths: list[int]
    gutters: list[_Gutter]

    @property
    def width(self) -> int:
        return sum(self.widths) + sum(gutter.width for gutter in self.gutters)

    @property
    def height(self) -> int:
        return max((row + 1 for column in self.rows for row in column.values()), default=0) * PITCH


def _plan(after: After, width_of: Callable[[str], int]) -> _Plan:
    columns, edges = _columns(after)
    rows = _rows(columns, edges)
    widths = [max((width_of(id) for id in column if id in after), default=1) for column in rows]
    return _Plan(rows, widths, [_gutter(*sides, edges[at]) for at, sides in enumerate(pairwise(rows))])


def _drawn(after: After, plan: _Plan) -> Layout:
    height = plan.height
    drawn: list[list[Cell]] = [[] for _ in range(height)]
    places = {}
    for number, (column, width) in enumerate(zip(plan.rows, plan.widths, strict=True)):
        at = {row * PITCH: id for id, row in column.items()}
        blank = Cell(width)
        for y in range(height):
            id, upper = at.get(y, ""), at.get(y - 1, "")
            if id in after:
                drawn[y].append(Cell(width, step=id))
                places[id] = (number, y)
            elif id:
                drawn[y].append(Cell(width, "─" * width))
            else:
                drawn[y].append(Cell(width, step=upper, part=1) if upper in after else blank)
        if number < len(plan.gutters):
            for line, words in zip(drawn, _lines(plan.gutters[number], height), strict=True):
                line.append(Cell(len(words), words))
    return Layout(tuple(map(tuple, drawn)), places, is_wide=True)


def _columns(after: After) -> tuple[list[list[str]], list[list[tuple[str, str]]]]:
    """The steps level by level with a stand-in wherever a line passes, and the lines between columns."""
    found = [list(row) for row in levels(after)]
    level = {id: number for number, row in enumerate(found) for id in row}
    edges: list[list[tuple[str, str]]] = [[] for _ in found]
    passes: set[str] = set()
    for id in level:
        for before in after[id]:
            source = before
            for number in range(level[before] + 1, level[id]):
                # What one step gives to several passes once, and forks where they part.
                passing = f"{before}>{number}"
                if passing not in passes:
                    passes.add(passing)
                    found[number].append(passing)
                    edges[number - 1].append((source, passing))
                source = passing
            edges[level[id] - 1].append((source, id))
    return found, edges


def _rows(columns: list[list[str]], edges: list[list[tuple[str, str]]]) -> list[dict[str, int]]:
    """A row for each step, near those of the steps that it comes from."""
    placed: list[dict[str, int]] = []
    for number, column in enumerate(columns):
        wanted: dict[str, float] = {}
        coming: dict[str, list[int]] = defaultdict(list)
        for source, target in edges[number - 1] if number else []:
            coming[target].append(placed[-1][source])
        for place, id in enumerate(column):
            sources = coming[id]
            wanted[id] = sum(sources) / len(sources) if sources else place
        rows: dict[str, int] = {}
        last = -1
        for id in sorted(column, key=lambda id: wanted[id]):
            last = rows[id] = max(last + 1, int(wanted[id]))
        placed.append(rows)
    return placed


def _gutter(left: Mapping[str, int], right: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> _Gutter:
    """The lines between two columns. Those that fork or meet share an upright, the others have their own."""
    forks = Counter(source for source, _ in edges)
    joins = Counter(target for _, target in edges)
    bundles: dict[str, _Bundle] = defaultdict(_Bundle)
    for source, target in edges:
        hub = f"to {target}" if forks[source] == 1 and joins[target] > 1 else f"from {source}"
        bundles[hub].starts.add(left[source])
        bundles[hub].ends.add(right[target])
    taken: list[list[tuple[int, int]]] = []
    for bundle in bundles.values():
        bundle.track = _track(bundle.span, taken)
    return _Gutter(
        tuple(bundles.values()),
        max(1, len(taken)),
        passing=frozenset(row for id, row in left.items() if ">" in id),
        steps=frozenset(right[target] for _, target in edges if ">" not in target),
    )


def _track(span: tuple[int, int], taken: list[list[tuple[int, int]]]) -> int:
    """The first upright that is free where a bundle needs one; taken from then on."""
    low, high = span
    if low == high:
        return 0
    for number, spans in enumerate(taken):
        if all(high < begin or end < low for begin, end in spans):
            spans.append(span)
            return number
    taken.append([span])
    return len(taken) - 1


def _lines(gutter: _Gutter, height: int) -> Iterator[str]:
    """The gutter's words, from the top."""
    bits = [[0] * (2 * gutter.tracks + 1) for _ in range(height)]
    for bundle in gutter.bundles:
        _draw(bits, bundle)
    ends = {row for bundle in gutter.bundles for row in bundle.ends}
    for y, line in enumerate(bits):
        row = y // PITCH if y % PITCH == 0 else None
        head = "─" if row in gutter.passing else " "
        tail = "▸ " if row in gutter.steps else "──" if row in ends else "  "
        yield head + "".join([_BENDS.get(cell, " ") for cell in line]) + tail


def _draw(bits: list[list[int]], bundle: _Bundle) -> None:
    """Lines to their upright, along it, and from there to their ends."""
    track = 2 * bundle.track + 1
    low, high = (row * PITCH for row in bundle.span)
    for y in range(low, high):
        bits[y][track] |= _DOWN
        bits[y + 1][track] |= _UP
    for line in (bits[row * PITCH] for row in bundle.starts):
        line[track] |= _LEFT
        for x in range(track):
            line[x] |= _LEFT | _RIGHT
    for line in (bits[row * PITCH] for row in bundle.ends):
        line[track] |= _RIGHT
        for x in range(track + 1, len(line)):
            line[x] |= _LEFT | _RIGHT
