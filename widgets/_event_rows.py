"""How one event looks in a log: its words, its time and the component class of its kind."""

from __future__ import annotations

from ..app.domain.events import Event, Kind, describe
from ._cells import clean

TIME_WIDTH = 7

CLASSES = {
    Kind.QUEUED: "run-log--quiet",
    Kind.TAKEN: "run-log--quiet",
    Kind.STARTED: "run-log--quiet",
    Kind.COMPLETED: "run-log--success",
    Kind.FAILED: "run-log--error",
    Kind.TERMINATED: "run-log--warning",
    Kind.INTERRUPTED: "run-log--warning",
    Kind.STEP_STARTED: "run-log--step",
    Kind.STEP_COMPLETED: "run-log--success",
    Kind.STEP_FAILED: "run-log--error",
    Kind.TEXT: "run-log--text",
    Kind.RETRIED: "run-log--warning",
    Kind.BREAKER: "run-log--warning",
    Kind.LOG: "run-log--quiet",
    Kind.STEP_SKIPPED: "run-log--quiet",
    Kind.COMMIT: "run-log--commit",
    Kind.PAUSED: "run-log--warning",
    Kind.RESUMED: "run-log--step",
    Kind.SAID: "run-log--step",
    Kind.MODEL: "run-log--step",
    Kind.COMMAND: "run-log--step",
    Kind.RAN: "run-log--step",
    Kind.ASKED: "run-log--warning",
    Kind.ANSWERED: "run-log--step",
}


def words_of(event: Event) -> str:
    """The event's line, safe to draw."""
    return clean(describe(event))


def class_of(event: Event) -> str:
    """The component class that colours the event."""
    if event.kind is Kind.LOG and event.payload["level"] == "warning":
        return "run-log--warning"
    # A kind that a newer version has recorded is drawn, and draws no attention.
    return CLASSES.get(event.kind, "run-log--quiet")


def stopwatch(seconds: float) -> str:
    """Time since the start in at most TIME_WIDTH cells: ``0:04.2``, ``1:02:09``, ``3 d 04 h``."""
    tenths = max(0, int(seconds * 10))
    whole = tenths // 10
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}.{tenths % 10}"
    if whole < 360_000:
        hours, rest = divmod(whole, 3600)
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    days, rest = divmod(whole, 86400)
    return f"{days} d {rest // 3600:02d}"
