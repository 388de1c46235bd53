"""What an event is in words, on one line."""

from __future__ import annotations

from typing import Any

import pytest

from paracle.app.domain.events import Event, Kind, describe


def words(kind: Kind, **payload: Any) -> str:
    return describe(Event("7f3kaaaaaa", 1, 1.0, kind, payload))


@pytest.mark.parametrize(
    ("action", "arguments", "said"),
    [
        ("step", {"kind": "agent", "target": "reviewer"}, "● review agent reviewer"),
        ("step", {"kind": "approval"}, "● review approval"),
        ("tool", {"path": "a.py", "query": "TODO"}, "● review path=a.py query=TODO"),
        ("setup", {}, "● review"),
    ],
)
def test_a_step_that_begins_says_what_it_does(action: str, arguments: dict[str, str], said: str) -> None:
    assert words(Kind.STEP_STARTED, step=1, action=action, name="review", arguments=arguments) == said


def test_a_call_that_does_not_fit_says_which_argument() -> None:
    error = {"title": "The arguments of write_file do not fit", "detail": "'text' is missing"}
    told = words(Kind.STEP_FAILED, step=1, action="tool", name="write_file", seconds=0.0, error=error)
    assert told == "✗ write_file The arguments of write_file do not fit: 'text' is missing"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("open", "⚠ api.example left alone for 30 s (breaker open)"),
        ("half-open", "↻ api.example tried once (breaker half-open)"),
        ("closed", "● api.example answers again (breaker closed)"),
    ],
)
def test_a_hosts_circuit_breaker_is_told_by_its_state(state: str, said: str) -> None:
    assert words(Kind.BREAKER, step=1, host="api.example", state=state, wait=30.0) == said


@pytest.mark.parametrize(
    ("halted", "reason", "said"),
    [
        (False, "depends on a, which failed", "○ b left out: depends on a, which failed"),
        (True, "not begun, since a failed", "○ b not begun, since a failed"),
    ],
)
def test_a_step_that_cannot_begin_says_why(halted: bool, reason: str, said: str) -> None:
    assert words(Kind.STEP_SKIPPED, key="b", name="b", reason=reason, halted=halted) == said


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [
        ("step", "skipped", "○ review left out: its condition is false"),
        ("step", "completed", "✓ review left out: its condition is false · 2.0 s"),
        ("tool", "skipped", "✓ review left out: its condition is false · 2.0 s"),
    ],
)
def test_a_step_that_was_left_out_is_not_told_as_done(action: str, status: str, said: str) -> None:
    ended = {"step": 1, "action": action, "name": "review", "seconds": 2.0, "result": {"status": status}}
    assert words(Kind.STEP_COMPLETED, **ended, summary="left out: its condition is false") == said
