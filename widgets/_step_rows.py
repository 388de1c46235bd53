"""The steps of one run as rows, made from its events: in order, those of a workflow's step below it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..app.domain.events import FINAL_KINDS, STEP_KINDS, Event, Kind, brief_step, failure_words, is_left_out
from ..app.domain.states import State
from ._plain import plain_line

ENDS = (*FINAL_KINDS, Kind.INTERRUPTED)
LEFT_OUT = "○"
_LAST_PART = re.compile(r"[/\[~][^/\[~]*\Z")


@dataclass(frozen=True, slots=True)
class Step:
    """One row. ``seconds`` is None while the step runs; ``seq`` is that of the event that began it.

    ``key`` names the step within its run; ``depth`` says in how many steps of workflows it lies, and
    ``is_flow`` whether it is one of these. ``is_left_out`` says that its condition did not hold: its state is
    that of a step that is done, though nothing was.
    """

    seq: int
    name: str
    brief: str
    began: float
    state: State
    seconds: float | None = None
    error: str = ""
    key: str = ""
    depth: int = 0
    is_flow: bool = False
    is_left_out: bool = False

    @property
    def glyph(self) -> str:
        """The sign before its name."""
        return LEFT_OUT if self.is_left_out else self.state.glyph


class StepRows:
    """Folds events into rows; the newest ``limit`` are kept, older ones only counted."""

    def __init__(self, limit: int) -> None:
        self.order: list[Any] = []
        self.dropped = 0
        self._limit = limit
        self._rows: dict[Any, Step] = {}
        self._parents: dict[str, Any] = {}
        self._newest_in: dict[Any, Any] = {}
        self._last_seq = 0

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int) -> Step:
        return self._rows[self.order[place]]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The rows from the top."""
        return tuple(self._rows[number] for number in self.order)

    @property
    def any_running(self) -> bool:
        """Whether a row's time goes on."""
        return any(step.seconds is None for step in self._rows.values())

    def put(self, events: Iterable[Event]) -> int:
        """Take in events in order of ``seq``; gives how many rows have gone from the top.

        Events already seen and those of other kinds change nothing.
        """
        for event in events:
            if event.seq > self._last_seq:
                self._last_seq = event.seq
                self._take(event)
        surplus = max(0, len(self.order) - self._limit)
        for number in self.order[:surplus]:
            del self._rows[number]
        del self.order[:surplus]
        self.dropped += surplus
        return surplus

    def _take(self, event: Event) -> None:
        if event.kind in ENDS:
            self._end_running(event)
        if event.kind not in STEP_KINDS:
            return
        payload = event.payload
        key = payload["step"]
        if event.kind is Kind.STEP_STARTED:
            self._begin(key, event)
            return
        step = self._rows.get(key)
        if step is None:
            # Its beginning was dropped, or lies before what this list was given.
            return
        failed = event.kind is Kind.STEP_FAILED
        error = plain_line(failure_words(payload)) if failed else ""
        state = State.FAILED if failed else State.COMPLETED
        left_out = not failed and is_left_out(payload)
        self._rows[key] = replace(
            step,
            state=state,
            seconds=payload["seconds"],
            error=error,
            brief=plain_line(payload["summary"]) if left_out else step.brief,
            is_left_out=left_out,
        )

    def _end_running(self, event: Event) -> None:
        # A run that ended leaves no step running, whether or not the step could say so itself.
        for key, step in self._rows.items():
            if step.state is State.RUNNING:
                seconds = max(0.0, event.time - step.began)
                self._rows[key] = replace(step, state=State.INTERRUPTED, seconds=seconds)

    def _begin(self, number: Any, event: Event) -> None:
        """A row for a step; one that lies in a step of a workflow comes below it."""
        payload = event.payload
        key = str(payload.get("key", ""))
        parent = self._parent_of(key)
        depth = self._rows[parent].depth + 1 if parent is not None else 0
        if number not in self._rows:
            self.order.insert(self._place_below(parent), number)
            self._tell_parents(number, parent)
        if payload["action"] == "step":
            self._parents[key] = number
        name = plain_line(payload["name"], 60)
        is_flow = payload["action"] == "step"
        brief = plain_line(brief_step(payload))
        self._rows[number] = Step(
            event.seq, name, brief, event.time, State.RUNNING, key=key, depth=depth, is_flow=is_flow
        )

    def _parent_of(self, key: str) -> Any | None:
        """The row of the innermost step of a workflow that a key lies in."""
        while found := _LAST_PART.search(key):
            key = key[: found.start()]
            if self._parents.get(key) in self._rows:
                return self._parents[key]
        return None

    def _tell_parents(self, number: Any, parent: Any | None) -> None:
        while parent is not None:
            self._newest_in[parent] = number
            parent = self._parent_of(self._rows[parent].key)

    def _place_below(self, parent: Any | None) -> int:
        """Where a new row goes: behind everything that lies in its parent."""
        if parent is None:
            return len(self.order)
        return self.order.index(self._newest_in.get(parent, parent)) + 1
