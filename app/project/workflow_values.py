"""The templates and values of a workflow's steps: names that exist, and types that fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..domain.errors import TemplateError, UsageError
from ..domain.inputs import InputType, coerce
from ..domain.problems import Problem
from ..domain.workflow_expressions import Reading, Reference, has_marks, names_of, read
from ..domain.workflow_types import TEXT, Signature, Type, fits, item_type, list_of, mend
from ..domain.workflows import Step, WorkflowSpec
from .validate import nearest
from .workflow_file import WorkflowSource
from .yamldoc import Node

PROJECT = ("name", "description", "version")
_ROOTS = ("inputs", "steps", "project")
_ABOUT = ("outputs", "status")


@dataclass(frozen=True, slots=True)
class Known:
    """What the expressions of one workflow can name.

    Attributes:
        gives: for each step what it gives, ``None`` where that cannot be told.
        upstream: for each step those that are sure to be settled before it starts.
        stands_in: for each step that has one its fallback.
    """

    source: WorkflowSource
    spec: WorkflowSpec
    gives: Mapping[str, Mapping[str, Type] | None]
    upstream: Mapping[str, frozenset[str]]
    stands_in: Mapping[str, str]

    @property
    def step_ids(self) -> list[str]:
        """All ids, those of steps with errors too."""
        return [*self.gives, *sorted(self.source.unread)]

    def input_type(self, name: str) -> Type:
        """The type of an input of the workflow."""
        declared = self.spec.inputs.get(name)
        return declared.parsed if declared is not None else TEXT if name == "task" else None


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression stands: in a step, or (``step`` None) among the workflow's outputs."""

    known: Known
    step: Step | None = None
    item: Type = None
    has_item: bool = False

    def type_of(self, reference: Reference) -> Type:
        """The type of what a reference names, None where it is not known."""
        match reference.path:
            case ("inputs", name):
                return self.known.input_type(name)
            case ("project", _) | ("steps", _, "status"):
                return TEXT
            case ("steps", id, "outputs", name):
                return (self.known.gives.get(id) or {}).get(name)
            case ("item",):
                return self.item if self.has_item else None
        return None

    def type(self, reading: Reading) -> Type:
        """The type of a whole template."""
        return reading.type or (self.type_of(reading.pure) if reading.pure is not None else None)


def check_step(known: Known, number: int, signature: Signature | None) -> Iterator[Problem]:
    """What is wrong with the expressions and values of one step."""
    step = known.spec.steps[number]
    outer = Scope(known, step)
    yield from _text(outer, number, step.when, True, "when")
    yield from _text(outer, number, step.for_each, True, "for_each")
    scope = outer
    if step.for_each is not None:
        of = _type_of(outer, step.for_each)
        if of is not None and not of.is_list:
            node = known.source.step_node(number, "for_each")
            message = f"'for_each' needs a list, and this is {_a(of)}"
            yield known.source.problem(node, message, "give it a list, such as '{{ inputs.paths }}'")
        item = item_type(of) if step.batch_size is None else of
        scope = Scope(known, step, item, has_item=True)
    yield from _text(scope, number, step.approval, False, "approval")
    yield from _text(scope, number, step.key, False, "key")
    for key, values in (("inputs", step.inputs), ("with", step.with_), ("env", step.env)):
        for name, value in values.items():
            yield from _leaves(scope, value, ("steps", known.source.numbers[number], key, name))
    if signature is not None:
        yield from _check_values(scope, number, signature)


def check_outputs(known: Known) -> Iterator[Problem]:
    """What is wrong with the outputs of the workflow."""
    for name, value in known.spec.outputs.items():
        yield from _leaves(Scope(known), value, ("outputs", name))


def output_types(known: Known) -> dict[str, Type]:
    """The types of the workflow's outputs as far as they can be told."""
    scope = Scope(known)
    return {
        name: _type_of(scope, value, False) if isinstance(value, str) else None
        for name, value in known.spec.outputs.items()
    }


