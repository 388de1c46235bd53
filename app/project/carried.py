"""The commands that a project carries: the one list of all that it could run on its user's machine.

Whatever a project can name to be run belongs here: trust is asked for what these functions give, and for
nothing else. Nothing is run.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.trust import CarriedCommand, CommandKind
from .yamldoc import Node

if TYPE_CHECKING:
    from ..domain.hooks import HookSpec
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
