"""A model's answer as plain data, as a step records it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.conversation import Malformed, ToolCall, Turn


def turn_value(turn: Turn) -> dict[str, Any]:
    """One answer of a model as plain JSON data, without the results of its calls."""
    return {
        "text": turn.text,
        "calls": [{"id": one.id, "name": one.name, "arguments": dict(one.arguments)} for one in turn.calls],
        "malformed": [{"raw": one.raw, "reason": one.reason} for one in turn.malformed],
        "outputs": dict(turn.outputs),
    }


def turn_of(value: Mapping[str, Any]) -> Turn:
    """Read what :func:`turn_value` wrote."""
    return Turn(
        value["text"],
        tuple(ToolCall(call["id"], call["name"], call["arguments"]) for call in value["calls"]),
        (),
        tuple(Malformed(one["raw"], one["reason"]) for one in value["malformed"]),
        value.get("outputs", {}),
    )
