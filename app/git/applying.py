"""An execution's changes as uncommitted changes in the user's folder, and out of it again.

The folder's files are read as a tree by an index of our own; the user's index, HEAD and branches stay as they
are. What is to come is merged with that tree first, so that work in progress is kept beside it, and a
conflict is known before anything is written. One git command then brings the files over.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from .checkouts import CheckoutBusy, in_the_way, under_way
from .command import LONG, git
from .commits import commit_tree, stage_all
from .failures import GitConflict, explained
from .merging import nothing
from .notes import named
from .previews import merge_from


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
            raise _refused("files there have changed at this moment", folder)
        if taken := await in_the_way(folder, change.before, change.after, env=env):
            raise _refused(f"{named(taken)}: ignored by git, and in the way", folder)
        with explained(folder):
            await git(
                folder, "read-tree", "-m", "-u", change.before, change.after,
                env=env, seconds=LONG, hold=hold,
            )  # fmt: skip


@asynccontextmanager
async def files_as_tree(folder: Path) -> AsyncIterator[tuple[str, Mapping[str, str]]]:
    """The tree of all files in a work tree that are not ignored, and the index it was read with."""
    own = Path((await git(folder, "rev-parse", "--absolute-git-dir")).text)
    if words := await asyncio.to_thread(under_way, own):
        raise _refused(f"{words} is under way", folder)
    with tempfile.TemporaryDirectory(prefix="paracle-") as name:
        index = Path(name) / "index"
        if await asyncio.to_thread((own / "index").exists):
            await asyncio.to_thread(shutil.copyfile, own / "index", index)
        env = {"GIT_INDEX_FILE": str(index)}
        await stage_all(folder, env)
        yield (await git(folder, "write-tree", env=env, seconds=LONG)).text, env


def _refused(why: str, folder: Path) -> CheckoutBusy:
    return CheckoutBusy(
        "The folder cannot take the changes now",
        detail=f"{folder}: {why}",
        hint="finish or move away what is named, then try again",
    )
