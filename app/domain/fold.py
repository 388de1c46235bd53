"""The row of an execution as the fold of its events: the one place that derives one from the other."""

from __future__ import annotations

from dataclasses import replace

from .events import Event, Kind
from .executions import Execution, Totals
from .markdown import unmarked
from .states import State, check_transition
from .words import one_line

_TARGETS = {
    Kind.STARTED: State.RUNNING,
    Kind.COMPLETED: State.COMPLETED,
    Kind.FAILED: State.FAILED,
    Kind.TERMINATED: State.TERMINATED,
    Kind.INTERRUPTED: State.INTERRUPTED,
}

SILENT = frozenset({Kind.TEXT, Kind.LOG})
"""Kinds that leave the row as it is; the mass of a long run."""


def begin(event: Event) -> Execution:
    """The row that the first event of an execution, ``execution.queued``, makes."""
    payload = event.payload
    return Execution(
        id=event.execution,
        agent=payload["agent"],
        model=payload["model"],
        state=State.QUEUED,
        created=event.time,
        task=one_line(payload["task"]),
    )


def apply(row: Execution, event: Event) -> Execution:
    """The row after one more event.

    Raises:
        Conflict: the event would make an illegal transition.
    """
    if event.kind in SILENT:
        return row
    target = _TARGETS.get(event.kind)
    if target is not None:
        check_transition(row.state, target)
        row = replace(row, state=target)
    payload = event.payload
    match event.kind:
        case Kind.STARTED:
            return replace(
                row,
                started=event.time,
                finished=None,
                branch=payload["branch"],
                base_commit=payload["base_commit"],
                worktree=payload["worktree"],
            )
        case Kind.STEP_STARTED:
            return replace(row, note=payload["name"], totals=_count_step(row.totals, payload["action"]))
        case Kind.STEP_COMPLETED if payload["usage"]:
            return replace(row, totals=_add_usage(row.totals, payload["usage"]))
        case Kind.COMPLETED | Kind.FAILED | Kind.TERMINATED:
            return _finish(row, event)
        case Kind.INTERRUPTED:
            return replace(row, finished=event.time, note=payload["reason"])
        case _:
            return row


def _count_step(totals: Totals, action: str) -> Totals:
    return replace(totals, steps=totals.steps + 1, tool_calls=totals.tool_calls + (action == "tool"))


def _add_usage(totals: Totals, usage: dict[str, int]) -> Totals:
    return replace(
        totals,
        input_tokens=totals.input_tokens + usage["input_tokens"],
        output_tokens=totals.output_tokens + usage["output_tokens"],
        cost_micro=totals.cost_micro + usage["cost_micro"],
    )


def _finish(row: Execution, event: Event) -> Execution:
    receipt = event.payload["receipt"]
    files = receipt["files"]
    totals = replace(
        row.totals,
        files=len(files),
        added=sum(max(0, change["added"]) for change in files),
        removed=sum(max(0, change["removed"]) for change in files),
    )
    error = receipt["error"]
    if event.kind is Kind.TERMINATED:
        note = event.payload["reason"]
    else:
        note = error["title"] if error else unmarked(receipt["answer"][:1000])
    return replace(row, finished=event.time, note=one_line(note), totals=totals, worktree=receipt["worktree"])
