"""Before an execution begins: hooks may refuse it, or change its inputs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..domain.errors import UsageError
from ..domain.events import Draft, Kind
from ..domain.inputs import bind_inputs
from ..domain.occasions import Decision
from ..domain.words import one_line
from .hooks import HookRegistry, Hooks
from .request import AnyRequest, RunRequest


@dataclass(frozen=True, slots=True)
class Admitted:
    """What may begin. ``marks`` belong to its first event, ``told`` right behind it in its account."""

    request: AnyRequest
    marks: Mapping[str, Any]
    told: tuple[Draft, ...]


async def admit(request: AnyRequest, registry: HookRegistry, execution: str) -> Admitted:
    """Ask the hooks before an execution.

    Args:
        execution: the id that it is about to get.

    Raises:
        Vetoed: one of them said no.
    """
    notes: list[str] = []
    hooks = hooks_of(request, registry, execution, notes.append)
    if not hooks.at("execution.before"):
        return Admitted(request, {}, ())
    decision = await hooks.before(hooks.occasion("execution", request.name, request.inputs))
    if decision.veto is not None:
        raise decision.refusal("execution")
    marks: Mapping[str, Any] = {}
    if decision.has_changed:
        try:
            request = _changed(request, decision)
            marks = decision.marks
        except UsageError as error:
            by = ", ".join(decision.by)
            notes.append(f"What a hook made of the inputs ({by}) was left: {one_line(str(error), 200)}")
    now = time.time()
    told = tuple(Draft(Kind.LOG, {"level": "warning", "text": note}, now) for note in notes)
    return Admitted(request, marks, told)


def hooks_of(
    request: AnyRequest, registry: HookRegistry, execution: str, warn: Callable[[str], None]
) -> Hooks:
    """The hooks of what is asked for."""
    is_agent = isinstance(request, RunRequest)
    return Hooks(
        request.preparation.hooks,
        registry,
        request.folder,
        warn,
        execution=execution,
        agent=request.name if is_agent else "",
        workflow="" if is_agent else request.name,
    )


def _changed(request: AnyRequest, decision: Decision) -> AnyRequest:
    """The request with other inputs.

    Raises:
        UsageError: they do not fit, or what the execution takes over belongs to those that it had.
    """
    if request.origin is not None:
        raise UsageError("what is taken over from another execution belongs to the inputs that it had")
    spec = request.agent.spec if isinstance(request, RunRequest) else request.workflow.spec
    declared = {name: (one.parsed, one.required, one.default) for name, one in spec.inputs.items()}
    given = {name: value for name, value in decision.arguments.items() if value is not None}
    return replace(request, inputs=bind_inputs(declared, given))
