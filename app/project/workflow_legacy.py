"""Workflows as the earlier Paracle wrote them, turned into what they mean today.

The older form gave an agent's step any values under any names; they become the step's ``task``, which every
agent takes. A bare model name was one of a service of that time: the agent's own model takes its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..domain.problems import Problem
from ..domain.workflows import Step, WorkflowSpec
from .source import finding
from .workflow_legacy_texts import (
    OldTexts,
    identifier,
    list_of,
    mapping_of,
    output_names,
    used_steps,
    written_id,
)
from .yamldoc import Node

_Children = dict[str | int, Node]
_STEP_KEYS = {
    "agent_name": "agent", "agent_id": "agent", "dependencies": "depends_on", "needs": "depends_on",
    "condition": "when", "if": "when", "timeout_seconds": "timeout",
}  # fmt: skip
_APPROVALS = ("requires_approval", "approval_required", "require_approval")
_WORDS = ("prompt", "task", "instruction", "instructions", "system_prompt")
_HANDLED = frozenset(
    {"id", "name", "config", "input", "inputs", "outputs", "output", "provider", "model", *_APPROVALS}
)
_RETRIES = frozenset({"retry", "retry_policy", "retries", "max_retries"})
_TOP_MARKS = frozenset(
    {"metadata", "spec", "schema_version", "config", "settings", "on_failure", "id", "triggers"}
)
_STEP_MARKS = frozenset(
    {"agent_name", "agent_id", "dependencies", "config", "prompt", "task", "input", "validation", *_APPROVALS}
)
_WRAPPERS = ("metadata", "spec", "config", "settings")
_TOP_WRAPPED = frozenset({"description", "version", "timeout", *_RETRIES})
_TYPES = {"array": "list[text]", "list": "list[text]", "object": "text", "dict": "text", "any": "text"}


@dataclass(frozen=True, slots=True)
class Modernised:
    """The file as it reads today, and the warning about its form."""

    root: Node
    problems: tuple[Problem, ...]


def modernised(root: Node, path: Path) -> Modernised | None:
    """A file of the older form in today's; None where it is not in the older form."""
    if not _is_old(root):
        return None
    top = _unwrapped(root)
    listed = top.get("steps") or top.get("tasks")
    steps = _listed(listed)
    reading = _Reading(OldTexts(steps), _retry(top.values_of(_RETRIES)))
    kept = _top_keys(top.children, reading)
    if listed is not None:
        items = [item for step in steps for item in reading.steps(step)]
        kept["steps"] = list_of(listed, _ordered_by_use(items))
    message = "it is a workflow of an earlier Paracle"
    if reading.left:
        message += f"; not used of it: {', '.join(list(reading.left)[:8])}"
    hint = "today's form: steps of {id, agent, depends_on, when, inputs: {task: …}, outputs: {name: type}}"
    problem = finding(path, message, hint, line=root.line, column=root.column, warning=True)
    return Modernised(mapping_of(root, kept), (problem,))


def _is_old(root: Node) -> bool:
    steps = root.get("steps")
    if _TOP_MARKS & set(root.data) or (steps is not None and isinstance(steps.data, Mapping)):
        return True
    return any(_is_old_step(step) for step in (steps.children.values() if steps is not None else ()))


def _is_old_step(step: Node) -> bool:
    if not isinstance(step.data, Mapping):
        return False
    outputs = step.get("outputs")
    return bool(_STEP_MARKS & set(step.data)) or (outputs is not None and isinstance(outputs.data, list))


@dataclass(frozen=True, slots=True)
class _Top:
    children: _Children

    def get(self, key: str) -> Node | None:
        return self.children.get(key)

    def values_of(self, keys: Iterable[str]) -> list[Node]:
        return [self.children[key] for key in keys if key in self.children]


def _unwrapped(root: Node) -> _Top:
    """The keys that count, whatever they were wrapped in; the outer one wins."""
    found: _Children = {key: node for key, node in root.children.items() if key not in _WRAPPERS}
    spec = root.get("spec")
    if spec is not None:
        found = {**_unwrapped(spec).children, **found}
    for wrapper in ("metadata", "config", "settings"):
        inner = root.get(wrapper)
        for key, node in inner.children.items() if inner is not None else ():
            if key in _TOP_WRAPPED:
                found.setdefault(key, node)
    return _Top(found)