def given_by(
    step: Step, signature: Signature | None, declared: Mapping[str, Type]
) -> Mapping[str, Type] | None:
    """What a step gives: what it calls gives and what it declares itself; lists where it is repeated."""
    if signature is None:
        return None
    gives = {**signature.outputs, **declared}
    return {name: list_of(of) for name, of in gives.items()} if step.for_each is not None else gives


def _type_of(scope: Scope, text: str, is_expression: bool = True) -> Type:
    try:
        return scope.type(read(text, is_expression))
    except TemplateError:
        return None


def _text(scope: Scope, number: int, text: str | None, is_expression: bool, key: str) -> Iterator[Problem]:
    if text is not None:
        place = ("steps", scope.known.source.numbers[number], key)
        yield from _template(scope, text, scope.known.source.node(*place), is_expression)


def _leaves(scope: Scope, value: Any, place: tuple[str | int, ...]) -> Iterator[Problem]:
    """The problems of every text in nested data."""
    match value:
        case str() if has_marks(value):
            yield from _template(scope, value, scope.known.source.node(*place), False)
        case Mapping():
            for key, below in value.items():
                yield from _leaves(scope, below, (*place, key))
        case list() | tuple():
            for at, below in enumerate(value):
                yield from _leaves(scope, below, (*place, at))


def _template(scope: Scope, text: str, node: Node, is_expression: bool) -> Iterator[Problem]:
    source = scope.known.source
    try:
        reading = read(text, is_expression)
    except TemplateError as error:
        reason = error.detail.partition(": ")[2]
        message = error.title[:1].lower() + error.title[1:] + (f": {reason}" if reason else "")
        yield source.problem(_line(node, error.line), message, error.hint)
        return
    for kind, name, line in reading.unknown:
        yield source.problem(_line(node, line), f"there is no {kind} '{name}'", nearest(name, names_of(kind)))
    for reference in reading.references:
        found = _fault(scope, reference)
        if found is not None:
            yield source.problem(_line(node, reference.line), *found)


def _line(node: Node, line: int) -> Node:
    """The place of a line within the text of a node."""
    first = node.text_line or node.line
    return Node(None, first + max(line - 1, 0), node.column if first == node.line and line <= 1 else 0)


def _fault(scope: Scope, reference: Reference) -> tuple[str, str] | None:
    """What is wrong with a reference, and the mend."""
    root, *rest = reference.path
    match root:
        case "inputs":
            declared = [*scope.known.spec.inputs, "task"]
            if rest and rest[0] not in declared:
                about = f"the workflow has no input '{rest[0]}'"
                return about, nearest(
                    rest[0], declared, f"declare it: 'inputs: {{{rest[0]}: {{type: text}}}}'"
                )
        case "project":
            if rest and rest[0] not in PROJECT:
                return f"a project has no '{rest[0]}'", nearest(rest[0], PROJECT)
        case "steps":
            return _step_fault(scope, reference, rest)
        case "item":
            if not scope.has_item:
                return "there is no 'item' here", "it belongs to a step with 'for_each'"
        case _:
            return _unknown(scope, root)
    return None


def _unknown(scope: Scope, root: str) -> tuple[str, str]:
    about = f"nothing is called '{root}' here"
    if root in scope.known.step_ids:
        return about, f"write 'steps.{root}.outputs.…'"
    if root in scope.known.spec.inputs or root == "task":
        return about, f"write 'inputs.{root}'"
    return about, nearest(root, [*_ROOTS, "item"] if scope.has_item else _ROOTS)


def _step_fault(scope: Scope, reference: Reference, rest: Sequence[str]) -> tuple[str, str] | None:
    known, own = scope.known, scope.step
    if not rest:
        return "'steps' needs the id of a step behind it", "write 'steps.ID.outputs.NAME'"
    id = rest[0]
    if id not in known.step_ids:
        return f"there is no step '{id}'", nearest(id, known.step_ids)
    if own is not None and id == own.id:
        return f"'{id}' uses what it gives itself", "name a step that comes before it"
    if own is not None and id not in known.upstream.get(own.id, ()) and not known.source.unread:
        return _not_before(known, own, id)
    if len(rest) < 2 or rest[1] not in _ABOUT:
        said = f"a step has no '{rest[1]}'" if len(rest) > 1 else f"'steps.{id}' is no value"
        return said, f"write 'steps.{id}.outputs.NAME' or 'steps.{id}.status'"
    if rest[1] == "outputs" and len(rest) > 2:
        return _output_fault(known, id, rest[2])
    return None


