"""Events: the append-only account of an execution. Everything shown or resumed derives from them.

The payload of each kind is plain JSON data:

===================== ====================================================================
kind                  payload
===================== ====================================================================
execution.queued      agent, task, inputs, model, config_hash, request (what a resume needs);
                      branch where it goes on with one; origin (execution, before, model) where it
                      begins with what another has recorded up to the step of the key ``before``;
                      hooks where one has changed the inputs: by (their names), asked (the inputs before)
execution.taken       worker (who took it from the queue), branch (where it goes on with one, or empty),
                      follows (what a resume needs of the execution that it goes on with, or null)
execution.started     model, branch, base_commit, worktree, isolation, repository, with_changes,
                      follows (the execution whose branch it goes on with, or empty), origin
execution.paused      by, reason
execution.resumed     by, reason, after (the state that it was in)
execution.completed   receipt
execution.failed      receipt, error (title, detail, hint, code)
execution.terminated  receipt, reason
execution.interrupted reason; left where its process has let go of it rather than died
step.started          step, key, action (model|tool), name, arguments, idempotent; hooks where one has
                      changed or refused it: by, asked (the arguments before), veto (the reason)
step.completed        step, action, name, seconds, result, usage (model steps), summary
step.failed           step, action, name, seconds, error
step.skipped          key, name, reason: a step of a workflow that was left out; halted where it needs nothing
                      that failed, and was only not begun any more
model.text            step, text (one line or less; ``end`` true where the line ends)
model.retried         step, attempt, wait (s), error; key where it is a step of a workflow
model.breaker         step, host, state (closed|open|half-open), wait (s, for which it is left alone)
log                   level (info|warning), text; step where one is running; command (its id) where a person's
                      command has printed it
commit.created        step (0: of none), sha, message, files (list of {path, status, added, removed});
                      command where it holds what a person's command has changed
control.said          text, by: a person's message, which the agent reads at its next turn
control.model         model, before, by, turn (the first that the new one answers)
control.command       command (its id), argv, by, seconds (that it may take): a person's command begins in
                      the worktree, where nobody else changes files until it has ended
control.ran           command, argv, by, exit, seconds, timed_out, output (its end), files (how many it
                      changed), commit, problem; see :class:`.by_hand.ManualEnd`
approval.asked        approval, question, detail, options, default, expires (epoch s or null), step;
                      hooks as for a step
approval.answered     approval, answer (``withdrawn`` where its asker has ended), by, reason
===================== ====================================================================
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from .breaker import Circuit
from .by_hand import ManualCommand, ManualEnd
from .executions import words_of_origin
from .ids import shorten
from .words import as_written, duration, one_line, plural


class Kind(StrEnum):
    """What an event tells. See the module for each kind's payload."""

    QUEUED = "execution.queued"
    TAKEN = "execution.taken"
    STARTED = "execution.started"
    COMPLETED = "execution.completed"
    FAILED = "execution.failed"
    TERMINATED = "execution.terminated"
    INTERRUPTED = "execution.interrupted"
    PAUSED = "execution.paused"
    RESUMED = "execution.resumed"
    STEP_STARTED = "step.started"
    STEP_COMPLETED = "step.completed"
    STEP_FAILED = "step.failed"
    STEP_SKIPPED = "step.skipped"
    TEXT = "model.text"
    RETRIED = "model.retried"
    BREAKER = "model.breaker"
    LOG = "log"
    COMMIT = "commit.created"
    SAID = "control.said"
    MODEL = "control.model"
    COMMAND = "control.command"
    RAN = "control.ran"
    ASKED = "approval.asked"
    ANSWERED = "approval.answered"

    # An enum hashes in Python by its member's name; as the text that it is, in C. Each event is looked up.
    __hash__ = str.__hash__


STEP_KINDS = (Kind.STEP_STARTED, Kind.STEP_COMPLETED, Kind.STEP_FAILED)
FINAL_KINDS = (Kind.COMPLETED, Kind.FAILED, Kind.TERMINATED)


