"""How a row of the history looks: its lines, its columns, and which of them a width has room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from ..app.domain.history_graph import SHORT_SHA, Row, Run, TrunkCommit, Verdict
from ..app.domain.history_lanes import strokes
from ..app.domain.ids import SHORT
from ..app.domain.states import State
from ..app.domain.words import ago, count, usd
from ._cells import clean, fit

TONES = {
    State.QUEUED: "quiet",
    State.RUNNING: "live",
    State.PAUSED: "quiet",
    State.WAITING: "warn",
    State.INTERRUPTED: "warn",
    State.COMPLETED: "good",
    State.FAILED: "bad",
    State.TERMINATED: "quiet",
}
VERDICTS = {
    Verdict.ACCEPTED: "good",
    Verdict.MERGED: "good",
    Verdict.APPLIED: "good",
    Verdict.PARTLY: "warn",
    Verdict.PARTLY_MERGED: "warn",
    Verdict.PARTLY_APPLIED: "warn",
    Verdict.REJECTED: "bad",
    Verdict.UNREVIEWED: "name",
}
WORD = max(len(state.word) for state in State)
CHANGES, COST, MODEL, FILES, AGE, AUTHOR = 11, 7, 18, 8, 5, 14
AGENT, LEAST_AGENT = 24, 8
LANES, MOST_LANES = 3, 8
"""Lanes that a narrow and a wide terminal has room for."""
WIDE = 100


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of each column at some width; 0 where there is no room."""

    lanes: int
    word: int
    agent: int
    verdict: int
    changes: int
    cost: int
    model: int
    files: int
    author: int
    subject: int


def columns_for(width: int, lanes: int, rows: Sequence[Row]) -> Columns:
    """Share ``width`` cells out: verdict first, then the state's word, what changed, cost, model, files."""
    lanes = max(1, min(lanes, MOST_LANES if width >= WIDE else LANES))
    # The lines with the blanks around them, and the age.
    room = width - (2 * lanes + 1) - 2 - AGE
    runs = [row.node for row in rows if isinstance(row.node, Run)]
    author = AUTHOR if width >= 60 else 0
    subject = max(0, room - (SHORT_SHA + 1) - (author + 1 if author else 0) - 1)
    agent = min(LEAST_AGENT, max(1, room - SHORT - 2))
    left = room - (SHORT + 1) - (agent + 1)

    def take(cells: int, is_wanted: bool = True) -> int:
        nonlocal left
        if not cells or not is_wanted or left < cells + 1:
            return 0
        left -= cells + 1
        return cells

    verdict = take(max((len(run.outcome) for run in runs), default=0))
    word = take(max((len(run.word) for run in runs), default=WORD))
    changes = take(CHANGES, any(run.files for run in runs))
    cost = take(COST)
    model = take(min(MODEL, max((len(run.model) for run in runs), default=0)))
    files = take(FILES, any(run.files for run in runs))
    wanted = min(AGENT, max((len(run.agent) for run in runs), default=LEAST_AGENT))
    agent += min(left, max(0, wanted - agent))
    return Columns(lanes, word, agent, verdict, changes, cost, model, files, author, subject)


def cells_of(row: Row, columns: Columns, now: float, width: int) -> Iterator[tuple[str, str]]:
    """The row's cells in order, each with its tone; together ``width`` cells wide."""
    before, node, behind = strokes(row, columns.lanes)
    tone = "trunk"
    if isinstance(row.node, Run):
        tone = TONES[row.node.state] if row.node.state else "quiet"
    yield f" {before}", "line"
    yield node, tone
    yield f"{behind} ", "line"
    used = 2 * columns.lanes + 3
    cells = _run(row.node, columns) if isinstance(row.node, Run) else _commit(row.node, columns)
    for words, look in cells:
        used += cell_len(words)
        yield words, look
    moment = row.node.created if isinstance(row.node, Run) else row.node.time
    yield fit(ago(max(0.0, now - moment)), width - used, right=True), "quiet"


def _run(run: Run, columns: Columns) -> Iterator[tuple[str, str]]:
    if columns.word:
        yield fit(run.word, columns.word) + " ", TONES[run.state] if run.state else "quiet"
    yield f"{fit(clean(run.short), SHORT)} ", "quiet"
    yield fit(clean(run.agent) or "no account", columns.agent) + " ", "name"
    if columns.model:
        yield fit(clean(run.model), columns.model) + " ", "quiet"
    if columns.cost:
        yield fit(usd(run.cost_micro) if run.state else "", columns.cost, right=True) + " ", "quiet"
    if columns.changes:
        yield from _changes(run, columns.changes)
    if columns.files:
        files = f"{count(run.files)} file{'s' if run.files != 1 else ''}" if run.files else ""
        yield fit(files, columns.files, right=True) + " ", "quiet"
    if columns.verdict:
        yield fit(run.outcome, columns.verdict) + " ", VERDICTS.get(run.verdict, "quiet")


def _changes(run: Run, width: int) -> Iterator[tuple[str, str]]:
    if not run.files:
        yield " " * (width + 1), "quiet"
        return
    added, removed = f"+{count(run.added)}".replace(" ", ""), f"−{count(run.removed)}".replace(" ", "")
    yield fit(added, width - len(removed) - 1, right=True) + " ", "good"
    yield removed + " ", "bad"


def _commit(commit: TrunkCommit, columns: Columns) -> Iterator[tuple[str, str]]:
    yield f"{commit.short} ", "trunk"
    yield fit(clean(commit.subject), columns.subject) + " ", "quiet"
    if columns.author:
        yield fit(clean(commit.author), columns.author) + " ", "quiet"
