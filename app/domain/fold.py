"""The row of an execution as the fold of its events: the one place that derives one from the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from .events import Draft, Event, Kind, breaker_words
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
    Kind.PAUSED: State.PAUSED,
}

SILENT = frozenset({Kind.TEXT, Kind.LOG})
"""Kinds that leave the row as it is; the mass of a long run."""

_RESULTS = frozenset({Kind.STEP_COMPLETED, Kind.STEP_FAILED})
"""Kinds that leave the row as it is where they tell of no usage."""


Told = Event | Draft
"""What a row follows from; an event's number adds nothing to it."""


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
        kind=payload.get("kind", "agent"),
        # Known from the beginning where it goes on with one, so that nobody else begins on it meanwhile.
        branch=payload.get("branch", ""),
    )


def apply(row: Execution, event: Told) -> Execution:
    """The row after one more event.

    Raises:
        Conflict: the event would make an illegal transition.
    """
    if event.kind in SILENT:
        return row
    target = _TARGETS.get(event.kind) or _target(row, event)
    if event.kind is Kind.STARTED and row.state is State.RUNNING and row.started is None:
        target = None  # It was interrupted before it had begun, and goes on from there.
    if target is not None:
        check_transition(row.state, target)
        row = replace(row, state=target)
    payload = event.payload
    match event.kind:
        case Kind.TAKEN:
            return replace(row, branch=payload["branch"] or row.branch)
        case Kind.STARTED:
            return replace(
                row,
                started=event.time,
                finished=None,
                branch=payload["branch"],
                base_commit=payload["base_commit"],
                worktree=payload["worktree"],
            )
        case Kind.RESUMED:
            return replace(row, finished=None)
        case Kind.PAUSED:
            return replace(row, note=payload["reason"] or row.note)
        case Kind.ASKED:
            return replace(row, asks=row.asks + 1, note=one_line(payload["question"]))
        case Kind.ANSWERED:
            return replace(row, asks=row.asks - 1)
        case Kind.MODEL:
            return replace(row, model=payload["model"])
        case Kind.BREAKER:
            return replace(row, note=breaker_words(payload))
        case Kind.STEP_STARTED:
            return _count_steps(row, _tally([event]))
        case Kind.STEP_COMPLETED if payload["usage"]:
            return replace(row, totals=_add_usage(row.totals, payload["usage"]))
        case Kind.COMPLETED | Kind.FAILED | Kind.TERMINATED:
            return _finish(row, event)
        case Kind.INTERRUPTED:
            return replace(row, finished=event.time, note=payload["reason"])
        case _:
            return row


def apply_all(row: Execution, events: Iterable[Told]) -> Execution:
    """The row after several events: as :func:`apply` one by one, but a hundred steps cost one new row.

    Raises:
        Conflict: an event would make an illegal transition.
    """
    for only_counts, some in groupby(events, _only_counts):
        if only_counts:
            row = _count_steps(row, _tally(some))
        else:
            for event in some:
                row = apply(row, event)
    return row


class Tally(NamedTuple):
    """What events add to a row that they leave as it is but for its steps.

    Attributes:
        note: The name of the last step; empty where there is none.
    """

    steps: int
    tool_calls: int
    note: str


def tally(events: Sequence[Told]) -> Tally | None:
    """What events add to any row, where that is no more than steps, so that nobody need read the row.

    Adding it is what :func:`apply_all` would do. None where one of them does more than that.
    """
    return _tally(events) if all(map(_only_counts, events)) else None


def _only_counts(event: Told) -> bool:
    """Whether all that an event changes in a row is the count of its steps, or nothing."""
    kind = event.kind
    return (
        kind is Kind.STEP_STARTED or kind in SILENT or (kind in _RESULTS and not event.payload.get("usage"))
    )


def _tally(events: Iterable[Told]) -> Tally:
    steps, tools, note = 0, 0, ""
    for event in events:
        if event.kind is Kind.STEP_STARTED:
            steps += 1
            tools += event.payload["action"] == "tool"
            note = event.payload["name"]
    return Tally(steps, tools, note)


def _target(row: Execution, event: Told) -> State | None:
    """The state that follows from the row as well as from the event."""
    match event.kind:
        case Kind.ASKED if not row.asks:
            return State.WAITING
        case Kind.ANSWERED if row.asks == 1 and row.state is State.WAITING:
            return State.RUNNING
        case Kind.RESUMED:
            # What it had asked before it was interrupted still waits for its answer.
            return State.WAITING if row.asks else State.RUNNING
    return None


def _count_steps(row: Execution, counted: Tally) -> Execution:
    if not counted.steps:
        return row
    steps, tools = row.totals.steps + counted.steps, row.totals.tool_calls + counted.tool_calls
    return replace(row, note=counted.note, totals=replace(row.totals, steps=steps, tool_calls=tools))


def _add_usage(totals: Totals, usage: dict[str, int]) -> Totals:
    return replace(
        totals,
        input_tokens=totals.input_tokens + usage["input_tokens"],
        output_tokens=totals.output_tokens + usage["output_tokens"],
        cost_micro=totals.cost_micro + usage["cost_micro"],
    )


def _finish(row: Execution, event: Told) -> Execution:
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
    return replace(
        row, finished=event.time, note=one_line(note), asks=0, totals=totals, worktree=receipt["worktree"]
    )
