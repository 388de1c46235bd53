"""Going on with a branch: its work tree is made again, or taken over with what was left in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .commits import commit_all
from .leases import release, take
from .locks import HalfMade
from .notes import named
from .place import Forkable
from .workplaces import Earlier
from .worktrees import make_folder, pinned


def linked(found: Forkable, worktree: Path) -> HalfMade:
    """What is taken back of a work tree that is made again: not the branch, which was there before."""
    return HalfMade(worktree.name, str(found.folder), str(worktree), "", found.head)


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A work tree that was still there; ``tip`` is empty where it held nothing to commit."""

    root: Path
    tip: str = ""
    notes: tuple[str, ...] = ()


async def take_over(
    worktree: Path,
    execution: str,
    prefix: Path,
    earlier: Earlier,
    tidy: Callable[[Path], None] = lambda root: None,
) -> TakenOver:
    """Lock a work tree that an earlier execution has left, and commit what it holds.

    Args:
        tidy: removes what is nobody's work, before that commit; gets the project's folder in the work tree.

    When this fails, the work tree is as it was, and not locked.

    Raises:
        OffBranch, LostWorktree: it was moved off the branch, or broken.
        GitError: git could not read or write.
    """
    pins = await asyncio.to_thread(pinned, worktree, earlier.branch)
    own = Path(pins["GIT_DIR"])
    await asyncio.to_thread(take, own, execution)
    try:
        await asyncio.to_thread(tidy, worktree / prefix)
        kept = await commit_all(worktree, earlier.branch, earlier.unfinished)
        root = await asyncio.to_thread(make_folder, worktree, worktree / prefix)
    except BaseException:
        release(own)
        raise
    if kept is None:
        return TakenOver(root)
    paths = named([change.path for change in kept.files])
    note = f"Unfinished changes in the work tree were committed before this run began ({paths})"
    return TakenOver(root, kept.sha, (note,))
