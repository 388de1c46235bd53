"""Removing a work tree, with folders in it that may not be written: some tools make their caches so."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .command import LONG, git
from .failures import GitFailed, explained


async def remove_worktree(repository: Path, worktree: Path, *force: str, hold: Sequence[int] = ()) -> None:
    """``git worktree remove``, which stops half way where a folder may not be written.

    Args:
        force: ``--force``, once or twice, as git has it.
        hold: File descriptors that git keeps open.

    Raises:
        GitError: git refused, and the work tree is whole; or something in it cannot be removed.
    """
    await asyncio.to_thread(_make_writable, worktree)
    try:
        await git(
            repository, "worktree", "remove", *force, "--", str(worktree), seconds=LONG, hold=hold
        )  # fmt: skip
    except GitFailed as error:
        if "failed to delete" not in error.said:
            raise
        # It had agreed, and has begun: a tool that still runs there may have written something meanwhile.
        with explained(worktree):
            await asyncio.to_thread(shutil.rmtree, worktree)
        await git(repository, "worktree", "remove", "--force", "--force", "--", str(worktree), hold=hold)


def _make_writable(top: Path) -> None:
    for name, _, _ in os.walk(top):
        folder = Path(name)
        mode = folder.lstat().st_mode
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            with suppress(PermissionError):  # somebody else's
                folder.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
