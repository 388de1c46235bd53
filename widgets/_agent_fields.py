"""An agent's spec as rows of name, value and origin: the few that matter most, and all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..app.domain.agents import ResolvedAgent
from ..app.domain.specs import Action, Budget, Input
from ..app.domain.words import MICRO, count, plural, usd
from ._field_table import Field


def overview(agent: ResolvedAgent) -> tuple[Field, ...]:
    """What a person asks first: model, tools, what it may write, what it may cost, what it wants."""
    spec = agent.spec
    rows = [
        _row(agent, "model", "model", spec.model or "", "the project's"),
        _row(agent, "tools", "tools", "  ".join(spec.tools), "none"),
        _row(agent, "may write", "permissions.write", "  ".join(spec.permissions.write), "nothing"),
        _row(agent, "commands", "permissions.shell", str(spec.permissions.shell)),
        _row(agent, "network", "permissions.network", str(spec.permissions.network)),
        _row(agent, "budget", "budget", budget_words(spec.budget), "no limit"),
    ]
    if spec.extends:
        rows.insert(0, _row(agent, "extends", "extends", spec.extends))
    for name, declared in spec.inputs.items():
        rows.append(_row(agent, f"input {name}", f"inputs.{name}", input_words(declared)))
    if spec.playbook:
        rows.append(_row(agent, "playbook", "playbook", plural(len(spec.playbook), "action")))
    return tuple(rows)


def resolved(agent: ResolvedAgent) -> tuple[Field, ...]:
    """Every field of the spec, those nobody set included."""
    return tuple(
        Field(name, value or "not set", _origin(agent, name), quiet=not value)
        for name, value in _flatten(agent)
    )


def budget_words(budget: Budget) -> str:
    """A budget in one line, empty where nothing is limited."""
    parts = []
    if budget.usd is not None:
        parts.append(usd(round(budget.usd * MICRO)))
    if budget.tokens is not None:
        parts.append(f"{count(budget.tokens)} tokens")
    if budget.minutes is not None:
        parts.append(f"{budget.minutes:g} min")
    if budget.tool_calls is not None:
        parts.append(plural(budget.tool_calls, "tool call"))
    return " · ".join(parts)


def input_words(declared: Input) -> str:
    """An input's type, default and purpose in one line."""
    parts = [declared.type]
    if declared.required:
        parts.append("required")
    elif declared.default is not None:
        parts.append(f"default {_words(declared.default)}")
    if declared.description:
        parts.append(declared.description)
    return " · ".join(parts)


def action_words(action: Action) -> str:
    """A playbook's action in one line."""
    subject = getattr(action, action.verb)
    parts = [f"{action.verb} {subject}"]
    parts += [f"{name}={_words(value)}" for name, value in action.with_.items()]
    for word in ("template", "save", "when", "for_each"):
        value = getattr(action, word)
        if value:
            parts.append(f"· {word} {value}")
    return " ".join(parts)


def _row(agent: ResolvedAgent, name: str, field: str, value: str, otherwise: str = "not set") -> Field:
    return Field(name, value or otherwise, _origin(agent, field), quiet=not value)


def _origin(agent: ResolvedAgent, field: str) -> str:
    # An origin may be known for the whole ("budget") or only for a part ("budget.usd").
    parts = [origin for name, origin in agent.origins.items() if name.startswith(f"{field}.")]
    if field not in agent.origins and parts:
        return str(parts[0])
    while field and field not in agent.origins:
        field = field.rpartition(".")[0]
    return str(agent.origin(field))


def _flatten(agent: ResolvedAgent) -> Iterator[tuple[str, str]]:
    spec = agent.spec
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        if name == "playbook":
            for number, action in enumerate(spec.playbook, 1):
                yield f"playbook.{number}", action_words(action)
        elif name == "inputs":
            for key, declared in spec.inputs.items():
                yield f"inputs.{key}", input_words(declared)
        elif name in ("permissions", "budget"):
            for part in type(value).model_fields:
                yield f"{name}.{part}", _words(getattr(value, part))
        else:
            yield name, _words(value.ttl if name == "cache" and value is not None else value)


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "  ".join(_words(item) for item in value)
    if isinstance(value, Mapping):
        return "  ".join(f"{name}: {_words(item)}" for name, item in value.items())
    return str(value)
