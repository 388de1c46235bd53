"""What a workflow promises against what there is: steps, what they call, their order, their permissions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from ..domain.errors import TemplateError, UsageError
from ..domain.problems import Problem
from ..domain.specs import Answer
from ..domain.workflow_expressions import read, statuses_read
from ..domain.workflow_graph import circles, fallbacks, never_run, starts_after, upstream
from ..domain.workflow_types import APPROVAL, SCRIPT, Signature, Type, output_type
from ..domain.workflows import Step, WorkflowSpec
from .source import finding
from .validate import nearest
from .workflow_file import WorkflowSource
from .workflow_values import Known, check_outputs, check_step, given_by

_WRITERS = frozenset({"write_file", "edit_file"})


class Callees(Protocol):
    """What steps can call."""

    def names(self, kind: str) -> Sequence[str] | None:
        """The names of all agents, tools or workflows; None where they are not known."""

    def signature(self, kind: str, name: str) -> Signature | None:
        """What one of them takes and gives; None where that cannot be told."""

    def is_broken(self, kind: str, name: str) -> bool:
        """Whether it is there and has errors of its own."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome: what is known of the workflow, and what is wrong with it."""

    known: Known
    problems: tuple[Problem, ...]


def check(source: WorkflowSource, spec: WorkflowSpec, callees: Callees) -> Checked:
    """Find everything that is wrong with a workflow, without running any of it."""
    problems = [*_ids(source, spec), *_graph(source, spec), *_permissions(source, spec)]
    signatures = [_signature(step, callees) for step in spec.steps]
    declared = []
    for number, step in enumerate(spec.steps):
        problems += _callee(source, number, step, callees)
        found, wrong = _declared(source, number, step)
        declared.append(found)
        problems += wrong
    gives = {
        step.id: given_by(step, signature, own)
        for step, signature, own in zip(spec.steps, signatures, declared, strict=True)
    }
    stands_in = {step.id: step.fallback for step in spec.steps if step.fallback is not None}
    known = Known(source, spec, gives, _settled(spec), stands_in)
    for number, signature in enumerate(signatures):
        problems += check_step(known, number, signature)
    problems += check_outputs(known)
    return Checked(known, tuple(problems))


def _signature(step: Step, callees: Callees) -> Signature | None:
    if step.kind == "approval":
        return APPROVAL
    if step.kind == "script":
        return SCRIPT
    return callees.signature(step.kind, step.target)


def _ids(source: WorkflowSource, spec: WorkflowSpec) -> Iterator[Problem]:
    ids = {step.id for step in spec.steps} | source.unread
    first: dict[str, int] = {}
    for number, step in enumerate(spec.steps):
        node = source.step_node(number, "id")
        if step.id in first:
            line = source.step_node(first[step.id], "id").line
            message = f"there are two steps '{step.id}' (first on line {line})"
            yield source.problem(node, message, "give one of them another id")
        first.setdefault(step.id, number)
        for at, name in enumerate(step.depends_on):
            where = source.step_node(number, "depends_on", at)
            if name == step.id:
                yield source.problem(where, f"'{name}' depends on itself", "take it out of depends_on")
            elif name not in ids:
                yield source.problem(where, f"there is no step '{name}'", nearest(name, sorted(ids)))


def _graph(source: WorkflowSource, spec: WorkflowSpec) -> Iterator[Problem]:
    numbers = {step.id: number for number, step in reversed(list(enumerate(spec.steps)))}
    needs = {step.id: tuple(name for name in step.depends_on if name in numbers) for step in spec.steps}
    before = upstream(needs)
    wrong: set[str] = set()
    for number, step in enumerate(spec.steps):
        if step.fallback is None:
            continue
        found = _fallback_fault(step, step.fallback, {*numbers, *source.unread}, before)
        if found is not None:
            wrong.add(step.fallback)
            yield source.problem(source.step_node(number, "on_error"), *found)
    alone = {id: tuple(name for name in names if name != id) for id, names in needs.items()}
    after = {
        id: alone[id] if id in wrong else tuple(name for name in names if name != id)
        for id, names in starts_after(spec.steps).items()
    }
    for circle in circles(after):
        node = source.step_node(numbers[circle[0]], "depends_on" if needs[circle[0]] else "id")
        message = f"steps wait for each other in a circle: {' → '.join(circle)}"
        yield source.problem(node, message, f"take '{circle[1]}' out of what '{circle[0]}' waits for")
    yield from _unreachable(source, spec, numbers)


