"""How ready a repository is for branches of executions: what will apply at a merge, and what is special."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from ..domain.errors import ParacleError
from ..domain.words import plural, size
from ..git.command import git, usable_git
from ..git.ground import Ground, survey
from ..git.locks import project_key
from ..git.merging import identity
from ..git.notes import without_content
from ..git.previews import MERGE_TREE
from . import history
from .doctor import LITTLE_SPACE, Check, Level
from .workspace import Workspace

_HOOKS = (
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "pre-merge-commit",
    "post-commit",
    "post-merge",
    "pre-rebase",
    "reference-transaction",
)
"""Those that git may run while a merge is made or lands."""


def readiness(workspace: Workspace) -> tuple[Check, ...]:
    """What there is to know before the first merge, looked at one by one; nothing is changed.

    Raises:
        GitError: git is missing, or refuses the repository.
    """
    checks = asyncio.run(_looked_at(workspace))
    return (*checks, _left_overs(workspace))


async def _looked_at(workspace: Workspace) -> tuple[Check, ...]:
    root = workspace.project.root.resolve()
    ground = await survey(root)
    if not ground:
        words = f"{root} is in none; runs work on copies of it"
        return (await _git(root), Check("repository", Level.NOTE, words, "paracle git init-workflow"))
    found = [await _git(root), _repository(ground, root), await _identity(ground), _target(ground)]
    found += [check async for check in _at_merge(ground)]
    found += [check async for check in _kinds(ground)]
    return (*found, _space(workspace, root))


async def _git(root: Path) -> Check:
    await usable_git()
    version = (await git(root, "version")).text.removeprefix("git version ")
    numbers = tuple(int(part) for part in version.split()[0].split(".")[:2] if part.isdigit())
    if numbers < MERGE_TREE:
        wanted = ".".join(map(str, MERGE_TREE))
        return Check("git", Level.BROKEN, version, f"upgrade git to {wanted} or newer: merges need it")
    return Check("git", Level.OK, version)


def _repository(ground: Ground, root: Path) -> Check:
    if ground.doing:
        words = f"{ground.top}: {ground.doing} is under way"
        return Check("repository", Level.WARNING, words, "finish it or give it up; 'git status' says how")
    inside = "" if ground.top == root else f"; the project is {root.relative_to(ground.top)} in it"
    return Check(
        "repository", Level.OK, f"{ground.top}{inside}" if not ground.bare else f"{ground.top}, bare"
    )


async def _identity(ground: Ground) -> Check:
    if await identity(ground.top):
        words = "none; merges and runs commit as Paracle <paracle@localhost>"
        return Check("identity", Level.WARNING, words, "git config --global user.name 'Your Name'")
    said = (await git(ground.top, "var", "GIT_COMMITTER_IDENT")).text
    return Check("identity", Level.OK, said.rpartition(">")[0] + ">")


def _target(ground: Ground) -> Check:
    if not ground.branch:
        return Check(
            "target", Level.WARNING, "HEAD is on no branch", "git switch BRANCH, or name one with --target"
        )
    return Check("target", Level.OK, f"{ground.branch}, where --target names no other")


async def _at_merge(ground: Ground) -> AsyncIterator[Check]:
    # Attended: every other call of ours switches hooks and signing off, and would be told so here.
    said = await git(ground.top, "rev-parse", "--git-path", "hooks", attended=True)
    folder = ground.top / said.text
    hooks = await asyncio.to_thread(_executable, folder)
    words = f"{', '.join(hooks)} in {folder}: run at a merge, and can refuse it" if hooks else "none apply"
    yield Check("hooks", Level.NOTE if hooks else Level.OK, words)
    signs = await _setting(ground, "--type=bool", "commit.gpgSign") == "true"
    how = await _setting(ground, "gpg.format") or "openpgp"
    words = f"merges are signed ({how}), commits of runs are not" if signs else "off"
    yield Check("signing", Level.NOTE if signs else Level.OK, words)


async def _kinds(ground: Ground) -> AsyncIterator[Check]:
    """What is special about the repository, and what that means for a run."""
    if (await git(ground.top, "rev-parse", "--is-shallow-repository")).text == "true":
        yield Check("shallow", Level.NOTE, "older commits are missing; runs and merges work all the same")
    if await _setting(ground, "--type=bool", "core.sparseCheckout") == "true":
        yield Check("sparse", Level.NOTE, "a run sees the files that are checked out, and no others")
    for note in await asyncio.to_thread(without_content, ground.top):
        yield Check("submodules" if note.startswith("Submodules") else "lfs", Level.NOTE, note)


async def _setting(ground: Ground, *words: str) -> str:
    said = await git(ground.top, "config", *words[:-1], "--get", words[-1], accept=(0, 1), attended=True)
    return said.text


def _executable(folder: Path) -> list[str]:
    return [name for name in _HOOKS if os.access(folder / name, os.X_OK)]


def _space(workspace: Workspace, root: Path) -> Check:
    folder = workspace.state.resolve() / "worktrees" / project_key(root)
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    words = f"{folder}, {size(free)} free"
    if free < LITTLE_SPACE:
        return Check(
            "worktrees", Level.WARNING, words, "free some space, or name a place in PARACLE_STATE_DIR"
        )
    return Check("worktrees", Level.OK, words)


def _left_overs(workspace: Workspace) -> Check:
    if not workspace.has_store:
        return Check("left over", Level.OK, "nothing was run here yet")
    try:
        idle = len(history.prune(workspace, dry_run=True).removed)
    except ParacleError as error:
        return Check("left over", Level.WARNING, str(error), error.hint)
    if not idle:
        return Check("left over", Level.OK, "nothing")
    return Check("left over", Level.NOTE, plural(idle, "idle work tree"), "paracle git prune")
