"""Refusing to run workflows and playbooks with commands that nobody has said may run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..domain.agents import ResolvedAgent
from ..domain.errors import PolicyRefused, ProjectError
from ..domain.events import Event, Kind
from ..domain.executions import Execution
from ..domain.trust import CommandKind
from ..domain.workflows import ResolvedWorkflow
from ..project.carried import calls_of_agent, calls_of_workflow, script_text
from ..project.carried_models import is_script, runs_commands
from .own_models import foreign
from .trust import HINT, untrusted
from .workspace import Workspace


class NotTrusted(PolicyRefused):
    """What is to run carries commands, and its user has not said that they may run."""

    code = "not_trusted"


def untrusted_parts(
    workspace: Workspace,
    workflows: Iterable[ResolvedWorkflow],
    agents: Iterable[ResolvedAgent],
    model: str,
) -> tuple[str, ...]:
    """The steps and agents that :func:`refuse_untrusted` would refuse, in words."""
    wanted = _wanted(tuple(workflows), tuple(agents), model)
    try:
        return untrusted(workspace, wanted)
    except ProjectError:
        # Nobody can have trusted what cannot be read.
        return tuple(dict.fromkeys(who for who, _, _ in wanted))


def refuse_untrusted(
    workspace: Workspace,
    workflows: Iterable[ResolvedWorkflow] = (),
    agents: Iterable[ResolvedAgent] = (),
    model: str = "",
    otherwise: str = "",
) -> None:
    """Refuse workflows and agents that would run commands of the project which its user does not trust.

    Args:
        workflows: none where an agent runs by itself.
        agents: those of the workflows, or the one that runs.
        model: what answers where a workflow's step and its agent name none, or what answers the one agent;
            empty where a person has chosen it.
        otherwise: another way out than to trust them.

    Raises:
        NotTrusted: there are such commands; the error names the steps and agents.
    """
    wanted = _wanted(tuple(workflows), tuple(agents), model)
    found = untrusted(workspace, wanted)
    if found:
        scripts = {who for who, kind, _ in wanted if kind is CommandKind.MODEL}
        named = "a script that you name with --model is your own choice" if scripts & set(found) else ""
        raise NotTrusted(
            "It runs commands of the project, and nobody has said that they may run",
            detail=", ".join(found),
            hint="; ".join(filter(None, (HINT, named, otherwise))),
        )


def refuse_untrusted_record(workspace: Workspace, row: Execution) -> None:
    """Refuse to go on with what carries commands that the user does not trust as they are recorded.

    The record lies in the project's folder, and could say anything.

    Raises:
        NotTrusted: commands of it are not trusted, or are not in the project's files any more.
    """
    from ..engine.origins import record_of
    from ..engine.request import RunRequest, read_request

    (queued,) = workspace.store.events(row.id, limit=1)
    recorded = queued.payload.get("request")
    if recorded is None:
        return
    request = read_request(recorded)
    command = "run" if isinstance(request, RunRequest) else "workflow run"
    anew = f"if the files hold others by now, start it anew: paracle {command} {row.agent}"
    model = foreign(workspace, request.model, "", recorded=True)
    if isinstance(request, RunRequest):
        refuse_untrusted(workspace, agents=(request.agent,), model=model, otherwise=anew)
        recorded_events = record_of(workspace.store, row.id).events
        refuse_untrusted_switches(workspace, recorded_events, request.agent, anew)
    else:
        everything = (request.workflow, *request.workflows.values())
        refuse_untrusted(workspace, everything, request.agents.values(), model, anew)


def refuse_untrusted_switches(
    workspace: Workspace, events: Iterable[Event], agent: ResolvedAgent, otherwise: str = ""
) -> None:
    """Refuse to go on with the models that a record says an agent was switched to, as above.

    Raises:
        NotTrusted: one is a script that no person has named and nobody trusts.
    """
    switches = (event.payload["model"] for event in events if event.kind is Kind.MODEL)
    for model in dict.fromkeys(switches) if runs_commands(agent) else ():
        if foreign(workspace, model, "", recorded=True):
            refuse_untrusted(workspace, agents=(agent,), model=model, otherwise=otherwise)


def _wanted(
    workflows: Sequence[ResolvedWorkflow], agents: Sequence[ResolvedAgent], model: str
) -> tuple[tuple[str, CommandKind, str], ...]:
    """Whose each command is, its kind and its text."""
    return (*_of_workflows(workflows), *_of_agents(agents), *_of_models(workflows, agents, model))


def _of_workflows(workflows: Iterable[ResolvedWorkflow]) -> Iterator[tuple[str, CommandKind, str]]:
    for workflow in workflows:
        calls = calls_of_workflow(workflow.spec)
        for number, step in enumerate(workflow.spec.steps):
            if (script := script_text(step.run, step.env)) is not None:
                yield f"step {step.id}", CommandKind.SCRIPT, script
            if number in calls:
                yield f"step {step.id}", CommandKind.CALL, calls[number]


def _of_agents(agents: Iterable[ResolvedAgent]) -> Iterator[tuple[str, CommandKind, str]]:
    for agent in agents:
        for text in calls_of_agent(agent):
            yield f"agent {agent.name}", CommandKind.CALL, text


def _of_models(
    workflows: Sequence[ResolvedWorkflow], agents: Iterable[ResolvedAgent], model: str
) -> Iterator[tuple[str, CommandKind, str]]:
    """The scripts that answer agents which run commands without asking."""
    able = {agent.name: agent for agent in agents if runs_commands(agent)}
    asked = [
        (able[step.agent], step.model or able[step.agent].spec.model or model)
        for workflow in workflows
        for step in workflow.spec.steps
        if step.agent in able
    ]
    if not workflows:
        asked = [(agent, model) for agent in able.values()]
    for agent, first in asked:
        for name in (first, *agent.spec.fallback_models):
            if is_script(name):
                yield f"model {name.strip()} of {agent.name}", CommandKind.MODEL, name.strip()