def _fallback_fault(
    step: Step, fallback: str, ids: Set[str], before: dict[str, frozenset[str]]
) -> tuple[str, str] | None:
    if fallback == step.id:
        return f"'{fallback}' is its own fallback", "use 'retry' to try the same step again"
    if fallback not in ids:
        hint = nearest(fallback, sorted(ids - {step.id}), f"add a step '{fallback}'")
        return f"there is no step '{fallback}' to fall back to", hint
    if step.id in before.get(fallback, ()):
        message = f"the fallback '{fallback}' depends on '{step.id}', which has failed when it is needed"
        return message, f"take '{step.id}' out of what '{fallback}' depends on"
    return None


def _unreachable(source: WorkflowSource, spec: WorkflowSpec, numbers: dict[str, int]) -> Iterator[Problem]:
    never = {step.id for step in spec.steps if step.when is not None and _constant(step.when) is False}
    reads = {step.id: _statuses(step.when) for step in spec.steps if step.when is not None}
    for id in never:
        node = source.step_node(numbers[id], "when")
        message, hint = f"'{id}' can never run: its 'when' is always false", "remove the step or its 'when'"
        yield finding(source.path, message, hint, line=node.line, column=node.column, warning=True)
    stands_for = fallbacks(spec.steps)
    for id, cause in never_run(spec.steps, never, reads).items():
        if cause in stands_for.get(id, ()):
            message = f"'{id}' can never run: it is only the fallback of '{cause}', which never runs"
        else:
            message = f"'{id}' can never run: it is behind '{cause}', which never runs"
        yield source.problem(source.step_node(numbers[id], "id"), message, f"remove it, or mend '{cause}'")


def _constant(expression: str) -> bool | None:
    try:
        return read(expression, True).constant
    except TemplateError:
        return None


def _statuses(expression: str) -> frozenset[str]:
    try:
        return statuses_read(expression)
    except TemplateError:
        return frozenset()


def _settled(spec: WorkflowSpec) -> dict[str, frozenset[str]]:
    """For each step those that are sure to be settled when it starts.

    A fallback starts after the step that failed, and so after all that this one waited for.
    """
    needs = {step.id: tuple(step.depends_on) for step in spec.steps}
    known = {id: tuple(name for name in names if name in needs) for id, names in needs.items()}
    before = upstream(known)
    more: dict[str, frozenset[str]] = {}
    for id, owners in fallbacks(spec.steps).items():
        if id in before:
            more[id] = frozenset.intersection(*(before[owner] | {owner} for owner in owners))
    return {
        id: names.union(*(extra for late, extra in more.items() if late == id or late in names))
        for id, names in before.items()
    }


def _callee(source: WorkflowSource, number: int, step: Step, callees: Callees) -> Iterator[Problem]:
    if not step.target:
        return
    names = callees.names(step.kind)
    node = source.step_node(number, step.kind)
    if names is not None and step.target not in names:
        otherwise = {
            "agent": f"write it: paracle agents new {step.target}",
            "workflow": f"write .parac/workflows/{step.target}.yaml",
        }.get(step.kind, "")
        hint = nearest(step.target, names, otherwise)
        yield source.problem(node, f"there is no {step.kind} '{step.target}'", hint)
    elif callees.is_broken(step.kind, step.target):
        look = "agents show" if step.kind == "agent" else "workflow validate"
        hint = f"paracle {look} {step.target}"
        yield source.problem(node, f"the {step.kind} '{step.target}' has errors of its own", hint)


def _declared(source: WorkflowSource, number: int, step: Step) -> tuple[dict[str, Type], list[Problem]]:
    found: dict[str, Type] = {}
    problems = []
    for name, written in step.outputs.items():
        try:
            found[name] = output_type(written)
        except UsageError as error:
            found[name] = None
            node = source.step_node(number, "outputs", name)
            problems.append(source.problem(node, error.title, error.hint))
    return found, problems


def _permissions(source: WorkflowSource, spec: WorkflowSpec) -> Iterator[Problem]:
    for number, step in enumerate(spec.steps):
        if step.tool in _WRITERS and not spec.permissions.write:
            node = source.step_node(number, "tool")
            message = f"'{step.tool}' writes files, but the workflow's permissions name none"
            yield source.problem(node, message, "add 'permissions: {write: [\"PATH\"]}' to the workflow")
        if (step.run is not None or step.tool == "run_command") and spec.permissions.shell is Answer.DENY:
            node = source.step_node(number, "run" if step.run is not None else "tool")
            message = "it runs a command, which the workflow's permissions deny"
            yield source.problem(node, message, "add 'permissions: {shell: ask}' to the workflow")
