"""The steps of a workflow as they stand, made from the events of its run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from ..app.domain.events import FINAL_KINDS, Event, Kind
from ..app.domain.step_keys import step_of
from ..app.domain.workflow_graph import starts_after
from ..app.domain.workflows import ResolvedWorkflow, Step
from ._plain import plain_line

ENDS = (*FINAL_KINDS, Kind.INTERRUPTED)


class Standing(Enum):
    """How a step stands: glyph, word, and the tone that it is drawn in."""

    AHEAD = ("○", "waiting", "quiet")
    RUNNING = ("●", "running", "running")
    ASKS = ("◐", "needs you", "asks")
    DONE = ("✓", "done", "done")
    FAILED = ("✗", "failed", "failed")
    LEFT_OUT = ("–", "left out", "quiet")
    CUT_OFF = ("◌", "cut off", "asks")

    @property
    def glyph(self) -> str:
        return str(self.value[0])

    @property
    def word(self) -> str:
        return str(self.value[1])

    @property
    def tone(self) -> str:
        return str(self.value[2])


_AT_WORK = (Standing.RUNNING, Standing.ASKS)


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One step. ``began`` and ``ended`` are seconds since the epoch, ``None`` where not yet.

    ``seq`` is that of the event that began it, 0 before; ``note`` says in one line what came of it, or what
    it is doing.
    """

    id: str
    kind: str
    target: str
    after: tuple[str, ...]
    standing: Standing = Standing.AHEAD
    began: float | None = None
    ended: float | None = None
    seq: int = 0
    note: str = ""

    def seconds(self, now: float) -> float | None:
        """How long it took, or takes up to ``now``."""
        if self.began is None:
            return None
        return max(0.0, (self.ended if self.ended is not None else now) - self.began)


def steps_of(steps: Iterable[Step]) -> tuple[FlowStep, ...]:
    """The steps before anything has begun."""
    steps = tuple(steps)
    after = starts_after(steps)
    return tuple(FlowStep(step.id, step.kind, step.target, after[step.id]) for step in steps)


class FlowProgress:
    """Folds the events of a workflow's run into its steps."""

    def __init__(self) -> None:
        self._steps: dict[str, FlowStep] = {}
        self._keys: dict[int, str] = {}
        self._asking: dict[str, str] = {}
        self._last_seq = 0

    @property
    def steps(self) -> tuple[FlowStep, ...]:
        """The steps in the order of the file; empty for a run of an agent."""
        return tuple(self._steps.values())

    def put(self, events: Iterable[Event]) -> bool:
        """Take in events in order; whether any step changed by them."""
        before = self.steps
        for event in events:
            if event.seq > self._last_seq:
                self._last_seq = event.seq
                self._take(event)
        return self.steps != before

    def _take(self, event: Event) -> None:
        payload = event.payload
        match event.kind:
            case Kind.QUEUED:
                self._begin(payload)
            case Kind.STEP_STARTED:
                self._started(event)
            case Kind.STEP_COMPLETED | Kind.STEP_FAILED:
                self._ended(event)
            case Kind.STEP_SKIPPED:
                reason = plain_line(payload["reason"])
                self._change(payload["key"], standing=Standing.LEFT_OUT, note=reason)
            case Kind.ASKED:
                self._asking[payload["approval"]] = step_of(payload["approval"])
                self._change(step_of(payload["approval"]), standing=Standing.ASKS)
            case Kind.ANSWERED:
                step = self._asking.pop(payload["approval"], "")
                if step not in self._asking.values():
                    self._change(step, standing=Standing.RUNNING)
            case kind if kind in ENDS:
                # What was asked can be answered while no process goes on with it.
                cut = (Standing.RUNNING,) if event.kind is Kind.INTERRUPTED else _AT_WORK
                for one in self.steps:
                    if one.standing in cut:
                        self._change(one.id, standing=Standing.CUT_OFF, ended=event.time)

    def _begin(self, payload: Mapping[str, Any]) -> None:
        recorded = payload.get("request") or {}
        if "workflow" in recorded:
            workflow = ResolvedWorkflow.from_dict(recorded["workflow"])
            self._steps = {step.id: step for step in steps_of(workflow.spec.steps)}

    def _started(self, event: Event) -> None:
        payload = event.payload
        # An execution of an earlier version may have recorded no key.
        key = str(payload.get("key", ""))
        if payload["action"] == "step" and key in self._steps:
            self._keys[payload["step"]] = key
            # One that is done again after a crash may still wait for the answer that it asked for before.
            standing = Standing.ASKS if key in self._asking.values() else Standing.RUNNING
            self._change(key, standing=standing, began=event.time, ended=None, seq=event.seq, note="")
        elif step_of(key) in self._steps:
            self._change(step_of(key), note=plain_line(payload["name"], 60))

    def _ended(self, event: Event) -> None:
        payload = event.payload
        key = self._keys.get(payload["step"])
        if key is None:
            return
        if event.kind is Kind.STEP_FAILED:
            words = plain_line(str(payload["error"]["title"]))
            self._change(key, standing=Standing.FAILED, ended=event.time, note=words)
            return
        result = payload.get("result")
        skipped = isinstance(result, Mapping) and result.get("status") == "skipped"
        standing = Standing.LEFT_OUT if skipped else Standing.DONE
        self._change(key, standing=standing, ended=event.time, note=plain_line(payload["summary"]))

    def _change(self, key: str, **changes: Any) -> None:
        step = self._steps.get(key)
        if step is not None:
            self._steps[key] = replace(step, **changes)
