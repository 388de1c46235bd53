"""Events as tests write them, in few words."""

import time
from typing import Any

from paracle.app.domain.events import Draft, Kind

RUN = "aaaa000000"
"""An execution's id."""


def draft(kind: Kind, **payload: Any) -> Draft:
    """An event that happened now."""
    return Draft(kind, payload, time.time())


def queued(agent: str = "reviewer") -> Draft:
    """The first event of an execution."""
    return draft(Kind.QUEUED, agent=agent, task="", inputs={}, model="offline", config_hash="c0ffee")


def started() -> Draft:
    """The event that makes it run."""
    return draft(
        Kind.STARTED,
        model="offline",
        branch="exec/x/20260101_000000",
        base_commit="b" * 40,
        worktree="/nowhere",
        isolation="worktree",
    )


def step_started(step: int, name: str = "read_file") -> Draft:
    """An intent."""
    return draft(Kind.STEP_STARTED, step=step, action="tool", name=name, arguments={}, idempotent=True)


def step_completed(step: int, name: str = "read_file", tokens: int = 0) -> Draft:
    """A result."""
    usage = {"input_tokens": tokens, "output_tokens": 0, "cost_micro": 0} if tokens else None
    return draft(
        Kind.STEP_COMPLETED,
        step=step,
        action="tool",
        name=name,
        seconds=0.1,
        result=None,
        summary="done",
        usage=usage,
    )


def log_line(text: str) -> Draft:
    """A line of output."""
    return draft(Kind.LOG, level="info", text=text)


def completed(execution: str, answer: str = "done") -> Draft:
    """The end of a run that worked."""
    return draft(Kind.COMPLETED, receipt=receipt(execution, answer))


def receipt(execution: str, answer: str = "done") -> dict[str, Any]:
    """A receipt as plain data."""
    return {
        "execution": execution,
        "agent": "reviewer",
        "state": "completed",
        "config_hash": "c0ffee",
        "model": "offline",
        "offline": True,
        "inputs": {},
        "answer": answer,
        "seconds": 1.0,
        "steps": 1,
        "tool_calls": {"read_file": 1},
        "refused": 0,
        "usage": {"input_tokens": 0, "output_tokens": 0, "cost_micro": 0},
        "branch": "exec/x/20260101_000000",
        "base_commit": "b" * 40,
        "tip": "b" * 40,
        "commits": [],
        "files": [{"path": "REVIEW.md", "status": "A", "added": 3, "removed": 0}],
        "allowed": ["REVIEW.md"],
        "worktree": "",
        "error": None,
    }
