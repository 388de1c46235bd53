"""Following a project's files on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from itertools import pairwise
from pathlib import Path

from watchfiles import Change, awatch

from ..domain.errors import ProjectError
from .project import FOLDER, Project

DEBOUNCE = 200
"""Milliseconds in which changes are gathered before they are reported."""

_IGNORED = frozenset(
    {".git", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
)
_LOCAL = ".local"


def is_watched(root: Path, path: Path) -> bool:
    """Whether a change of ``path`` below ``root`` is worth a report: not git's, not ours, no cache."""
    try:
        parts = path.relative_to(root).parts
    except ValueError:
        return False
    if not _IGNORED.isdisjoint(parts):
        return False
    return (FOLDER, _LOCAL) not in pairwise(parts)


async def watch(project: Project, stop: asyncio.Event) -> AsyncGenerator[frozenset[Path], None]:
    """The files that changed, appeared or went, a set at a time, until ``stop`` is set.

    Cancelling the task that iterates sets ``stop`` too.

    Changes that follow each other closely come as one set. Paths are absolute.

    Raises:
        ProjectError: the system cannot watch the folder, as when it has no more watches to give.
    """
    root = project.root

    def wanted(_: Change, path: str) -> bool:
        return is_watched(root, Path(path))

    if not await asyncio.to_thread(root.is_dir):
        raise _unwatched(project, "it is gone", "open another folder")
    try:
        async for changes in awatch(
            root,
            watch_filter=wanted,
            debounce=DEBOUNCE,
            step=50,
            stop_event=stop,
            ignore_permission_denied=True,
        ):
            yield frozenset(Path(path) for _, path in changes)
    except (OSError, RuntimeError) as error:
        hint = "raise the system's limit of watches (fs.inotify.max_user_watches), or refresh by hand"
        raise _unwatched(project, str(error), hint) from None


def _unwatched(project: Project, reason: str, hint: str) -> ProjectError:
    return ProjectError(f"{project.root} cannot be watched for changes", detail=reason, hint=hint)
