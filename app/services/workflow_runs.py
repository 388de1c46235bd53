"""Running workflows; what comes of a run is read as for any execution, in :mod:`.runs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..domain.errors import PolicyRefused
from ..domain.executions import Execution
from ..domain.inputs import bind_inputs
from ..domain.workflows import ResolvedWorkflow
from . import workflows
from .runs import OFFLINE, RunHandle, handle_of
from .workspace import Workspace

if TYPE_CHECKING:
    from ..engine.request import WorkflowRequest
    from ..project.workflow_catalogue import WorkflowCatalogue


class NotTrusted(PolicyRefused):
    """The workflow carries scripts, and its user has not said that they may run."""

    code = "not_trusted"


def start(
    workspace: Workspace,
    name: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    task: str = "",
    model: str | None = None,
    with_changes: bool = False,
) -> RunHandle:
    """Run a workflow.

    Args:
        inputs: values, or text as it comes from a command line or a form.
        model: of the steps that name none and whose agents name none; else the project's.
        with_changes: begin with the user's files as they are, those in no commit included.

    Raises:
        NotFound: there is no such workflow.
        ProjectError: it, or an agent in it, has errors.
        UsageError: the inputs do not fit, or a model cannot be had.
        NotTrusted: it carries scripts, and the project is not trusted.
        StoreError: the account cannot be kept.
    """
    request = request_of(workspace, name, inputs or {}, task=task, model=model, with_changes=with_changes)
    engine, thread = workspace.engine()
    return handle_of(workspace, thread.call(engine.start(request)))


def request_of(
    workspace: Workspace,
    name: str,
    inputs: Mapping[str, Any],
    *,
    task: str = "",
    model: str | None = None,
    with_changes: bool = False,
) -> WorkflowRequest:
    """What a run of a workflow is asked to do, read from the project's files as they are now.

    Raises:
        NotFound, ProjectError, UsageError, NotTrusted: as :func:`start`.
    """
    from ..engine.request import WorkflowRequest
    from .trust import preparation

    project = workspace.project
    found = workflows.catalogue(project)
    workflow = found.workflow(name)
    called = {one.name: one for one in _called(found, workflow, set())}
    declared = {key: (spec.parsed, spec.required, spec.default) for key, spec in workflow.spec.inputs.items()}
    everything = (workflow, *called.values())
    _refuse_untrusted(workspace, everything)
    names = dict.fromkeys(step.agent for one in everything for step in one.spec.steps if step.agent)
    return WorkflowRequest(
        workflow=workflow,
        agents={agent: project.agent(agent) for agent in names},
        workflows=called,
        inputs=bind_inputs(declared, inputs, task),
        model=model or project.settings.model or OFFLINE,
        folder=project.root,
        variables=project.variables(),
        with_changes=with_changes,
        preparation=preparation(workspace),
    )


def refuse_untrusted_record(workspace: Workspace, row: Execution) -> None:
    """Refuse to go on with a workflow whose scripts the user does not trust as they are recorded.

    The record lies in the project's folder, and could say anything.

    Raises:
        NotTrusted: scripts of it are not trusted, or are not in the project's files any more.
    """
    from ..engine.request import WorkflowRequest, read_request

    (queued,) = workspace.store.events(row.id, limit=1)
    recorded = queued.payload.get("request")
    request = read_request(recorded) if recorded is not None else None
    if not isinstance(request, WorkflowRequest):
        return
    everything = (request.workflow, *request.workflows.values())
    anew = f"if the files hold others by now, start it anew: paracle workflow run {row.agent}"
    _refuse_untrusted(workspace, everything, anew)


def _called(
    found: WorkflowCatalogue, workflow: ResolvedWorkflow, seen: set[str]
) -> Iterator[ResolvedWorkflow]:
    """The workflows that a workflow calls, however deep, each once."""
    for step in workflow.spec.steps:
        if step.workflow is not None and step.workflow not in seen:
            seen.add(step.workflow)
            inner = found.workflow(step.workflow)
            yield inner
            yield from _called(found, inner, seen)


def _refuse_untrusted(
    workspace: Workspace, everything: tuple[ResolvedWorkflow, ...], otherwise: str = ""
) -> None:
    from .trust import HINT, untrusted_scripts

    steps = untrusted_scripts(workspace, (step for one in everything for step in one.spec.steps))
    if steps:
        raise NotTrusted(
            "The workflow runs scripts of the project, and nobody has said that they may run",
            detail=f"steps: {', '.join(steps)}",
            hint="; ".join(filter(None, (HINT, otherwise))),
        )
