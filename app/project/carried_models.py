"""Models that a project's files name and that answer from a file: what they ask for is fixed beforehand.

A script can hold commands. Where its agent runs commands without asking, the script is one of the things that
the project carries, wherever its file lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.specs import Answer
from ..domain.trust import CarriedCommand, CommandKind
from .named_files import digest_of

if TYPE_CHECKING:
    from ..domain.agents import ResolvedAgent
    from .workflow_file import WorkflowSource

SCRIPT = "script:"


def is_script(model: str | None) -> bool:
    """Whether a model answers from a file."""
    return model is not None and model.strip().startswith(SCRIPT)


def runs_commands(agent: ResolvedAgent) -> bool:
    """Whether what its model asks for is run without asking."""
    return agent.spec.permissions.shell is Answer.ALLOW


def script_file(model: str, root: Path) -> str:
    """The script of a model and what it holds, ``FILE sha256:…``; empty where it cannot be read.

    Args:
        model: ``script:FILE``.
        root: what a relative FILE is relative to.
    """
    name = model.strip().removeprefix(SCRIPT)
    try:
        digest = digest_of(root / Path(name).expanduser())
    except RuntimeError:  # '~somebody', and there is no such person
        return ""
    return f"{name} {digest}" if digest else ""


def carried_models(
    sources: Iterable[WorkflowSource], agents: Iterable[ResolvedAgent]
) -> tuple[CarriedCommand, ...]:
    """The scripts that steps of workflows and agents name as their models, in their order.

    Args:
        agents: the project's own, with what they inherit and the project's model where they name none.
    """
    able = {agent.name: agent for agent in agents if runs_commands(agent)}
    return (*_of_steps(sources, able), *(found for agent in able.values() for found in _of_agent(agent)))


def _of_steps(sources: Iterable[WorkflowSource], able: dict[str, ResolvedAgent]) -> Iterator[CarriedCommand]:
    for source in sources:
        for number, step in enumerate(source.spec.steps if source.spec is not None else ()):
            if step.agent in able and step.model is not None and is_script(step.model):
                line = source.step_node(number, "model").line
                yield CarriedCommand(CommandKind.MODEL, step.model.strip(), source.path, line)


def _of_agent(agent: ResolvedAgent) -> Iterator[CarriedCommand]:
    for key, names in (("model", (agent.spec.model,)), ("fallback_models", agent.spec.fallback_models)):
        origin = agent.origin(key)
        for name in names:
            if name is not None and is_script(name):
                path = origin.path or agent.path
                yield CarriedCommand(CommandKind.MODEL, name.strip(), path, origin.line or 1)
