"""Refusing to run workflows and playbooks with commands that nobody has said may run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..domain.agents import ResolvedAgent
from ..domain.errors import PolicyRefused
from ..domain.executions import Execution
from ..domain.trust import CommandKind
from ..domain.workflows import ResolvedWorkflow
from ..project.carried import calls_of_agent, calls_of_workflow, script_text
from .trust import HINT, untrusted
from .workspace import Workspace


class NotTrusted(PolicyRefused):
    """What is to run carries commands, and its user has not said that they may run."""

    code = "not_trusted"


def refuse_untrusted(
    workspace: Workspace,
    workflows: Iterable[ResolvedWorkflow] = (),
    agents: Iterable[ResolvedAgent] = (),
    otherwise: str = "",
) -> None:
    """Refuse workflows and agents that would run commands of the project which its user does not trust.

    Args:
        otherwise: another way out than to trust them.

    Raises:
        NotTrusted: there are such commands; the error names the steps and agents.
    """
    found = untrusted(workspace, (*_of_workflows(workflows), *_of_agents(agents)))
    if found:
        raise NotTrusted(
            "It runs commands of the project, and nobody has said that they may run",
            detail=", ".join(found),
            hint="; ".join(filter(None, (HINT, otherwise))),
        )


def refuse_untrusted_record(workspace: Workspace, row: Execution) -> None:
    """Refuse to go on with what carries commands that the user does not trust as they are recorded.

    The record lies in the project's folder, and could say anything.

    Raises:
        NotTrusted: commands of it are not trusted, or are not in the project's files any more.
    """
    from ..engine.request import RunRequest, read_request

    (queued,) = workspace.store.events(row.id, limit=1)
    recorded = queued.payload.get("request")
    if recorded is None:
        return
    request = read_request(recorded)
    command = "run" if isinstance(request, RunRequest) else "workflow run"
    anew = f"if the files hold others by now, start it anew: paracle {command} {row.agent}"
    if isinstance(request, RunRequest):
        refuse_untrusted(workspace, agents=(request.agent,), otherwise=anew)
    else:
        everything = (request.workflow, *request.workflows.values())
        refuse_untrusted(workspace, everything, request.agents.values(), anew)


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