def _top_keys(top: Mapping[str | int, Node], reading: _Reading) -> _Children:
    kept: _Children = {}
    for key, node in top.items():
        if key in ("name", "id", "steps", "tasks", *_RETRIES):
            continue  # a workflow has the name of its file; a title is no name
        if key == "inputs" and isinstance(node.data, Mapping):
            kept[key] = mapping_of(node, {name: _input(one) for name, one in node.children.items()})
        elif key == "outputs" and isinstance(node.data, Mapping):
            outputs = {name: reading.output(one) for name, one in node.children.items()}
            kept[key] = mapping_of(node, outputs)
        elif key in WorkflowSpec.model_fields:
            kept[key] = node
        else:
            reading.left[str(key)] = None
    return kept


def _input(node: Node) -> Node:
    """``{type: string, enum: [a, b], example: x}`` as ``{type: a|b}``; a bare value is a default."""
    if not isinstance(node.data, Mapping):
        return mapping_of(node, {"default": node}) if node.data is not None else node
    kept: _Children = {
        key: below for key, below in node.children.items() if key in ("description", "required")
    }
    default, written, choices = node.get("default"), node.get("type"), node.get("enum")
    if default is not None and not isinstance(default.data, Mapping):
        kept["default"] = default
    if choices is not None and isinstance(choices.data, list) and len(choices.data) > 1:
        kept["type"] = replace(choices, data="|".join(map(str, choices.data)), children={})
    elif written is not None:
        kept["type"] = replace(written, data=_TYPES.get(str(written.data), written.data))
    return mapping_of(node, kept)


@dataclass(slots=True)
class _Reading:
    """Translates the steps; ``left`` gathers the keys that have no meaning today."""

    texts: OldTexts
    retry: Node | None
    left: dict[str, None] = field(default_factory=dict)

    def output(self, node: Node) -> Node:
        """An output of the workflow: a template, or a mapping that holds it."""
        if isinstance(node.data, Mapping):
            inner = node.get("value") or node.get("source") or node.get("from")
            node = inner if inner is not None else replace(node, data="", children={})
        return self.texts.source(node)

    def steps(self, old: Node) -> list[Node]:
        """A step as it is today, behind an approval of its own where it asked for a person's word."""
        if not isinstance(old.data, Mapping):
            return [old]
        step = self._step(old)
        asks = [old.get(key) for key in _APPROVALS] + [old.get("validation", "must_approve")]
        asking = next((node for node in asks if node is not None and node.data is True), None)
        id = step.get("id")
        if asking is None or id is None:
            return [step]
        approval: _Children = {
            "id": _put(asking, f"approve_{id.data}"),
            "approval": _put(asking, f"May the step '{id.data}' run?"),
        }
        before = step.get("depends_on")
        if before is not None:
            approval["depends_on"] = before
        behind = {**step.children, "depends_on": _put(asking, f"approve_{id.data}")}
        return [mapping_of(old, approval), mapping_of(step, behind)]

    def _step(self, old: Node) -> Node:
        config = old.get("config")
        everything = {**(config.children if config is not None else {}), **old.children}
        kept: _Children = {}
        told: dict[str, Node] = {}
        for key, value in everything.items():
            modern = _STEP_KEYS.get(str(key), str(key))
            if key in _HANDLED or key in _RETRIES or (key == "validation" and old.get(key, "must_approve")):
                continue
            if key in _WORDS or (key == "tool" and "agent" in everything):
                told[str(key)] = value
            elif modern in Step.model_fields:
                kept[modern] = self.texts.node(value) if modern in ("when", "for_each") else value
            else:
                self.left[str(key)] = None
        self._add_names(kept, old)
        _add_model(kept, everything)
        values = old.get("inputs") or old.get("input")
        if "agent" in kept:
            self._add_task(kept, old, told, values)
            retry = _retry([everything[key] for key in _RETRIES if key in everything]) or self.retry
            if retry is not None:
                kept["retry"] = retry
        elif values is not None:
            kept["with" if "tool" in kept else "inputs"] = self.texts.node(values)
        return mapping_of(old, kept)

    def _add_names(self, kept: _Children, old: Node) -> None:
        written = written_id(old)
        if written is not None:
            kept["id"] = replace(written, data=identifier(str(written.data)))
        if "depends_on" in kept:
            kept["depends_on"] = self._ids(kept["depends_on"])
        outputs = old.get("outputs")
        if outputs is not None:
            kept["outputs"] = mapping_of(
                outputs, {name: _put(outputs, "any") for name in output_names(outputs)}
            )

    def _ids(self, node: Node) -> Node:
        if isinstance(node.data, list):
            return list_of(node, [self._ids(child) for child in node.children.values()])
        return replace(node, data=self.texts.id(str(node.data)))

    def _add_task(self, kept: _Children, old: Node, told: Mapping[str, Node], values: Node | None) -> None:
        """All that an agent was told, as one text."""
        lines = [str(told[word].data).strip() for word in _WORDS if word in told]
        about = old.get("description") or old.get("name")
        if not lines and about is not None:
            lines = [str(about.data).strip()]
        if "tool" in told:
            lines.append(f"Use the tool {told['tool'].data}.")
        given = values.children if values is not None and isinstance(values.data, Mapping) else {}
        if "task" in given and str(given["task"].data).strip() not in lines:
            lines.insert(0, str(given["task"].data))
        lines += [f"{key}: {_one_text(value.data)}" for key, value in given.items() if key != "task"]
        if lines:
            place = values or next(iter(told.values()), old)
            kept["inputs"] = mapping_of(place, {"task": self.texts.node(_put(place, "\n".join(lines)))})