class Draft(NamedTuple):
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
        case Kind.TAKEN:
            return f"○ taken from the queue by {payload['worker']}"
        case Kind.STARTED:
            return f"● started with {payload['model']}{_beginning(payload)}"
        case Kind.COMPLETED:
            return "✓ done"
        case Kind.FAILED:
            return f"✗ failed: {one_line(payload['error']['title'])}"
        case Kind.TERMINATED:
            return f"■ stopped: {one_line(payload['reason'])}"
        case Kind.INTERRUPTED:
            return f"◌ interrupted: {one_line(payload['reason'])}"
        case Kind.PAUSED:
            return f"⏸ paused by {payload['by']}{_because(payload)}"
        case Kind.RESUMED:
            return f"● goes on, {payload['by']}{_because(payload)}"
        case Kind.SAID:
            return f"» {payload['by']}: {one_line(payload['text'])}"
        case Kind.MODEL:
            return f"⇄ {payload['model']} answers from here, {payload['before']} did"
        case Kind.COMMAND:
            return f"$ {payload['by']} runs: {one_line(ManualCommand.from_dict(payload).line)}"
        case Kind.RAN:
            return _ran(payload)
        case Kind.ASKED:
            return f"◐ asks: {one_line(payload['question'])}"
        case Kind.ANSWERED:
            return f"◐ {payload['answer']}, {payload['by']}{_because(payload)}"
        case Kind.STEP_STARTED:
            return f"● {payload['name']} {brief_step(payload)}".rstrip()
        case Kind.STEP_COMPLETED if is_left_out(payload):
            return f"○ {payload['name']} {one_line(payload['summary'])}"
        case Kind.STEP_COMPLETED:
            words = payload["summary"] or "done"
            return f"✓ {payload['name']} {one_line(words)} · {duration(payload['seconds'])}"
        case Kind.STEP_FAILED:
            return f"✗ {payload['name']} {failure_words(payload)}"
        case Kind.STEP_SKIPPED:
            words = one_line(payload["reason"])
            return f"○ {payload['name']} {words if payload.get('halted') else f'left out: {words}'}"
        case Kind.TEXT:
            return as_written(payload["text"])
        case Kind.RETRIED:
            return f"↻ asking again in {duration(payload['wait'])}: {one_line(payload['error']['title'])}"
        case Kind.BREAKER:
            return f"{_BREAKER_SIGNS[payload['state']]} {breaker_words(payload)}"
        case Kind.LOG:
            sign = "⚠ " if payload["level"] == "warning" else "  "
            return sign + as_written(payload["text"])
        case Kind.COMMIT:
            files = payload["files"]
            return f"± {payload['sha'][:8]} {one_line(payload['message'])} ({plural(len(files), 'file')})"


_BREAKER_SIGNS = {Circuit.OPEN: "⚠", Circuit.HALF_OPEN: "↻", Circuit.CLOSED: "●"}


def breaker_words(payload: Mapping[str, Any]) -> str:
    """How a model's host stands, on one line: ``api.example left alone for 30 s (breaker open)``."""
    host, state = one_line(payload["host"], 80), Circuit(payload["state"])
    words = {
        Circuit.OPEN: f"left alone for {duration(payload['wait'])}",
        Circuit.HALF_OPEN: "tried once",
        Circuit.CLOSED: "answers again",
    }
    return f"{host} {words[state]} (breaker {state})"


def _beginning(payload: Mapping[str, Any]) -> str:
    if payload.get("origin"):
        return f", {words_of_origin(payload['origin'])}"
    if payload.get("follows"):
        return f", on the branch of {shorten(payload['follows'])}"
    return ", from your files as they are" if payload.get("with_changes") else ""


def _ran(payload: Mapping[str, Any]) -> str:
    ended = ManualEnd.from_dict(payload)
    sign = "✓" if ended.exit == 0 and not ended.problem else "✗"
    return f"{sign} $ {one_line(shlex.join(payload['argv']), 80)}: {one_line(ended.words)}"


def failure_words(payload: Mapping[str, Any]) -> str:
    """Why a step failed, on one line; of a call also what exactly, such as an argument that does not fit.

    Args:
        payload: that of its ``step.failed``.
    """
    error = payload["error"]
    detail = error.get("detail", "") if payload["action"] == "tool" else ""
    return one_line(f"{error['title']}: {detail}" if detail else str(error["title"]), 240)


def _because(payload: Mapping[str, Any]) -> str:
    return f": {one_line(payload['reason'])}" if payload["reason"] else ""


def is_left_out(completed: Mapping[str, Any]) -> bool:
    """Whether a step that has ended is one of a workflow whose condition did not hold: nothing was done.

    Args:
        completed: the payload of its ``step.completed``.
    """
    result = completed.get("result")
    return completed["action"] == "step" and isinstance(result, Mapping) and result.get("status") == "skipped"


def brief_step(started: Mapping[str, Any]) -> str:
    """What a step does, on one line: a call's arguments, or ``agent reviewer`` for a step of a workflow.

    Args:
        started: the payload of its ``step.started``.
    """
    arguments: Mapping[str, Any] = started["arguments"]
    if started["action"] != "step":
        return brief_arguments(arguments)
    return one_line(" ".join(map(str, arguments.values())), 160)


def brief_arguments(arguments: Mapping[str, Any]) -> str:
    """A call's arguments on one line, long values cut: ``path=a.py query=TODO``."""
    parts = []
    for name, value in arguments.items():
        words = value if isinstance(value, str) else repr(value)
        parts.append(f"{name}={one_line(words, 48)}")
    return one_line(" ".join(parts), 160)
