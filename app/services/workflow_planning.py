"""From a workflow and its inputs to the plan of a run. Nothing runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..domain.agents import ResolvedAgent
from ..domain.inputs import bind_inputs
from ..domain.specs import Permissions
from ..domain.templates import expression
from ..domain.workflow_expressions import read
from ..domain.workflow_graph import fallbacks, levels, starts_after
from ..domain.workflow_plan import Limit, Plan, PlannedStep, Skip, total
from ..domain.workflows import ResolvedWorkflow, Step, WorkflowSpec
from ..project.project import Project
from ..project.workflow_catalogue import WorkflowCatalogue
from .carried_work import untrusted_parts
from .runs import OFFLINE
from .workflow_runs import contents
from .workflows import catalogue
from .workspace import Workspace

_FIXED = frozenset({"inputs", "project"})


def plan(workspace: Workspace, name: str, inputs: Mapping[str, Any], *, task: str = "") -> Plan:
    """What a run with these inputs would do, the most it may use, and what nobody has said may run.

    Raises:
        NotFound: there is none of that name.
        ProjectError: it has errors.
        UsageError: an input is missing, unknown or does not fit.
        TemplateError: a ``when`` or ``for_each`` that the inputs decide cannot be evaluated.
    """
    project, found = workspace.project, catalogue(workspace.project)
    planned = Planner(project, found).plan(name, inputs, task)
    workflow = found.workflow(name)
    called, agents = contents(project, found, workflow)
    model = project.settings.model or OFFLINE
    refused = untrusted_parts(workspace, (workflow, *called.values()), agents.values(), model)
    return replace(planned, untrusted=refused)


class Planner:
    """Plans the workflows of one reading of a project."""

    def __init__(self, project: Project, catalogue: WorkflowCatalogue) -> None:
        self._project = project
        self._catalogue = catalogue
        self._limits: dict[str, Limit] = {}

    def plan(self, name: str, inputs: Mapping[str, Any], task: str = "") -> Plan:
        """What a run would do; see :func:`plan`."""
        workflow = self._catalogue.workflow(name)
        spec = workflow.spec
        declared = {key: (one.parsed, one.required, one.default) for key, one in spec.inputs.items()}
        bound = bind_inputs(declared, inputs, task)
        return self._plan(workflow, bound)

    def _plan(self, workflow: ResolvedWorkflow, inputs: Mapping[str, Any] | None) -> Plan:
        spec = workflow.spec
        variables = {"inputs": inputs, **self._project.variables()} if inputs is not None else {}
        order = starts_after(spec.steps)
        rows = levels(order)
        steps: dict[str, PlannedStep] = {}
        for id in (id for row in rows for id in row):
            steps[id] = self._step(spec, spec.step(id), variables, steps)
        planned = tuple(steps[step.id] for step in spec.steps)
        whole = total(step.limit for step in planned)
        return Plan(
            workflow.name,
            inputs or {},
            rows,
            planned,
            spec.concurrency,
            whole.at_most(spec.budget.usd, spec.budget.tokens),
            tuple(step.id for step in planned if None in (step.limit.usd, step.limit.tokens)),
        )

    def _step(
        self, spec: WorkflowSpec, step: Step, variables: Mapping[str, Any], before: Mapping[str, PlannedStep]
    ) -> PlannedStep:
        skip, reason = _skip(spec, step, variables, before)
        turns = _turns(step, variables)
        runs = 0 if skip is Skip.YES else None if turns is None else turns * step.attempts
        agent = self._catalogue.agent(step.target) if step.kind == "agent" else None
        return PlannedStep(
            id=step.id,
            kind=step.kind,
            target=step.target,
            depends_on=step.depends_on,
            model=(step.model or agent.spec.model or "") if agent is not None else "",
            tools=agent.spec.tools if agent is not None else (step.tool,) if step.tool else (),
            permissions=_permissions(spec, step, agent),
            runs=runs,
            limit=self._limit(step, agent).times(runs),
            skip=skip,
            reason=reason,
        )

    def _limit(self, step: Step, agent: ResolvedAgent | None) -> Limit:
        """The most that one run of a step may use."""
        if step.kind == "workflow":
            return self._of_workflow(step.target)
        if agent is None:
            return Limit()
        model = step.model or agent.spec.model
        if model == OFFLINE and not agent.spec.fallback_models:
            return Limit()
        return Limit(agent.spec.budget.usd, agent.spec.budget.tokens)

    def _of_workflow(self, name: str) -> Limit:
        # Its inputs are known only when it starts, so what depends on them has no limit here.
        if name not in self._limits:
            self._limits[name] = self._plan(self._catalogue.workflow(name), None).limit
        return self._limits[name]


def _permissions(spec: WorkflowSpec, step: Step, agent: ResolvedAgent | None) -> Permissions | None:
    if agent is not None:
        return agent.spec.permissions
    return spec.permissions if step.kind in ("tool", "script") else None


def _skip(
    spec: WorkflowSpec, step: Step, variables: Mapping[str, Any], before: Mapping[str, PlannedStep]
) -> tuple[Skip, str]:
    statuses = _statuses(step.when)
    for id in step.depends_on:
        if id not in statuses and before[id].skip is Skip.YES:
            return Skip.YES, f"behind '{id}', which is skipped"
    if step.when is not None and _is_fixed(step.when, variables):
        if not expression(step.when, variables, name="when"):
            return Skip.YES, f"when: {step.when}"
    elif step.when is not None:
        return Skip.MAYBE, f"when: {step.when}"
    owners = fallbacks(spec.steps).get(step.id, ())
    if owners:
        if all(before[owner].skip is Skip.YES for owner in owners):
            return Skip.YES, f"only the fallback of '{owners[0]}', which is skipped"
        return Skip.MAYBE, f"only if {' or '.join(repr(owner) for owner in owners)} fails"
    for id in step.depends_on:
        if id not in statuses and before[id].skip is Skip.MAYBE:
            return Skip.MAYBE, f"behind '{id}', which may be skipped"
    return Skip.NO, ""


def _turns(step: Step, variables: Mapping[str, Any]) -> int | None:
    """How many turns ``for_each`` takes; None where that is not known yet."""
    if step.for_each is None:
        return 1
    if not _is_fixed(step.for_each, variables):
        return None
    items = expression(step.for_each, variables, name="for_each")
    return len(step.turns(items)) if isinstance(items, list) else None


def _is_fixed(text: str, variables: Mapping[str, Any]) -> bool:
    """Whether the inputs decide an expression, and they are known."""
    roots = {one.path[0] for one in read(text, True).references}
    return roots <= _FIXED and roots <= set(variables)


def _statuses(text: str | None) -> frozenset[str]:
    found = read(text, True).references if text is not None else ()
    return frozenset(one.path[1] for one in found if one.path[0] == "steps" and one.path[2:3] == ("status",))
