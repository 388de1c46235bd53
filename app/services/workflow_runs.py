"""Running workflows; what comes of a run is read as for any execution, in :mod:`.runs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..domain.agents import ResolvedAgent
from ..domain.inputs import bind_inputs
from ..domain.workflows import ResolvedWorkflow
from . import workflows
from .runs import OFFLINE, RunHandle, handle_of
from .workspace import Workspace

if TYPE_CHECKING:
    from ..engine.request import WorkflowRequest
    from ..project.project import Project
    from ..project.workflow_catalogue import WorkflowCatalogue


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
        NotTrusted: it carries commands, and the project is not trusted.
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
    recorded: bool = False,
) -> WorkflowRequest:
    """What a run of a workflow is asked to do, read from the project's files as they are now.

    Args:
        recorded: ``model`` was read from a record, and is no choice of a person.

    Raises:
        NotFound, ProjectError, UsageError, NotTrusted: as :func:`start`.
    """
    from ..engine.request import WorkflowRequest
    from .carried_work import refuse_untrusted
    from .own_models import foreign
    from .trust import preparation

    project = workspace.project
    found = workflows.catalogue(project)
    workflow = found.workflow(name)
    declared = {key: (spec.parsed, spec.required, spec.default) for key, spec in workflow.spec.inputs.items()}
    called, agents = contents(project, found, workflow)
    everything = (workflow, *called.values())
    own = project.settings.model or OFFLINE
    unchosen = foreign(workspace, model, own, recorded=recorded)
    refuse_untrusted(workspace, everything, agents.values(), unchosen)
    return WorkflowRequest(
        workflow=workflow,
        agents=agents,
        workflows=called,
        inputs=bind_inputs(declared, inputs, task),
        model=model or own,
        folder=project.root,
        variables=project.variables(),
        with_changes=with_changes,
        preparation=preparation(workspace),
    )


def contents(
    project: Project, found: WorkflowCatalogue, workflow: ResolvedWorkflow
) -> tuple[dict[str, ResolvedWorkflow], dict[str, ResolvedAgent]]:
    """The workflows that a workflow calls, and the agents of all of them, by name.

    Raises:
        NotFound, ProjectError: one is missing, or has errors.
    """
    called = {one.name: one for one in _called(found, workflow, set())}
    names = dict.fromkeys(
        step.agent for one in (workflow, *called.values()) for step in one.spec.steps if step.agent
    )
    return called, {agent: _without_default_model(project.agent(agent)) for agent in names}


def _without_default_model(agent: ResolvedAgent) -> ResolvedAgent:
    """An agent that names a model or has none: the run's own model, which a person may name, answers then.

    Resolving an agent fills the project's default in, which would otherwise stand before that.
    """
    if agent.origin("model").path in agent.chain:
        return agent
    return replace(agent, spec=agent.spec.model_copy(update={"model": None}))


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
