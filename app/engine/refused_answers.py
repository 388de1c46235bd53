"""Which answers of models ended their dialogue: those that could not be read or went in circles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..domain.events import Event, Kind
from .asking import WITHDRAWN
from .dialogue import GO_ON, MALFORMED_IN_A_ROW

_TURN = re.compile(r"(.*/|)turn-\d+(?:~\d+)?")
_LOOP = re.compile(r"((?:.*/|)turn-\d+)/loop")


def refused_answers(events: Iterable[Event]) -> set[str]:
    """The keys of the turns that have an answer and whose dialogue failed for it.

    To give them again would only let it fail again.

    Args:
        events: a record, in order.
    """
    keys: dict[int, str] = {}
    spoiled: dict[str, list[str]] = {}
    found: set[str] = set()
    for event in events:
        payload = event.payload
        if event.kind is Kind.STEP_STARTED and payload["action"] == "model":
            keys[payload["step"]] = payload.get("key", "")
        elif event.kind is Kind.STEP_COMPLETED and (turn := _TURN.fullmatch(keys.get(payload["step"], ""))):
            row = _go_on(spoiled.setdefault(turn[1], []), turn[0], payload["result"])
            found.update(row if len(row) == MALFORMED_IN_A_ROW else ())
        elif event.kind is Kind.ANSWERED and (loop := _LOOP.fullmatch(payload["approval"])):
            found.update((loop[1],) if payload["answer"] not in (GO_ON, WITHDRAWN) else ())
    return found


def _go_on(row: list[str], key: str, answer: Mapping[str, Any]) -> list[str]:
    """The unreadable answers in a row, after one more answer; counted as the dialogue does."""
    if answer["malformed"]:
        row.append(key)
    elif answer["calls"]:
        row.clear()
    return row
