"""Events: the append-only account of an execution. Everything shown or resumed derives from them.

The payload of each kind is plain JSON data:

===================== ====================================================================
kind                  payload
===================== ====================================================================
execution.queued      agent, task, inputs, model, config_hash
execution.started     model, branch, base_commit, worktree, isolation, repository
execution.completed   receipt
execution.failed      receipt, error (title, detail, hint, code)
execution.terminated  receipt, reason
execution.interrupted reason
step.started          step, action (model|tool), name, arguments, idempotent
step.completed        step, action, name, seconds, result, usage (model steps), summary
step.failed           step, action, name, seconds, error
model.text            step, text (one line or less; ``end`` true where the line ends)
model.retried         step, attempt, wait (s), error
log                   level (info|warning), text; step where one is running
commit.created        step, sha, message, files (list of {path, status, added, removed})
===================== ====================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .words import as_written, duration, one_line, plural


class Kind(StrEnum):
    """What an event tells. See the module for each kind's payload."""

    QUEUED = "execution.queued"
    STARTED = "execution.started"
    COMPLETED = "execution.completed"
    FAILED = "execution.failed"
    TERMINATED = "execution.terminated"
    INTERRUPTED = "execution.interrupted"
    STEP_STARTED = "step.started"
    STEP_COMPLETED = "step.completed"
    STEP_FAILED = "step.failed"
    TEXT = "model.text"
    RETRIED = "model.retried"
    LOG = "log"
    COMMIT = "commit.created"


STEP_KINDS = (Kind.STEP_STARTED, Kind.STEP_COMPLETED, Kind.STEP_FAILED)
FINAL_KINDS = (Kind.COMPLETED, Kind.FAILED, Kind.TERMINATED)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before the store has numbered it. ``time`` is seconds since the epoch."""

    kind: Kind
    payload: Mapping[str, Any]
    time: float


@dataclass(frozen=True, slots=True)
class Event:
    """A committed event. ``seq`` counts from 1 within its execution, without gaps."""

    execution: str
    seq: int
    time: float
    kind: Kind
    payload: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The event as one JSON object, as ``--json`` streams it."""
        return {
            "execution": self.execution,
            "seq": self.seq,
            "time": self.time,
            "kind": str(self.kind),
            "payload": dict(self.payload),
        }


def describe(event: Event) -> str:
    """One line for a log: a glyph and words. Never contains a line break."""
    payload = event.payload
    match event.kind:
        case Kind.QUEUED:
            return f"○ {payload['agent']} queued"
        case Kind.STARTED:
            return f"● started with {payload['model']}"
        case Kind.COMPLETED:
            return "✓ done"
        case Kind.FAILED:
            return f"✗ failed: {one_line(payload['error']['title'])}"
        case Kind.TERMINATED:
            return f"■ stopped: {one_line(payload['reason'])}"
        case Kind.INTERRUPTED:
            return f"◌ interrupted: {one_line(payload['reason'])}"
        case Kind.STEP_STARTED:
            return f"● {payload['name']} {brief_arguments(payload['arguments'])}".rstrip()
        case Kind.STEP_COMPLETED:
            words = payload["summary"] or "done"
            return f"✓ {payload['name']} {one_line(words)} · {duration(payload['seconds'])}"
        case Kind.STEP_FAILED:
            return f"✗ {payload['name']} {one_line(str(payload['error']['title']))}"
        case Kind.TEXT:
            return as_written(payload["text"])
        case Kind.RETRIED:
            return f"↻ asking again in {duration(payload['wait'])}: {one_line(payload['error']['title'])}"
        case Kind.LOG:
            sign = "⚠ " if payload["level"] == "warning" else "  "
            return sign + as_written(payload["text"])
        case Kind.COMMIT:
            files = payload["files"]
            return f"± {payload['sha'][:8]} {one_line(payload['message'])} ({plural(len(files), 'file')})"


def brief_arguments(arguments: Mapping[str, Any]) -> str:
    """A call's arguments on one line, long values cut: ``path=a.py query=TODO``."""
    parts = []
    for name, value in arguments.items():
        words = value if isinstance(value, str) else repr(value)
        parts.append(f"{name}={one_line(words, 48)}")
    return one_line(" ".join(parts), 160)
