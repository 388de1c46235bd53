"""The commands that a project carries: the one list of all that it could run on its user's machine.

Whatever a project can name to be run belongs here: trust is asked for what these functions give, and for
nothing else. Nothing is run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..domain.specs import Answer
from ..domain.trust import CarriedCommand, CommandKind
from ..domain.workflow_expressions import has_marks
from .yamldoc import Node

if TYPE_CHECKING:
    from ..domain.agents import ResolvedAgent
    from ..domain.hooks import HookSpec
    from ..domain.workflows import WorkflowSpec
    from .settings import ProjectSettings
    from .workflow_file import WorkflowSource


MAX_NAMED = 16 * 1024 * 1024
"""The most bytes of a file that a hook names whose hash is taken; scripts have a few kilobytes."""


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
    return tuple(
        CarriedCommand(kind, text, path, node.at((*place, number)).line)
        for kind, texts, place in lists
        for number, text in enumerate(texts)
    )


def carried_hooks(
    hooks: Sequence[HookSpec], node: Node, path: Path, root: Path
) -> tuple[CarriedCommand, ...]:
    """What ``hooks.yaml`` names to be run and when, in its order.

    A hook works in the user's own folder. So the files of the project that its command names, such as its
    script, belong to what is trusted, each by the hash of what it holds.

    Args:
        node, path: as above.
        root: the folder in which hooks work.
    """
    lines = (node.at(("hooks", number, "run")).line for number in range(len(hooks)))
    return tuple(
        CarriedCommand(CommandKind.HOOK, _hook_text(hook, root), path, line)
        for hook, line in zip(hooks, lines, strict=True)
    )


def _hook_text(hook: HookSpec, root: Path) -> str:
    named = dict.fromkeys(_words(hook.run))
    digests = ((word, _digest(root, word)) for word in named)
    return "\n".join(
        [f"{hook.on}: {hook.run}", *(f"# {word} {digest}" for word, digest in digests if digest)]
    )


def _words(command: str) -> Iterable[str]:
    """All words of a command, those that only a shell takes apart too."""
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        return list(lexer)
    except ValueError:
        return command.split()


def _digest(root: Path, word: str) -> str:
    """What the regular file below ``root`` that a word names holds; empty where there is none."""
    path = Path(os.path.normpath(root / word))
    if "\0" in word or not path.is_relative_to(root):
        return ""
    try:
        # O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            return ""
        if state.st_size > MAX_NAMED:
            return f"is too large to be looked at: {state.st_size} bytes"
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def carried_scripts(sources: Iterable[WorkflowSource]) -> tuple[CarriedCommand, ...]:
    """The scripts of workflows' steps, in their order. A file with errors gives those that can be read."""
    return tuple(
        CarriedCommand(CommandKind.SCRIPT, text, source.path, source.step_node(number, "run").line)
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
    calls = [
        CarriedCommand(CommandKind.CALL, text, source.path, source.step_node(number, "with").line)
        for source in sources
        if source.spec is not None
        for number, text in calls_of_workflow(source.spec).items()
    ]
    for agent in agents:
        line = agent.origin("playbook").line or 1
        calls += [CarriedCommand(CommandKind.CALL, text, agent.path, line) for text in calls_of_agent(agent)]
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
    if spec.permissions.shell is not Answer.ALLOW:
        return ()
    around = {
        **spec.model_dump(mode="json", include={"inputs", "playbook"}),
        "templates": dict(agent.templates),
    }
    return tuple(
        _call_text(action.with_, action.for_each, around) for action in spec.playbook if action.tool == CALLED
    )


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