def _not_before(known: Known, own: Step, id: str) -> tuple[str, str]:
    message = f"'{own.id}' uses the step '{id}', which need not be done before it"
    replaced = [step for step, fallback in known.stands_in.items() if fallback == id]
    for step in replaced:
        if step in known.upstream.get(own.id, ()):
            return message, f"write 'steps.{step}': what its fallback '{id}' gives stands for it"
    return message, f"add '{id}' to depends_on"


def _output_fault(known: Known, id: str, name: str) -> tuple[str, str] | None:
    for step in dict.fromkeys((id, known.stands_in.get(id, id))):
        gives = known.gives.get(step)
        if gives is not None and name not in gives:
            instead = "" if step == id else f", which stands in for '{id}',"
            otherwise = f"it gives {', '.join(gives)}" if gives else "declare it in the step's 'outputs'"
            return f"the step '{step}'{instead} has no output '{name}'", nearest(name, list(gives), otherwise)
    return None


def _check_values(scope: Scope, number: int, signature: Signature) -> Iterator[Problem]:
    """The values a step gives to what it calls."""
    step, source = scope.known.spec.steps[number], scope.known.source
    key = "with" if step.kind == "tool" else "inputs"
    what = f"the {step.kind} '{step.target}'"
    given = step.with_ if step.kind == "tool" else step.inputs
    for name, value in given.items():
        if name not in signature.inputs:
            node = source.step_node(number, key, name)
            at = Node(None, node.key_line or node.line, node.key_column or node.column)
            names = [one for one in signature.inputs if one != "task"] or list(signature.inputs)
            yield source.problem(at, f"{what} has no input '{name}'", nearest(name, names))
        else:
            place = ("steps", source.numbers[number], key, name)
            yield from _value(scope, name, value, signature.inputs[name], place)
    missing = [name for name in signature.required if name not in given]
    for name in sorted(missing):
        node = source.step_node(number, step.kind)
        yield source.problem(node, f"{what} needs the input '{name}'", f"add it: '{key}: {{{name}: …}}'")


def _value(
    scope: Scope, name: str, value: Any, wanted: Type, place: tuple[str | int, ...]
) -> Iterator[Problem]:
    if wanted is None:
        return
    if isinstance(value, str) and has_marks(value):
        given = _type_of(scope, value, False)
        if not fits(given, wanted):
            about = f"'{name}' must be {_a(wanted)}, and this is {_a(given)}"
            yield scope.known.source.problem(scope.known.source.node(*place), about, mend(given, wanted))
    elif isinstance(value, list) and wanted.is_list:
        for at, one in enumerate(value):
            yield from _value(scope, name, one, item_type(wanted), (*place, at))
    elif not _has_template(value):
        try:
            coerce(name, InputType("text", wanted.is_list) if wanted.scalar == "any" else wanted, value)
        except UsageError as error:
            words = error.title.replace("Input ", "", 1) + (f", {error.detail}" if error.detail else "")
            yield scope.known.source.problem(scope.known.source.node(*place), words, error.hint)


def _has_template(value: Any) -> bool:
    match value:
        case str():
            return has_marks(value)
        case Mapping():
            return any(map(_has_template, value.values()))
        case list() | tuple():
            return any(map(_has_template, value))
    return False


def _a(of: Type) -> str:
    """A type in words: ``a number``, ``a list of paths``, ``quick or deep``."""
    if of is None:
        return "anything"
    if of.choices:
        return " or ".join(of.choices)
    words = {"int": "whole number", "bool": "yes or no", "any": "value"}.get(of.scalar, of.scalar)
    if of.is_list:
        return f"a list of {words if of.scalar in ('text', 'bool') else words + 's'}"
    return words if of.scalar in ("text", "bool") else f"a {words}"
