"""What a review can be compared with besides the recorded fork."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import Conflict
from ..git.comparing import commit_named, names_of_commits, tree_of_files

LAST_STEP = "last step"
"""Stands for the commit before the newest one."""

UNCOMMITTED = "uncommitted"
"""Stands for the branch's tip, compared with the files of its work tree as they are."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two commits (or trees) of a diff."""

    base: str
    tip: str


async def ends(repository: Path, fork: Ends, worktree: str, against: str) -> Ends:
    """What is compared.

    Args:
        repository: The folder to run git in.
        fork: The recorded fork, and the branch's tip.
        worktree: The branch's work tree, empty where there is none any more.
        against: Empty for the fork, :data:`LAST_STEP`, :data:`UNCOMMITTED`, or a name of a commit.

    Raises:
        NotFound: git knows no commit of the name.
        Conflict: what is uncommitted is wanted, and the work tree is gone.
        GitError: git cannot read or write.
    """
    if not against:
        return fork
    if against == LAST_STEP:
        if fork.base == fork.tip:
            return fork
        return Ends(await commit_named(repository, f"{fork.tip}^"), fork.tip)
    if against == UNCOMMITTED:
        if not await asyncio.to_thread(is_there, worktree):
            raise Conflict(
                "Nothing is uncommitted",
                detail="the work tree was put away when the run ended: all that it held is committed",
                hint="compare with the fork, the last step or any commit",
            )
        return Ends(fork.tip, await tree_of_files(Path(worktree)))
    return Ends(await commit_named(repository, against), fork.tip)


def is_there(worktree: str) -> bool:
    """Whether a branch still has its work tree."""
    return bool(worktree) and (Path(worktree) / ".git").exists()


def known_names(repository: Path, fork: Ends) -> tuple[str, ...]:
    """Names to complete what a person types: branches, tags, and the branch's own commits.

    Raises:
        GitError: git cannot read the repository.
    """
    return asyncio.run(names_of_commits(repository, fork.base, fork.tip))
