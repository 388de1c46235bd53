"""The lines of the history's graph: which row stands where, and what is drawn before it.

The trunk is the target's first-parent chain, newest first. An execution is one row right above the commit
that it left the trunk at; where it came back, a lane leads from its row up to the commit that brought it. So
only what was merged takes a lane for longer than its own row, and the picture stays narrow with any number of
branches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .history_graph import HistoryGraph, Row, Run, TrunkCommit

TRUNK = "•"


def lay_out(
    target: str, commits: Sequence[TrunkCommit], runs: Iterable[Run], *, complete: bool = True
) -> HistoryGraph:
    """Put executions among the commits of a trunk.

    Args:
        commits: The first-parent chain, newest first.
        runs: In any order. One whose ``fork`` is not among the commits waits for them while the chain is not
            complete, and else stands where its time is.
    """
    index = {commit.sha: place for place, commit in enumerate(commits)}
    slots, waiting = _slots(commits, index, runs, complete)
    lanes = _Lanes(index, slots)
    rows: list[Row] = []
    for place in range(len(commits) + 1):
        rows += [
            lanes.run_row(
                run, is_linked=run.fork in index, has_trunk_above=place > 0 and place < len(commits)
            )
            for run in slots.get(place, ())
        ]
        if place < len(commits):
            rows.append(lanes.commit_row(commits[place], has_trunk_above=place > 0))
    rows = _with_trunk_above_the_first(rows)
    return HistoryGraph(target, tuple(rows), lanes.highest, tuple(waiting), complete)


def _slots(
    commits: Sequence[TrunkCommit], index: Mapping[str, int], runs: Iterable[Run], complete: bool
) -> tuple[dict[int, list[Run]], list[Run]]:
    """The executions above each commit by its place, and those that wait for older commits."""
    slots: dict[int, list[Run]] = {}
    waiting = []
    place = 0  # of executions without a fork: from new to old they only go down
    for run in sorted(runs, key=lambda run: (run.created, run.id), reverse=True):
        if run.fork in index:
            slots.setdefault(index[run.fork], []).append(run)
            continue
        while place < len(commits) and commits[place].time > run.created:
            place += 1
        if not complete and (run.fork or place == len(commits)):
            waiting.append(run)
        else:
            slots.setdefault(place, []).append(run)
    return slots, waiting


class _Lanes:
    """Which lanes are taken, on the way from the top to the bottom."""

    def __init__(self, index: Mapping[str, int], slots: Mapping[int, Sequence[Run]]) -> None:
        self.highest = 0
        self._taken = 0
        self._of: dict[str, int] = {}
        self._merged: dict[str, list[Run]] = {}
        # Nearest first: what ends soonest stands innermost, so that fewer lines cross.
        for place in sorted(slots):
            for run in slots[place]:
                if index.get(run.merge, place) < place:
                    self._merged.setdefault(run.merge, []).append(run)

    def commit_row(self, commit: TrunkCommit, *, has_trunk_above: bool) -> Row:
        passing, joins = self._taken, 0
        for run in self._merged.get(commit.sha, ()):
            lane = self._free()
            self._of[run.id] = lane
            self._taken |= 1 << lane
            joins |= 1 << lane
        return Row(commit, 0, passing, joins, has_trunk_above=has_trunk_above)

    def run_row(self, run: Run, *, is_linked: bool, has_trunk_above: bool) -> Row:
        lane = self._of.pop(run.id, 0)
        if lane:
            self._taken &= ~(1 << lane)
        else:
            lane = self._free()
        return Row(run, lane, self._taken, 0, is_linked, has_trunk_above)

    def _free(self) -> int:
        lane = 1
        while self._taken >> lane & 1:
            lane += 1
        self.highest = max(self.highest, lane)
        return lane


def _with_trunk_above_the_first(rows: list[Row]) -> list[Row]:
    """Let the trunk begin at the first execution that left its newest commit, not at that commit."""
    begun = False
    for number, row in enumerate(rows):
        if isinstance(row.node, TrunkCommit):
            rows[number] = replace(row, has_trunk_above=begun)
            break
        rows[number] = replace(row, has_trunk_above=begun)
        begun = begun or row.is_linked
    return rows


def strokes(row: Row, lanes: int) -> tuple[str, str, str]:
    """A row's lines: what stands before its node, the node, and what stands behind it.

    Together they are ``2 * lanes + 1`` cells wide. Lanes beyond ``lanes`` share the last column, dotted.
    """
    cells = [" "] * (2 * lanes + 1)
    for lane in range(1, lanes + 1):
        if row.passing >> lane & 1:
            cells[2 * lane] = "│"
    if row.passing >> (lanes + 1):
        cells[2 * lanes] = "┊"
    if isinstance(row.node, TrunkCommit):
        _bend(cells, row.joins, lanes)
        return "", TRUNK, "".join(cells[1:])
    at = 2 * min(row.lane, lanes)
    if row.is_linked:
        _across(cells, at)
        cells[0] = "├" if row.has_trunk_above else "╭"
    elif row.has_trunk_above:
        cells[0] = "│"
    return "".join(cells[:at]), row.node.glyph, "".join(cells[at + 1 :])


def _bend(cells: list[str], joins: int, lanes: int) -> None:
    """Draw from the trunk to the lanes that begin at a commit."""
    begins = sorted({min(lane, lanes) for lane in range(1, joins.bit_length()) if joins >> lane & 1})
    if not begins:
        return
    _across(cells, 2 * begins[-1])
    for lane in begins:
        cells[2 * lane] = "┬"
    cells[2 * begins[-1]] = "╮"


def _across(cells: list[str], end: int) -> None:
    """Draw from the trunk to a column, over the lanes that pass in between."""
    for column in range(1, end):
        cells[column] = "─" if cells[column] == " " else "┼"
