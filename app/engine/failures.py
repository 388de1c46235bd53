"""Which step of a record has to be done again for its execution to come to another end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..domain.errors import ToolError
from ..domain.events import Event, Kind
from ..domain.workflows import WorkflowSpec
from .past import revived
from .refused_answers import refused_answers

_CALL_OF_A_TURN = re.compile(r"(?:.*/)?turn-\d+/\d+")


@dataclass(slots=True)
class _Step:
    place: int
    key: str
    action: str
    ended: bool = False
    error: Mapping[str, Any] | None = None

    @property
    def is_bad(self) -> bool:
        """Whether it has no result, and that kept its execution from going on."""
        if self.ended and self.error is None:
            return False
        if self.error is None:
            return True
        # A model is told of a call that failed, and a check judges: the execution goes on after both.
        told = _CALL_OF_A_TURN.fullmatch(self.key) and isinstance(revived(self.error), ToolError)
        return not told and "check" not in self.error


def first_failed(events: Sequence[Event], spec: WorkflowSpec | None = None) -> str:
    """The key of the first step that failed or never ended; empty where there is none.

    An answer of a model for which the dialogue failed counts as a step that failed.
    Left out are those that something has made good: a later try, another model, a step around them that is
    done, or what a workflow says to do about the error. Where a step failed because of one within it, that
    one is meant, so that what was done before it stays.

    Args:
        events: a record, in order.
        spec: of the workflow that was run.
    """
    steps = list(_steps(events))
    done = {step.key for step in steps if step.ended and step.error is None}
    tolerated = {step.id for step in spec.steps if spec.on_error_of(step) != "fail"} if spec else set()
    tries = {event.payload["key"]: event.payload["attempt"] for event in events if _is_try(event)}
    refused = refused_answers(events)
    bad = [
        step
        for step in steps
        if (step.is_bad or step.key in refused)
        and not any(_is_within(step.key, key) for key in done | tolerated)
        and step.key not in tolerated
        and not any(_is_superseded(step.key, key, attempt) for key, attempt in tries.items())
        and not any(key.startswith(f"{step.key}~") for key in done)
    ]
    innermost = [one for one in bad if not any(_is_within(other.key, one.key) for other in bad)]
    return min(innermost, key=lambda step: step.place).key if innermost else ""


def _steps(events: Sequence[Event]) -> Iterable[_Step]:
    """The steps by key, each as it was begun last."""
    keys: dict[int, str] = {}
    steps: dict[str, _Step] = {}
    for place, event in enumerate(events):
        payload = event.payload
        if event.kind is Kind.STEP_STARTED:
            key = keys[payload["step"]] = payload.get("key", str(payload["step"]))
            steps[key] = _Step(place, key, payload["action"])
        elif event.kind in (Kind.STEP_COMPLETED, Kind.STEP_FAILED):
            step = steps[keys[payload["step"]]]
            step.ended, step.error = True, payload.get("error")
    return steps.values()


def _is_try(event: Event) -> bool:
    return event.kind is Kind.RETRIED and "key" in event.payload


def _is_within(key: str, outer: str) -> bool:
    """Whether a step is part of another: its turn, its try, or anything below it."""
    return key.startswith((f"{outer}/", f"{outer}[", f"{outer}~"))


def _is_superseded(key: str, tried: str, failed: int) -> bool:
    """Whether a step belongs to one of the tries of another that failed and were made again."""
    if key.startswith(f"{tried}/"):
        return True
    return any(key.startswith(f"{tried}~{number}/") for number in range(2, failed + 1))
