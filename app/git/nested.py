"""Git repositories that an agent made inside its work tree.

``git add`` would record each as a bare reference to a commit that exists nowhere else. They are left out of
the commit; the work tree is then kept when the execution ends, since only it holds their content.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from .command import LONG, Output, git
from .failures import GitFailed


async def leave_out_nested(worktree: Path, pins: Mapping[str, str], *options: str) -> Output:
    """Stage everything but the repositories in ``worktree`` that are not submodules of its commit.

    Args:
        worktree: The top of the work tree.
        pins: The variables that keep git at this work tree.
        options: More options for ``git add``.
    """
    known = await git(worktree, "ls-tree", "-r", "-z", "HEAD", env=pins, seconds=LONG)
    submodules = {
        os.fsdecode(entry.partition(b"\t")[2])
        for entry in known.stdout.split(b"\0")
        if entry.startswith(b"160000 ")
    }
    nested = [path for path in find_nested(worktree) if path not in submodules]
    try:
        await git(worktree, "add", "--all", "--ignore-errors", *options, env=pins, seconds=LONG)
    except GitFailed as error:
        if not all(any(path in line for path in nested) for line in _errors(error.said)):
            raise
    paths = b"".join(os.fsencode(path) + b"\0" for path in nested)
    return await git(worktree, "update-index", "--force-remove", "-z", "--stdin", stdin=paths, env=pins)


def _errors(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith(("error:", "fatal:"))]


def find_nested(worktree: Path) -> Iterator[str]:
    """The folders below ``worktree`` that hold a ``.git`` of their own, relative to it."""
    for folder, folders, files in os.walk(worktree):
        if folder != str(worktree) and (".git" in folders or ".git" in files):
            folders.clear()
            yield os.path.relpath(folder, worktree)
        elif ".git" in folders:
            folders.remove(".git")
