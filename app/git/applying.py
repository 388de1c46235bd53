"""An execution's changes as uncommitted changes in the user's folder, and out of it again.

The folder's files are read as a tree by an index of our own; the user's index, HEAD and branches stay as they
are. What is to come is merged with that tree first, so that work in progress is kept beside it, and a
conflict is known before anything is written. One git command then brings the files over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .checkouts import WITH_CONTENT, in_the_way
from .command import LONG, git
from .commits import commit_tree
from .failures import GitConflict, explained
from .merging import nothing
from .notes import named
from .previews import merge_from
from .working import files_as_tree, refused


class ApplyConflicts(GitConflict):
    """The changes do not fit the files as they are; nothing was written."""

    code = "git_apply_conflicts"

    def __init__(self, paths: Sequence[str], folder: Path) -> None:
        super().__init__(
            "The changes do not fit the files as they are",
            detail="\n".join(paths),
            hint=f"commit or undo your changes to them in {folder}, or use 'paracle git merge'",
        )
        self.paths = tuple(paths)


@dataclass(frozen=True, slots=True)
class Change:
    """The files of a folder before and after, each a commit on what HEAD was."""

    folder: Path
    before: str
    after: str


async def plan_change(folder: Path, base: str, theirs: str) -> Change:
    """What leads from ``base`` to ``theirs``, merged with the files in ``folder`` as they are.

    Args:
        folder: The top of the user's work tree; only read.

    Raises:
        ApplyConflicts: it cannot be merged.
        NothingToMerge: the files have it all.
        CheckoutBusy: a merge or the like is under way there.
        GitError: git could not read or write.
    """
    async with files_as_tree(folder) as (now, _):
        pass
    head = (await git(folder, "rev-parse", "--quiet", "--verify", "HEAD", accept=(0, 1))).text
    parents = (head,) if head else ()
    before = await commit_tree(folder, now, "The files before\n", *parents)
    after, conflicts = await merge_from(folder, base, before, theirs)
    if conflicts:
        raise ApplyConflicts(conflicts, folder)
    if after == now:
        raise nothing(folder)
    return Change(folder, before, await commit_tree(folder, after, "The files after\n", before))


async def write_change(change: Change, *, hold: Sequence[int] = ()) -> None:
    """Bring the files of a folder from ``before`` to ``after``.

    Raises:
        CheckoutBusy: they are not as ``before`` has them any more, or ignored files are in the way; nothing
            was written.
        GitError: git could not write.
    """
    folder = change.folder
    async with files_as_tree(folder) as (now, env):
        if now != (await git(folder, "rev-parse", f"{change.before}^{{tree}}")).text:
            raise refused("files there have changed at this moment", folder)
        if taken := await in_the_way(folder, change.before, change.after, env=env):
            raise refused(f"{named(taken)}: ignored by git, and in the way", folder)
        with explained(folder):
            await git(
                folder, "read-tree", "-m", "-u", change.before, change.after,
                env={**env, **WITH_CONTENT}, seconds=LONG, hold=hold,
            )  # fmt: skip
