"""Agents as every face shows them: the list, one in full with the place of every value, a new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..domain.agents import AgentEntry, Origin, ResolvedAgent
from ..domain.specs import Action, Input
from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class SpecRow:
    """One value of a resolved spec. ``value`` is empty where nobody set one."""

    field: str
    value: str
    origin: str


def entries(workspace: Workspace) -> tuple[AgentEntry, ...]:
    """Every agent there is, own and built-in, those with errors too."""
    return workspace.project.agents()


def resolved(workspace: Workspace, name: str) -> ResolvedAgent:
    """One agent ready to run.

    Raises:
        NotFound: there is none of that name.
        ProjectError: its files have errors.
    """
    return workspace.project.agent(name)


def create(workspace: Workspace, name: str, from_: str | None) -> Path:
    """Write a spec of one's own, new or made from a named agent.

    Raises:
        UsageError: the folder is no project, or the name cannot be one.
        Conflict: there is an own agent of that name.
        NotFound: there is no agent ``from_``.
    """
    from ..project.scaffold import new_agent

    return new_agent(workspace.project, name, from_)


def spec_rows(agent: ResolvedAgent, root: Path) -> tuple[SpecRow, ...]:
    """A resolved spec as rows, each with the file and line that gave the value."""
    return tuple(SpecRow(field, value, place_of(agent, field, root)) for field, value in _flatten(agent))


def place_of(agent: ResolvedAgent, field: str, root: Path) -> str:
    """``file:line`` of a value, of what it is part of, or of its parts; ``default`` where no file gave it."""
    parts = [origin for name, origin in agent.origins.items() if name.startswith(f"{field}.")]
    origin = agent.origins.get(field) or (parts[0] if parts else None)
    while origin is None and "." in field:
        field = field.rpartition(".")[0]
        origin = agent.origins.get(field)
    return place(origin or Origin(None), root)


def place(origin: Origin, root: Path) -> str:
    """An origin, its file relative to the project where it is inside."""
    if origin.path is None:
        return "default"
    name = shown_path(origin.path, root)
    return f"{name}:{origin.line}" if origin.line else name


def shown_path(path: Path, root: Path) -> str:
    """A file's path as people read it: relative to the project, or the name of one that ships."""
    from ..project.names import BUILTIN

    for base, prefix in ((root, ""), (BUILTIN, "built-in/")):
        if path.is_relative_to(base):
            return prefix + str(path.relative_to(base))
    return str(path)


def document(agent: ResolvedAgent, root: Path) -> dict[str, Any]:
    """A resolved agent as plain JSON data."""
    return {
        "name": agent.name,
        "path": str(agent.path),
        "builtin": agent.builtin,
        "config_hash": agent.config_hash(),
        "chain": [str(path) for path in agent.chain],
        "spec": agent.spec.model_dump(mode="json", by_alias=True),
        "origins": {name: _origin_data(origin) for name, origin in agent.origins.items()},
        "instructions": agent.instructions,
        "problems": [problem.to_dict() for problem in agent.problems],
    }


def _origin_data(origin: Origin) -> dict[str, Any]:
    return {"path": str(origin.path) if origin.path else None, "line": origin.line}


def _flatten(agent: ResolvedAgent) -> Iterator[tuple[str, str]]:
    spec = agent.spec
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        if name == "name":
            continue
        if name in ("permissions", "budget"):
            for part in type(value).model_fields:
                yield f"{name}.{part}", _words(getattr(value, part))
        elif name == "inputs":
            yield from ((f"inputs.{key}", _input(declared)) for key, declared in spec.inputs.items())
        elif name == "playbook":
            numbered = enumerate(spec.playbook, 1)
            yield from ((f"playbook.{number}", _action(action)) for number, action in numbered)
        else:
            yield name, _words(value.ttl if name == "cache" and value is not None else value)


def _input(declared: Input) -> str:
    parts = [declared.type]
    if declared.required:
        parts.append("required")
    elif declared.default is not None:
        parts.append(f"default {_words(declared.default) or 'none'}")
    return ", ".join(parts) + (f": {declared.description}" if declared.description else "")


def _action(action: Action) -> str:
    parts = [f"{action.verb} {getattr(action, action.verb)}"]
    parts += [f"{name}={_words(value)}" for name, value in action.with_.items()]
    parts += [
        f"{word}: {value}"
        for word in ("template", "save", "when", "for_each")
        if (value := getattr(action, word))
    ]
    return " ".join("  ".join(parts).split("\n"))


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " ".join(_words(item) for item in value)
    if isinstance(value, Mapping):
        return " ".join(f"{name}={_words(item)}" for name, item in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
