"""A command of the project, run as one of an agent's would be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from ..domain.commands import words_of
from ..tools.run_command import RunCommandResult, execute

WORKTREE = "PARACLE_WORKTREE"
"""The folder that a command works in: the project's, in the execution's work tree."""

PROJECT = "PARACLE_PROJECT"
"""The project's folder in the user's own checkout."""


def key_of(action: str, number: int, text: str) -> str:
    """The key of a command's step: another command in its place is another step."""
    return f"{action}/{number}/{hashlib.sha256(text.encode()).hexdigest()[:12]}"


async def run_command(
    text: str,
    root: Path,
    project: Path,
    seconds: float,
    log: Callable[[str], None],
    marks: Mapping[str, str] | None = None,
) -> RunCommandResult:
    """Run a command whose project is trusted; whatever it started ends with it.

    Args:
        text: as the project writes it.
        root: where it works.
        project: the project's folder in the user's checkout.
        seconds: after which it is stopped.
        log: takes one line of output as it comes.
        marks: of the step that it is, where it is one; see :mod:`.left_over`.

    Raises:
        ToolError: it cannot be started.
    """
    variables = {WORKTREE: str(root), PROJECT: str(project), **(marks or {})}
    return await execute(words_of(text), root, seconds, log, variables)
