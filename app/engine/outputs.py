"""What an agent gives by name, besides its words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..domain.agents import ResolvedAgent
from ..domain.conversation import Turn
from ..domain.errors import ParacleError, UsageError
from ..domain.inputs import coerce
from ..domain.words import one_line
from ..domain.workflow_types import Type, output_type

_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)


class WrongOutput(ParacleError):
    """An agent did not give what it declares."""

    code = "wrong_output"


def outputs_of(agent: ResolvedAgent, turn: Turn, also: Mapping[str, str]) -> dict[str, Any]:
    """The declared outputs of an agent's last turn.

    A playbook gives what it has saved under their names; a language model a JSON object, alone or in a fenced
    block of its answer.

    Args:
        also: name → type of what the step declares besides.

    Raises:
        WrongOutput: one is missing, or does not fit its type.
    """
    declared = {**agent.spec.output, **also}
    declared.pop("answer", None)
    if not declared:
        return {}
    given = dict(turn.outputs) or _written(turn.text)
    missing = [name for name in declared if name not in given]
    if missing:
        raise WrongOutput(
            f"{agent.name} did not give {', '.join(missing)}",
            detail=f"its answer: {one_line(turn.text, 120)}",
            hint="a playbook saves it under that name; a language model answers with a JSON object",
        )
    return {name: _fitting(agent, name, written, given[name]) for name, written in declared.items()}


def _fitting(agent: ResolvedAgent, name: str, written: str, value: Any) -> Any:
    kind: Type = output_type(written)
    if kind is None or kind.scalar == "any":
        if kind is not None and not isinstance(value, list):
            raise _wrong(agent, name, written, value)
        return value
    try:
        return coerce(name, kind, value)
    except UsageError:
        raise _wrong(agent, name, written, value) from None


def _wrong(agent: ResolvedAgent, name: str, written: str, value: Any) -> WrongOutput:
    return WrongOutput(
        f"{agent.name} gave a {name} that is no {written}",
        detail=one_line(json.dumps(value, default=str), 120),
    )


def _written(text: str) -> dict[str, Any]:
    """The JSON object in an answer: the last fenced block that is one, else the whole text."""
    for candidate in (*reversed(_FENCED.findall(text)), text):
        try:
            value = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(value, dict):
            return value
    return {}
