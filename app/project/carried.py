"""The commands that a project carries: the one list of all that it could run on its user's machine.

Whatever a project can name to be run belongs here: trust is asked for what these functions give, and for
nothing else. Nothing is run.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..domain.specs import Action, Answer, Input
from ..domain.trust import CarriedCommand, CommandKind
from ..domain.workflow_expressions import has_marks
from .carried_models import script_file
from .named_files import named_files
from .yamldoc import Node

if TYPE_CHECKING:
    from ..domain.agents import ResolvedAgent
    from ..domain.hooks import HookSpec
    from ..domain.workflows import WorkflowSpec
    from .settings import ProjectSettings
    from .workflow_file import WorkflowSource


def carried_commands(settings: ProjectSettings, node: Node, path: Path) -> tuple[CarriedCommand, ...]:
    """What ``project.yaml`` names to be run, in its order.

    Args:
        settings: what the file says.
        node: the file, for the lines.
        path: the file.
    """
    lists = (
        (CommandKind.SETUP, settings.worktree.setup, ("worktree", "setup")),
        (CommandKind.EXEC, settings.worktree.commands, ("worktree", "commands")),
        (CommandKind.CHECK, settings.checks, ("checks",)),
    )
    # To what is allowed to be run by hand a person adds the rest, and sees it.
    return tuple(
        CarriedCommand(
            kind, text, path, node.at((*place, number)).line, () if kind is CommandKind.EXEC else (text,)
        )
        for kind, texts, place in lists
        for number, text in enumerate(texts)
    )


def carried_hooks(hooks: Sequence[HookSpec], node: Node, path: Path) -> tuple[CarriedCommand, ...]:
    """What ``hooks.yaml`` names to be run and when, in its order.

    Args:
        node, path: as above.
    """
    lines = (node.at(("hooks", number, "run")).line for number in range(len(hooks)))
    return tuple(
        CarriedCommand(CommandKind.HOOK, f"{hook.on}: {hook.run}", path, line, (hook.run,))
        for hook, line in zip(hooks, lines, strict=True)
    )


def carried_scripts(sources: Iterable[WorkflowSource]) -> tuple[CarriedCommand, ...]:
    """The scripts of workflows' steps, in their order. A file with errors gives those that can be read."""
    return tuple(
        CarriedCommand(
            CommandKind.SCRIPT,
            text,
            source.path,
            source.step_node(number, "run").line,
            (step.run or "", *step.env.values(), *_defaults(source.spec.inputs, step.env)),
        )
        for source in sources
        if source.spec is not None
        for number, step in enumerate(source.spec.steps)
        if (text := script_text(step.run, step.env)) is not None
    )


def script_text(script: str | None, env: Mapping[str, str]) -> str | None:
    """What a step's script is trusted as, its variables included: they decide what runs as well."""
    if script is None or not env:
        return script
    return shlex.join(("env", *(f"{name}={value}" for name, value in env.items()), "sh", "-c", script))


CALLED = "run_command"


def carried_calls(
    sources: Iterable[WorkflowSource], agents: Iterable[ResolvedAgent]
) -> tuple[CarriedCommand, ...]:
    """The commands that steps of workflows and playbooks of agents run without asking, in their order.

    What a model asks for while it works is in no file, and is not among them.

    Args:
        agents: the project's own, with what they inherit.
    """
    calls = []
    for source in sources:
        if (spec := source.spec) is None:
            continue
        for number, text in calls_of_workflow(spec).items():
            step, line = spec.steps[number], source.step_node(number, "with").line
            names = _names(step.with_, step.for_each, spec.inputs)
            calls.append(CarriedCommand(CommandKind.CALL, text, source.path, line, names))
    for agent in agents:
        line = agent.origin("playbook").line or 1
        # The texts are those of all calls of the playbook, in their order.
        for action, text in zip(_calls(agent), calls_of_agent(agent), strict=True):
            names = _names(action.with_, action.for_each, agent.spec.inputs)
            calls.append(CarriedCommand(CommandKind.CALL, text, agent.path, line, names))
    return tuple(calls)


def calls_of_workflow(spec: WorkflowSpec) -> dict[int, str]:
    """What its steps run without asking, by their place, as it is trusted."""
    if spec.permissions.shell is not Answer.ALLOW:
        return {}
    around = spec.model_dump(mode="json", include={"inputs", "steps"})
    return {
        number: _call_text(step.with_, step.for_each, around)
        for number, step in enumerate(spec.steps)
        if step.tool == CALLED
    }


def calls_of_agent(agent: ResolvedAgent) -> tuple[str, ...]:
    """What its playbook runs without asking, as it is trusted."""
    spec = agent.spec
    around = {
        **spec.model_dump(mode="json", include={"inputs", "playbook"}),
        "templates": dict(agent.templates),
    }
    return tuple(_call_text(action.with_, action.for_each, around) for action in _calls(agent))


def _calls(agent: ResolvedAgent) -> tuple[Action, ...]:
    if agent.spec.permissions.shell is not Answer.ALLOW:
        return ()
    return tuple(action for action in agent.spec.playbook if action.tool == CALLED)


def _names(
    arguments: Mapping[str, Any], for_each: str | None, inputs: Mapping[str, Input]
) -> tuple[str, ...]:
    """The texts in which a call can name files."""
    argv = arguments.get("argv")
    words = [str(word) for word in argv] if isinstance(argv, list | tuple) else [str(argv)]
    words += [for_each] if for_each is not None else []
    return (*words, *_defaults(inputs, words))


def _defaults(inputs: Mapping[str, Input], texts: Iterable[str]) -> tuple[str, ...]:
    """What the file itself puts into texts that have values put into them: the defaults of its inputs."""
    if not any(map(has_marks, texts)):
        return ()
    return tuple(_json(spec.default) for spec in inputs.values() if spec.default is not None)


def pinned(commands: Iterable[CarriedCommand], root: Path) -> tuple[CarriedCommand, ...]:
    """The same commands, each with what the files of the project that it names hold now.

    A command is trusted together with these: a script that says something else is another command.

    Args:
        root: the project's folder, without links in its path; commands run in it or in a copy of it.
    """
    return tuple(replace(command, files=_files(command, root)) for command in commands)


def _files(command: CarriedCommand, root: Path) -> tuple[str, ...]:
    if command.kind is CommandKind.MODEL:
        return tuple(filter(None, (script_file(command.text, root),)))
    return named_files(root, command.names)


def _call_text(arguments: Mapping[str, Any], for_each: str | None, around: Mapping[str, Any]) -> str:
    """The command on the first line, as a shell would take it, and below it what else decides what runs.

    Where values are put into it, all of the file that can give any belongs to what is trusted, by its hash.
    """
    argv = arguments.get("argv")
    if isinstance(argv, list | tuple) and all(isinstance(word, str) for word in argv):
        first = shlex.join(argv)
    else:
        first = _json(argv)
    more = [f"{name}: {_json(arguments[name])}" for name in sorted(arguments) if name != "argv"]
    more += [f"for each: {for_each!r}"] if for_each is not None else []
    if for_each is not None or has_marks(_json(dict(arguments))):
        digest = hashlib.sha256(_json(around).encode()).hexdigest()
        more.append(f"with values of the file, sha256:{digest}")
    return "\n".join([first, *(f"# {line}" for line in more)])


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
