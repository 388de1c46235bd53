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
