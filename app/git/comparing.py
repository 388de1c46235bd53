"""What a branch can be compared with: commits by their names, and the files of its work tree as they are."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from ..domain.diffs import shown
from ..domain.errors import NotFound
from .command import LONG, git
from .commits import stage_all
from .refs import HEADS
from .temporary import temporary_folder
from .worktrees import own_directory, pinned

_REFS = (HEADS[:-1], "refs/tags", "refs/remotes")


async def commit_named(repository: Path, name: str) -> str:
    """The hash of the commit that a person means.

    Args:
        name: A branch, a tag, a hash or a part of it, ``HEAD~2``: whatever git knows for a commit.

    Raises:
        NotFound: git knows none of that name.
        GitError: git cannot read the repository.
    """
    said = await git(
        repository, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{name}^{{commit}}",
        accept=(0, 1, 128),
    )  # fmt: skip
    if said.code or not said.text or "\0" in name:
        raise NotFound(f"git knows no commit '{shown(name)}'", hint="name a branch, a tag or a commit")
    return said.text


async def names_of_commits(repository: Path, base: str, tip: str, limit: int = 200) -> tuple[str, ...]:
    """Names for :func:`commit_named`: branches and tags, newest first, then the commits after a fork.

    Args:
        base: The fork; ``tip`` is the branch's own end. Both are hashes.
        limit: How many branches and tags there are at most.

    Raises:
        GitError: git cannot read the repository.
    """
    refs = await git(
        repository, "for-each-ref", f"--count={limit}", "--sort=-committerdate",
        "--format=%(refname:short)", *_REFS,
    )  # fmt: skip
    commits = await git(
        repository, "rev-list", "--abbrev-commit", f"--max-count={limit}", f"{base}..{tip}", "--",
        accept=(0, 128),
    )  # fmt: skip
    return (*refs.text.splitlines(), *(commits.text.splitlines() if not commits.code else ()))


async def tree_of_files(worktree: Path) -> str:
    """The files of an execution's work tree as they are, but for ignored ones, as a tree; gives its hash.

    The work tree and its index are only read.

    Raises:
        LostWorktree: see :func:`.worktrees.own_directory`.
        GitError: git could not read or write.
    """
    pins = await asyncio.to_thread(pinned, worktree)
    with temporary_folder() as own:
        index = own.folder / "index"
        # With its time: by that git knows which files may have changed in the instant it was written.
        await asyncio.to_thread(shutil.copy2, own_directory(worktree) / "index", index)
        env = {**pins, "GIT_INDEX_FILE": str(index)}
        await stage_all(worktree, env)
        return (await git(worktree, "write-tree", env=env, seconds=LONG)).text
