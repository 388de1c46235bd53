"""How one execution looks in a list: its columns, and which of them a width has room for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..app.domain.executions import Execution
from ..app.domain.ids import SHORT
from ..app.domain.states import State
from ..app.domain.words import ago, usd
from ._cells import clean, fit

CLASSES = {
    State.QUEUED: "execution-list--quiet",
    State.RUNNING: "execution-list--live",
    State.PAUSED: "execution-list--quiet",
    State.WAITING: "execution-list--waiting",
    State.INTERRUPTED: "execution-list--waiting",
    State.COMPLETED: "execution-list--done",
    State.FAILED: "execution-list--failed",
    State.TERMINATED: "execution-list--quiet",
}
WORD = max(len(state.word) for state in State)
MINUS = "\u2212"
AGE = 5
CHANGES = 11
COST = 8
AGENT = 20
"""The widest column that agents get; the note has more to say."""
LEAST_AGENT = 8
LEAST_NOTE = 12


@dataclass(frozen=True, slots=True)
class Columns:
    """Cells of each column at some width; 0 where there is no room. ``age`` is always there."""

    word: int
    agent: int
    note: int
    changes: int
    cost: int


def columns_for(width: int, rows: Sequence[Execution]) -> Columns:
    """Share ``width`` cells out: agent first, then what changed, the state's word, cost and note."""
    # The gutter, the glyph, the id and the age, each with the blank after it.
    left = width - 2 - 2 - (SHORT + 1) - AGE
    wanted = min(AGENT, max((len(row.agent) for row in rows), default=LEAST_AGENT))
    agent = max(1, min(left - 1, max(LEAST_AGENT, wanted)))
    left -= agent + 1

    def take(cells: int, is_wanted: bool) -> int:
        nonlocal left
        if not is_wanted or left < cells + 1:
            return 0
        left -= cells + 1
        return cells

    word = take(WORD, True)
    changes = take(CHANGES, any(row.totals.files for row in rows))
    cost = take(COST, any(row.totals.cost_micro for row in rows))
    note = left - 1 if left > LEAST_NOTE else 0
    return Columns(word, agent if note else agent + max(0, left), note, changes, cost)


def cells_of(row: Execution, columns: Columns, now: float) -> Iterator[tuple[str, str]]:
    """The row's cells in order, each with its component class and the blank that follows it."""
    look = CLASSES[row.state]
    yield f"{row.state.glyph} ", look
    yield f"{fit(clean(row.short), SHORT)} ", "execution-list--id"
    if columns.word:
        yield fit(row.state.word, columns.word) + " ", look
    yield fit(clean(row.agent), columns.agent) + " ", "execution-list--agent"
    if columns.note:
        yield fit(clean(row.note or row.task), columns.note) + " ", "execution-list--note"
    if columns.changes:
        yield from _changes(row, columns.changes)
    if columns.cost:
        cost = usd(row.totals.cost_micro) if row.totals.cost_micro else ""
        yield fit(cost, columns.cost, right=True) + " ", "execution-list--note"
    yield fit(age_of(row, now), AGE, right=True), "execution-list--note"


def age_of(row: Execution, now: float) -> str:
    """How long a live run has taken, how long ago another one ended."""
    if row.state.is_live and row.started is not None:
        elapsed = row.elapsed(now)
        return ago(elapsed) if elapsed >= 2 else f"{int(elapsed)} s"
    return ago(max(0.0, now - (row.finished or row.created)))


def _changes(row: Execution, width: int) -> Iterator[tuple[str, str]]:
    added, removed = f"+{row.totals.added}", f"{MINUS}{row.totals.removed}"
    if not row.totals.files:
        yield " " * (width + 1), "execution-list--note"
        return
    yield fit(added, width - len(removed) - 1, right=True) + " ", "execution-list--done"
    yield removed + " ", "execution-list--failed"
