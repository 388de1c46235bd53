"""Doing a run again from one of its steps: what was recorded before it is kept, the rest is new.

The new execution has a branch of its own, forked from the commit that the old one's branch was at before the
step; it holds all that was kept. The agent or the workflow is taken from the project's files as they are now,
so that what was mended counts. Nothing that is kept is done, asked or paid for again.

What is kept must still be true of the new run. A kept call or step that would now be asked for something else
ends the run with an error that names it. Other inputs are refused where something that is kept has read them:
a turn of a model, which was told all of them, or a step of a workflow that names one. Another model answers
from the first turn that is not kept.

Each call here may block, and may be made from any thread that runs no event loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..domain.errors import Conflict, NotFound
from ..domain.events import Event, Kind
from ..domain.executions import Execution
from ..domain.states import State
from ..domain.workflows import ResolvedWorkflow, Step
from . import jobs, runs, workflow_runs
from .jobs import Queued
from .runs import RunHandle
from .workspace import Workspace

if TYPE_CHECKING:
    from ..engine.origins import Record
    from ..engine.request import AnyRequest


def retry(workspace: Workspace, wanted: str, step: str = "") -> RunHandle:
    """Do an execution again from a step; from the first that failed or never ended where none is named.

    Args:
        step: a step of a workflow by its id, a turn as ``turn-3``, any step by its key or its number.

    Raises:
        NotFound: there is no such execution or step, or its agent or workflow is gone.
        Conflict: it is still at work, nothing of it failed, or its record keeps too little.
        ProjectError, UsageError, ModelError, NotTrusted: it cannot run as the project is now.
        StoreError: the account cannot be read or kept.
    """
    return retry_of(workspace, wanted, step).start()


def fork(
    workspace: Workspace,
    wanted: str,
    step: str,
    *,
    model: str = "",
    inputs: Mapping[str, Any] | None = None,
) -> RunHandle:
    """Go another way from a step of an execution, which stays as it is and may still be at work.

    Args:
        step: as for :func:`retry`.
        model: what answers from there on; of a workflow, where neither a step nor its agent names one.
        inputs: in the place of those that the execution had.

    Raises:
        NotFound, ProjectError, UsageError, ModelError, NotTrusted, StoreError: as :func:`retry`.
        Conflict: its record keeps too little, or what is kept has read other inputs.
    """
    return fork_of(workspace, wanted, step, model=model, inputs=inputs).start()


@dataclass(frozen=True, slots=True)
class Again:
    """A retry or a fork that can be, and has not begun."""

    workspace: Workspace
    request: AnyRequest

    def start(self) -> RunHandle:
        """Begin it in this process.

        Raises:
            UsageError, ModelError, NotFound, StoreError: it cannot begin.
        """
        engine, thread = self.workspace.engine()
        return runs.handle_of(self.workspace, thread.call(engine.start(self.request)))

    def queue(self) -> Queued:
        """Let it wait for a worker; see :func:`.jobs.enqueue`.

        Raises:
            UsageError, ModelError, NotFound, StoreError: it cannot be queued.
        """
        return jobs.enqueue(self.workspace, self.request)


def retry_of(workspace: Workspace, wanted: str, step: str = "") -> Again:
    """What :func:`retry` starts.

    Raises:
        NotFound, Conflict, ProjectError, UsageError, NotTrusted, StoreError: as :func:`retry`.
    """
    from ..engine.origins import record_of

    row = runs.find(workspace, wanted)
    if row.state.is_live:
        raise Conflict(
            f"{row.short} {row.state.predicate}",
            hint=f"stop it first, or go another way beside it: paracle runs fork {row.short} --from STEP",
        )
    record = record_of(workspace.store, row.id)
    key = key_of(record, step) if step else _failed(row, record)
    return Again(workspace, _request(workspace, row, record, key))


def fork_of(
    workspace: Workspace,
    wanted: str,
    step: str,
    *,
    model: str = "",
    inputs: Mapping[str, Any] | None = None,
) -> Again:
    """What :func:`fork` starts.

    Raises:
        NotFound, Conflict, ProjectError, UsageError, NotTrusted, StoreError: as :func:`fork`.
    """
    from ..engine.origins import record_of

    row = runs.find(workspace, wanted)
    record = record_of(workspace.store, row.id)
    return Again(workspace, _request(workspace, row, record, key_of(record, step), model, inputs or {}))


def key_of(record: Record, step: str) -> str:
    """The key of the step that a person names.

    Raises:
        NotFound: the record has none of that name.
    """
    begun = [event.payload for event in record.events if event.kind is Kind.STEP_STARTED]
    keys = [payload["key"] for payload in begun if "key" in payload]
    if step in keys:
        return step
    for payload in begun:
        # Of a turn that no model was asked for, only the calls are steps.
        if str(payload["step"]) == step or payload.get("key", "").startswith(f"{step}/"):
            return str(payload["key"])
    names = dict.fromkeys(key for key in keys if "/" not in key)
    raise NotFound(
        f"There is no step '{step}' in the record",
        hint=f"steps: {', '.join(names or keys) or 'none'}",
    )


def _failed(row: Execution, record: Record) -> str:
    from ..engine.failures import first_failed
    from ..engine.request import WorkflowRequest

    if row.state is State.COMPLETED:
        raise Conflict(
            f"Nothing of {row.short} has failed: it {row.state.predicate}",
            hint=f"name the step to do again from: paracle runs retry {row.short} --from STEP",
        )
    request = _recorded(row, record)
    spec = request.workflow.spec if isinstance(request, WorkflowRequest) else None
    key = first_failed(record.events, spec)
    if not key and row.state is State.INTERRUPTED:
        raise Conflict(
            f"{row.short} was cut off between two steps",
            hint=f"it can go on as it is: paracle runs resume {row.short}",
        )
    return key


def _recorded(row: Execution, record: Record) -> AnyRequest:
    from ..engine.request import read_request

    for event in record.events:
        if event.kind is Kind.QUEUED and "request" in event.payload:
            return read_request(event.payload["request"])
    raise Conflict(
        f"{row.short} cannot be done again from a step",
        detail="it was recorded by an earlier version of Paracle",
        hint="start a new run",
    )


def _request(
    workspace: Workspace,
    row: Execution,
    record: Record,
    before: str,
    model: str = "",
    inputs: Mapping[str, Any] | None = None,
) -> AnyRequest:
    from ..engine.origins import Origin
    from ..engine.request import RunRequest
    from .carried_work import refuse_untrusted_switches
    from .own_models import remember

    recorded = _recorded(row, record)
    if not record.base:
        raise Conflict(
            f"{row.short} never came to work: it {row.state.predicate}", hint="start a new run instead"
        )
    kept = record.before(before)
    given = {name: value for name, value in recorded.inputs.items() if value is not None} | dict(inputs or {})
    is_agent = isinstance(recorded, RunRequest)
    begins_anew = not is_agent or kept.next_turn == 1
    first = model if model and begins_anew else recorded.model
    is_recorded = first != model
    remember(workspace, model)
    request: AnyRequest
    if is_agent:
        request = runs.request_of(workspace, row.agent, given, model=first, recorded=is_recorded)
        refuse_untrusted_switches(workspace, kept.events, request.agent)
    else:
        request = workflow_runs.request_of(workspace, row.agent, given, model=first, recorded=is_recorded)
    changed = {name for name, value in request.inputs.items() if recorded.inputs.get(name) != value}
    if inputs:
        _refuse_read(request, kept.events, changed)
    return replace(request, origin=Origin(row.id, before, "" if begins_anew else model))


def _refuse_read(request: AnyRequest, kept: Iterable[Event], changed: set[str]) -> None:
    """Refuse inputs that something which is kept has read."""
    from ..engine.request import WorkflowRequest

    for event in kept:
        if event.kind is not Kind.STEP_STARTED:
            continue
        key, names = event.payload["key"], changed
        if isinstance(request, WorkflowRequest):
            key = _outermost(key)
            names = changed & _inputs_read(request.workflow, key, changed)
        elif event.payload["action"] != "model":
            names = set()  # Compared with what it asks for now, when the run comes to it.
        if names:
            raise Conflict(
                f"{key} has read {', '.join(sorted(names))}, and it is kept",
                detail="what it gave belongs to the inputs that it was given",
                hint=f"begin before it: --from {key}",
            )


def _outermost(key: str) -> str:
    """The id of the workflow's own step that a step belongs to."""
    for sign in "/[~":
        key = key.partition(sign)[0]
    return key


def _inputs_read(workflow: ResolvedWorkflow, identifier: str, asked: set[str]) -> set[str]:
    """Which of some inputs a step names in any of its templates; all of them where that cannot be told."""
    step = next((step for step in workflow.spec.steps if step.id == identifier), None)
    found: set[str] = set()
    for path in _names(step) if step is not None else ():
        if path[0] == "inputs":
            found |= {path[1]} if len(path) > 1 else asked
    return found


def _names(step: Step) -> Iterable[tuple[str, ...]]:
    from ..domain.workflow_expressions import has_marks, read

    data = step.model_dump(mode="json", by_alias=True)
    for name in ("when", "for_each"):
        if text := data.pop(name):
            yield from (reference.path for reference in read(str(text), is_expression=True).references)
    for text in _texts(data):
        if has_marks(text):
            yield from (reference.path for reference in read(text).references)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
