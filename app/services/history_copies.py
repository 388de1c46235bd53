"""The private repositories of executions in folders without git: one each, found again by what names it."""

from __future__ import annotations

from pathlib import Path

from ..git.locks import project_key
from ..git.scratch import Desk
from . import runs
from .following import private_repository
from .workspace import Workspace


def copies(workspace: Workspace) -> tuple[Desk, ...]:
    """The private repositories of a project's executions, in the order of these."""
    folder = workspace.state.resolve() / "copies" / project_key(workspace.project.root.resolve())
    return tuple(_desk(workspace, path) for path in sorted(folder.glob("*/")) if _is_repository(path))


def copy_of(workspace: Workspace, wanted: str) -> Desk | None:
    """The private repository of an execution; ``None`` where it worked in the project's own.

    Args:
        wanted: The execution's id or a part of it, ``last``, or its branch.

    Raises:
        NotFound, Conflict: no execution, or several, are meant.
    """
    if not wanted.startswith("exec/"):
        row = runs.find(workspace, wanted)
        # A project may have been moved since; the account says where the repository is all the same.
        private = private_repository(workspace, row) if row.branch else None
        return _desk(workspace, private) if private and _is_repository(private) else None
    owner = wanted.split("/")[1]
    return next((desk for desk in copies(workspace) if desk.repository.name == owner), None)


def at(workspace: Workspace, repository: str) -> Desk:
    """The private repository that an operation names."""
    return _desk(workspace, Path(repository))


def _desk(workspace: Workspace, repository: Path) -> Desk:
    original = workspace.project.root.resolve()
    key = repository.parent.name
    return Desk(repository, repository / ".git", workspace.state.resolve(), key, original)


def _is_repository(folder: Path) -> bool:
    """Whether git will take it for one; of a start that was killed it may lack parts.

    Asked here, because git would go on to look in the folders above.
    """
    own = folder / ".git"
    return all((own / name).exists() for name in ("HEAD", "config", "objects", "refs"))
