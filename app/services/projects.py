"""Making a project, checking its files, and the schemas they are checked against."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..domain.errors import NotFound, ProjectError
from ..domain.problems import Problem, Severity
from ..project.project import Project
from ..tools.registry import tool_names


def make_lite(folder: Path, name: str | None) -> tuple[Path, ...]:
    """Make a project of a folder; gives the files that were written.

    Raises:
        Conflict: there is a project already; nothing was touched.
        ProjectError: the folder cannot be written.
    """
    from ..project.scaffold import init_lite

    return init_lite(folder, name)


def check(folder: Path, paths: Sequence[Path]) -> tuple[Problem, ...]:
    """Every finding about the files of a project, by place.

    Args:
        folder: where the project is looked for when no path is named.
        paths: files and folders; only what is at or below one of them is reported.

    Raises:
        NotFound: a path does not exist, or there is no project.
    """
    found: set[Problem] = set()
    for path in paths or (folder,):
        if not os.path.lexists(path):
            raise NotFound(f"There is no file or folder '{path}'", hint="name one that exists")
        project = Project.open(path if path.is_dir() else path.parent, tool_names())
        if project.parac is None:
            raise NotFound(
                "There is no project here",
                detail=f"no .parac at or above {path}",
                hint="make one: paracle init --lite",
            )
        wanted = path.resolve()
        whole = not paths or project.root.is_relative_to(wanted) or wanted == project.parac.resolve()
        found.update(
            problem
            for problem in _all_problems(project)
            if whole or problem.path.resolve().is_relative_to(wanted)
        )
    return tuple(sorted(found))


def _all_problems(project: Project) -> Iterator[Problem]:
    from . import workflows

    yield from project.problems()
    try:
        yield from workflows.problems(project)
    except ProjectError as error:
        yield from error.problems


def has_errors(problems: Sequence[Problem]) -> bool:
    """Whether any finding keeps a file from being used."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def file_kinds() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every kind of project file, by kind."""
    from ..project.schema import schemas

    return dict(schemas())


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind.

    Raises:
        NotFound: there is no such kind.
    """
    known = file_kinds()
    if kind in known:
        return known[kind]
    close = get_close_matches(kind, known, 1)
    raise NotFound(
        f"There is no kind of file '{kind}'",
        hint=f"did you mean '{close[0]}'?" if close else f"kinds: {', '.join(known)}",
    )
