"""The demonstration: a small Python package made a project in a git repository of its own."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from ..domain.errors import Conflict, ParacleError
from ..git.command import git
from ..git.commits import commit_tree
from .projects import make_lite

AGENTS = ("reviewer", "documenter")
"""The agents that the demonstration runs, in this order."""

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "shop"


def prepare(base: Path) -> Path:
    """Put the example into ``base/shop``, make it a project and commit it.

    Returns:
        The project's folder.

    Raises:
        Conflict: ``base/shop`` exists.
        GitError: git is missing or failed.
        ParacleError: the folder cannot be written.
    """
    folder = base / EXAMPLE.name
    try:
        # The demonstration makes a project of it itself, as its user would.
        left_out = shutil.ignore_patterns("__pycache__", ".*_cache", ".parac")
        shutil.copytree(EXAMPLE, folder, ignore=left_out)
    except FileExistsError:
        raise Conflict(f"'{folder}' exists already", hint="choose another folder for --keep") from None
    except OSError as error:
        raise ParacleError(
            "The example cannot be copied", detail=str(error), hint="--keep DIR puts it somewhere else"
        ) from error
    make_lite(folder, None)
    asyncio.run(_commit_all(folder))
    return folder


async def _commit_all(folder: Path) -> None:
    await git(folder, "init", "--quiet", "--initial-branch=main")
    await git(folder, "add", "--all")
    tree = (await git(folder, "write-tree")).text
    commit = await commit_tree(folder, tree, "feat: a small tea shop\n")
    await git(folder, "update-ref", "HEAD", commit)
