"""``hooks.yaml``: the hooks of a project, read and checked; nothing is run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import ProjectError
from ..domain.hooks import HooksFile, HookSpec
from ..domain.problems import Problem, Severity
from ..domain.trust import CarriedCommand
from .carried import carried_hooks
from .source import finding, read_text
from .validate import validate
from .yamldoc import parse_yaml

NAME = "hooks.yaml"


@dataclass(frozen=True, slots=True)
class LoadedHooks:
    """``hooks`` is empty where the file has errors; ``commands`` holds one for each of them."""

    hooks: tuple[HookSpec, ...] = ()
    problems: tuple[Problem, ...] = ()
    commands: tuple[CarriedCommand, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether the file cannot be used."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def load_hooks(path: Path, inside: Iterable[Path]) -> LoadedHooks:
    """Read ``hooks.yaml``. A missing file means no hooks; nothing is raised.

    Args:
        path: the file.
        inside: the folders a symbolic link may lead to.
    """
    if not os.path.lexists(path):
        return LoadedHooks()
    try:
        node = parse_yaml(read_text(path, inside=inside), path)
    except ProjectError as error:
        return LoadedHooks(problems=error.problems)
    if node.data is None:
        return LoadedHooks()
    if not isinstance(node.data, dict):
        hint = "write 'hooks:' and below it '- {on: tool.before, run: …}'"
        message = "the file does not begin with 'hooks:'"
        wrong = finding(path, message, hint, line=node.line, column=node.column)
        return LoadedHooks(problems=(wrong,))
    found, problems = validate(HooksFile, node, path)
    if found is None:
        return LoadedHooks(problems=problems)
    return LoadedHooks(found.hooks, problems, carried_hooks(found.hooks, node, path))