def _add_model(kept: _Children, everything: Mapping[str | int, Node]) -> None:
    model, provider = everything.get("model"), everything.get("provider")
    if model is None or not isinstance(model.data, str):
        return
    if ":" in model.data or model.data == "offline":
        kept["model"] = model
    elif provider is not None:
        kept["model"] = replace(model, data=f"{provider.data}:{model.data}")


def _retry(written: list[Node]) -> Node | None:
    """How often a step is tried, out of a number or ``{max_attempts: 3, backoff: exponential}``."""
    for node in written:
        attempts = node.get("max_attempts") or node.get("attempts") or node.get("max_retries")
        counted = attempts if isinstance(node.data, Mapping) else node
        if counted is not None and isinstance(counted.data, int) and counted.data > 1:
            return _put(counted, min(int(counted.data), 20))
    return None


def _ordered_by_use(steps: list[Node]) -> list[Node]:
    """The steps, each also after the earlier ones whose outputs it uses: the order was the file's once."""
    earlier: list[str] = []
    found = []
    for step in steps:
        before, id = step.get("depends_on"), step.get("id")
        said = list(before.children.values()) or [before] if before is not None else []
        names = {str(node.data) for node in said}
        used = [name for name in used_steps(step) if name in earlier and name not in names]
        if used:
            place = before or step
            extra = [_put(place, name) for name in used]
            step = mapping_of(step, {**step.children, "depends_on": list_of(place, [*said, *extra])})
        found.append(step)
        if id is not None:
            earlier.append(str(id.data))
    return found


def _listed(node: Node | None) -> list[Node]:
    """The steps of a list, or of a mapping from id to step."""
    if node is None:
        return []
    if not isinstance(node.data, Mapping):
        return list(node.children.values())
    found = []
    for key, child in node.children.items():
        id = Node(key, child.key_line, child.key_column)
        named: _Children = {"id": id, **child.children}
        found.append(mapping_of(child, named) if isinstance(child.data, Mapping) else child)
    return found


def _one_text(value: Any) -> str:
    return ", ".join(map(_one_text, value)) if isinstance(value, list) else str(value)


def _put(place: Node, value: Any) -> Node:
    """A value of our own at the place of another."""
    return Node(value, place.line, place.column, place.key_line, place.key_column)
