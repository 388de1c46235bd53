"""The hooks of a project as faces show them: the list, and what is wrong with it. Nothing is run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..domain.commands import words_of
from ..domain.hooks import HookSpec
from ..domain.problems import Problem, Severity
from . import trust
from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class HookRow:
    """One hook, and where it is written."""

    spec: HookSpec
    path: Path
    line: int

    @property
    def narrowed(self) -> str:
        """What it is narrowed to: ``agent=reviewer tool=write_file,edit_file``; empty where it is not."""
        match = self.spec.match.model_dump()
        return " ".join(f"{key}={','.join(globs)}" for key, globs in match.items() if globs)

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data."""
        return {**self.spec.model_dump(mode="json"), "path": str(self.path), "line": self.line}


@dataclass(frozen=True, slots=True)
class HookList:
    """A project's hooks in the order in which they are asked.

    Attributes:
        standing: How the project's commands stand with the user, in words.
        allows: Whether the hooks run.
        problems: What is wrong with the file; with errors there are no rows.
    """

    rows: tuple[HookRow, ...]
    standing: str
    allows: bool
    problems: tuple[Problem, ...] = ()


def listing(workspace: Workspace) -> HookList:
    """What ``hooks.yaml`` says, and whether it is trusted. Reads files; runs nothing."""
    loaded = workspace.project.loaded_hooks()
    found = trust.look(workspace)
    rows = tuple(
        HookRow(spec, command.path, command.line)
        for spec, command in zip(loaded.hooks, loaded.commands, strict=True)
    )
    return HookList(rows, found.withheld or str(found.standing), found.allows, loaded.problems)


def check(workspace: Workspace) -> tuple[Problem, ...]:
    """What is wrong with the hooks: the file's errors, and programs that are not there."""
    found = listing(workspace)
    return (*found.problems, *_missing(workspace.project.root, found.rows))


def _missing(root: Path, rows: tuple[HookRow, ...]) -> Iterator[Problem]:
    for row in rows:
        program = words_of(row.spec.run)[0]
        # A hook works in the project's folder, from which a name with a / is looked for.
        if shutil.which(str(root / program) if "/" in program else program) is None:
            message = f"there is no program '{program}'"
            hint = "check the name, and that the file may be executed"
            yield Problem(row.path, row.line, 0, Severity.WARNING, message, hint)
