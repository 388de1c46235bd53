"""Where the steps of a workflow and the lines between them stand: levels from left to right, or a tree.

Everything here is pure. Both layouts give lines of :class:`Cell`; a step's cell names the step, so that
whoever draws knows what a line belongs to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

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
    wide = across(after, width_of)
    widest = max((sum(cell.width for cell in line) for line in wide.lines), default=0)
    return wide if widest <= width else tree(after, width)


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


def across(after: After, width_of: Callable[[str], int]) -> Layout:
    """Each level a column; a line that passes a level goes through a row of its own there."""
    columns, edges = _columns(after)
    rows = _rows(columns, edges)
    height = max((row + 1 for column in rows for row in column.values()), default=0) * PITCH
    drawn: list[list[Cell]] = [[] for _ in range(height)]
    places = {}
    for number, column in enumerate(rows):
        width = max((width_of(id) for id in column if id in after), default=1)
        at = {row * PITCH: id for id, row in column.items()}
        for y in range(height):
            id, upper = at.get(y, ""), at.get(y - 1, "")
            if id in after:
                drawn[y].append(Cell(width, step=id))
                places[id] = (number, y)
            elif id:
                drawn[y].append(Cell(width, "─" * width))
            else:
                drawn[y].append(Cell(width, step=upper, part=1) if upper in after else Cell(width))
        if number + 1 < len(rows):
            gutter = _gutter(column, rows[number + 1], edges[number], height)
            for y in range(height):
                drawn[y].append(Cell(cell_len(gutter[y]), gutter[y]))
    return Layout(tuple(map(tuple, drawn)), places, is_wide=True)


def _columns(after: After) -> tuple[list[list[str]], list[list[tuple[str, str]]]]:
    """The steps level by level with a stand-in wherever a line passes, and the lines between columns."""
    found = [list(row) for row in levels(after)]
    level = {id: number for number, row in enumerate(found) for id in row}
    edges: list[list[tuple[str, str]]] = [[] for _ in found]
    for id in level:
        for before in after[id]:
            source = before
            for number in range(level[before] + 1, level[id]):
                # What one step gives to several passes once, and forks where they part.
                passing = f"{before}>{number}"
                if passing not in found[number]:
                    found[number].append(passing)
                if (source, passing) not in edges[number - 1]:
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


def _gutter(
    left: Mapping[str, int], right: Mapping[str, int], edges: Sequence[tuple[str, str]], height: int
) -> list[str]:
    """The lines between two columns. Those that fork or meet share an upright, the others have their own."""
    bundles: dict[str, list[tuple[int, int]]] = defaultdict(list)
    forks = Counter(source for source, _ in edges)
    joins = Counter(target for _, target in edges)
    for source, target in edges:
        hub = f"to {target}" if forks[source] == 1 and joins[target] > 1 else f"from {source}"
        bundles[hub].append((left[source], right[target]))
    taken: list[list[tuple[int, int]]] = []
    tracks = {hub: _track(bundle, taken) for hub, bundle in bundles.items()}
    width = 2 * max(1, len(taken)) + 1
    bits = [[0] * width for _ in range(height)]
    for hub, bundle in bundles.items():
        for start, end in bundle:
            _draw(bits, start * PITCH, end * PITCH, 2 * tracks[hub] + 1)
    lines = ["".join(_BENDS.get(cell, " ") for cell in row) for row in bits]
    passing = {row * PITCH for id, row in left.items() if ">" in id}
    steps = {right[target] * PITCH for _, target in edges if ">" not in target}
    ends = {right[target] * PITCH for _, target in edges}
    heads = ["─" if y in passing else " " for y in range(height)]
    tails = ["▸ " if y in steps else "──" if y in ends else "  " for y in range(height)]
    return [head + line + tail for head, line, tail in zip(heads, lines, tails, strict=True)]


def _track(bundle: Sequence[tuple[int, int]], taken: list[list[tuple[int, int]]]) -> int:
    """The first upright that is free where the bundle needs one; taken from then on."""
    rows = {row for edge in bundle for row in edge}
    low, high = min(rows), max(rows)
    if low == high:
        return 0
    for number, spans in enumerate(taken):
        if all(high < begin or end < low for begin, end in spans):
            spans.append((low, high))
            return number
    taken.append([(low, high)])
    return len(taken) - 1


def _draw(bits: list[list[int]], start: int, end: int, track: int) -> None:
    """One line: to its upright, along it, and from there to the end."""
    for x in range(track):
        bits[start][x] |= _LEFT | _RIGHT
    bits[start][track] |= _LEFT
    down = end > start
    for y in range(start, end, 1 if down else -1):
        bits[y][track] |= _DOWN if down else _UP
        bits[y + (1 if down else -1)][track] |= _UP if down else _DOWN
    bits[end][track] |= _RIGHT
    for x in range(track + 1, len(bits[end])):
        bits[end][x] |= _LEFT | _RIGHT
