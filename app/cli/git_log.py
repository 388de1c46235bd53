"""``paracle git log``: the commits of a branch with the executions that left it and came back, as a graph."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.history_graph import Row, Run, TrunkCommit, Verdict
from ..domain.history_lanes import strokes
from ..domain.words import ago, one_line, plural, usd
from .git_words import Target
from .opening import AsJson, workspace
from .printing import STATE_COLOURS, aligned, harmless, next_step, paint, put, put_json, say

if TYPE_CHECKING:
    from ..domain.history_graph import HistoryGraph

LANES = 8
"""Lanes that are drawn; those beyond share the last one."""

_COLOURS = {
    Verdict.MERGED: typer.colors.GREEN,
    Verdict.APPLIED: typer.colors.GREEN,
    Verdict.ACCEPTED: typer.colors.GREEN,
    Verdict.PARTLY: typer.colors.YELLOW,
    Verdict.PARTLY_MERGED: typer.colors.YELLOW,
    Verdict.PARTLY_APPLIED: typer.colors.YELLOW,
    Verdict.REJECTED: typer.colors.RED,
}


def log(
    ctx: typer.Context,
    target: Target = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most this many lines.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show the history as a graph, newest first: commits, and executions where they left and came back."""
    from ..services.history_graph import HistoryReader

    with workspace(ctx) as here:
        reader = HistoryReader(here, target, page=limit)
        graph = reader.read()
        graph = reader.judge() or graph
    rows = graph.rows[:limit]
    if as_json:
        more = len(graph.rows) > limit or not graph.complete
        put_json({"target": graph.target, "rows": [_data(row) for row in rows], "more": more})
        return
    for line in _lines(rows, graph, time.time()):
        put(line)
    _suggest(rows)


def _data(row: Row) -> dict[str, object]:
    lanes = [lane for lane in range(1, row.joins.bit_length()) if row.joins >> lane & 1]
    return {**row.node.to_dict(), "lane": row.lane, "joins": lanes}


def _lines(rows: tuple[Row, ...], graph: HistoryGraph, now: float) -> list[str]:
    """Executions in columns of their own, commits in others; the drawing before both is equally wide."""
    lanes = max(1, min(LANES, graph.lanes))
    runs = [row.node for row in rows if isinstance(row.node, Run)]
    cells = iter(aligned((_run(run, now) for run in runs), right=frozenset({4, 5}))) if runs else iter(())
    lines = []
    for row in rows:
        before, node, behind = strokes(row, lanes)
        if isinstance(row.node, TrunkCommit):
            lines.append(f"{before}{node}{behind}  {_commit(row.node, now)}".rstrip())
            continue
        colour = STATE_COLOURS.get(row.node.state) if row.node.state else None
        words = next(cells)
        if row.node.verdict in _COLOURS:
            outcome = paint(row.node.outcome, sys.stdout, _COLOURS[row.node.verdict])
            words = outcome.join(words.rsplit(row.node.outcome, 1))
        lines.append(f"{before}{paint(node, sys.stdout, colour, bold=True)}{behind}  {words}".rstrip())
    return lines


def _run(run: Run, now: float) -> tuple[str, ...]:
    return (
        run.word,
        run.short,
        harmless(one_line(run.agent, 40), sys.stdout) or "no account",
        harmless(one_line(run.model, 40), sys.stdout),
        usd(run.cost_micro) if run.state else "",
        f"+{run.added:,} −{run.removed:,}" if run.files else "",
        plural(run.files, "file") if run.files else "",
        ago(max(0.0, now - run.created)),
        run.outcome,
    )


def _commit(commit: TrunkCommit, now: float) -> str:
    subject, author = (harmless(one_line(text, 100), sys.stdout) for text in (commit.subject, commit.author))
    sha = paint(commit.short, sys.stdout, typer.colors.CYAN)
    who = paint(f"{author}, {ago(max(0.0, now - commit.time))}", sys.stdout, dim=True)
    return f"{sha}  {subject}  {who}"


def _suggest(rows: tuple[Row, ...]) -> None:
    runs = [row.node for row in rows if isinstance(row.node, Run)]
    if not runs:
        say("No execution has left this branch yet." if rows else "Nothing has happened here yet.")
        next_step("paracle run reviewer")
    elif open_ones := [run for run in runs if run.verdict is Verdict.UNREVIEWED]:
        next_step(f"paracle git show {open_ones[0].short}")
