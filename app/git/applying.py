"""An execution's changes as uncommitted changes in the user's folder, and out of it again.

The folder's files are read as a tree by an index of our own; the user's index, HEAD and branches stay as they
are. What is to come is merged with that tree first, so that work in progress is kept beside it, and a
conflict is known before anything is written. One git command then brings the files over.

A folder without git is served the same way, by the private repository of the execution's copy.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .checkouts import WITH_CONTENT, in_the_way
from .command import LONG, git
from .commits import commit_tree
from .diffs import revisions
from .failures import GitConflict, explained
from .merging import nothing
from .notes import named
from .plain import give_permissions, permissions, taken
from .previews import merge_from
from .putting_back import whole_or_not_at_all
from .working import Files, files_as_tree, refused


class ApplyConflicts(GitConflict):
    """The changes do not fit the files as they are; nothing was written."""

    code = "git_apply_conflicts"

    def __init__(self, paths: Sequence[str], files: Files) -> None:
        way = "take a part with --files or --hunks" if files.private else "use 'paracle git merge'"
        super().__init__(
            "The changes do not fit the files as they are",
            detail="\n".join(paths),
            hint=f"undo your changes to them in {files.folder}, or {way}",
        )
        self.paths = tuple(paths)


@dataclass(frozen=True, slots=True)
class Change:
    """The user's files before and after, each a commit.

    ``modes`` are the permissions of the files that are written: git keeps whether they can be executed, and
    nothing else of them.
    """

    files: Files
    before: str
    after: str
    modes: Mapping[str, int]


async def plan_change(files: Files, base: str, theirs: str, modes: Mapping[str, int] | None = None) -> Change:
    """What leads from ``base`` to ``theirs``, merged with the user's files as they are; these are only read.

    Args:
        modes: Permissions of files that are not there now, should they come.

    Raises:
        ApplyConflicts: it cannot be merged.
        NothingToMerge: the files have it all.
        CheckoutBusy: a merge or the like is under way there.
        GitError: git could not read or write.
    """
    where = files.repository
    async with files_as_tree(files, base, await _concerned(files, base, theirs)) as now:
        pass
    parent = base if files.private else await _head(files.folder)
    before = await commit_tree(where, now.tree, "The files before\n", *filter(None, [parent]))
    after, conflicts = await merge_from(where, base, before, theirs)
    if conflicts:
        raise ApplyConflicts(conflicts, files)
    if after == now.tree:
        raise nothing(files.folder)
    written = [path for _, path in await _paths_between(where, before, after)]
    found = await asyncio.to_thread(permissions, files.folder, written)
    kept = {path: mode for path, mode in (modes or {}).items() if path in written}
    commit = await commit_tree(where, after, "The files after\n", before)
    return Change(files, before, commit, {**kept, **found})


async def write_change(change: Change, *, hold: Sequence[int] = ()) -> None:
    """Bring the user's files from ``before`` to ``after``.

    Raises:
        CheckoutBusy: they are not as ``before`` has them any more, or something is in the way; nothing was
            written.
        HalfWritten: git could not write, nor put back what it had written.
        GitError: git could not write; the files are as they were.
    """
    files, before, after = change.files, change.before, change.after
    async with files_as_tree(files, before, await _concerned(files, before, after)) as now:
        if now.tree != (await git(files.repository, "rev-parse", f"{before}^{{tree}}")).text:
            raise refused("files there have changed at this moment", files.folder)
        if why := await _obstacles(change, now.env):
            raise refused(why, files.folder)
        env = {**now.env, **WITH_CONTENT}
        try:
            async with whole_or_not_at_all(files.folder, before, after, env=env):
                await git(
                    files.folder, "read-tree", "-m", "-u", before, after,
                    env=env, seconds=LONG, hold=(*hold, now.descriptor),
                )  # fmt: skip
        finally:
            await finish_change(change)  # of what was put back, too


async def finish_change(change: Change) -> None:
    """Give the files that were brought over their permissions; again, where that was cut off."""
    with explained(change.files.folder):
        await asyncio.to_thread(give_permissions, change.files.folder, change.modes)


async def was_written(change: Change) -> bool:
    """Whether the files were brought over: something of them is not as ``before`` has it."""
    files, before = change.files, change.before
    async with files_as_tree(files, before, await _concerned(files, before, change.after)) as now:
        return now.tree != (await git(files.repository, "rev-parse", f"{before}^{{tree}}")).text


async def obstacles(change: Change) -> str:
    """What is in the way of a change, in words; empty where nothing is."""
    files, before = change.files, change.before
    async with files_as_tree(files, before, await _concerned(files, before, change.after)) as now:
        return await _obstacles(change, now.env)


async def fingerprint(change: Change) -> str:
    """What a change does to the user's files: the same as long as those it concerns stay the same."""
    said = await git(
        change.files.repository, "diff-tree", "-r", "-z", "--raw", "--no-renames",
        *revisions(change.before, change.after), seconds=LONG,
    )  # fmt: skip
    return hashlib.sha256(said.stdout).hexdigest()


async def _obstacles(change: Change, env: Mapping[str, str]) -> str:
    files, before, after = change.files, change.before, change.after
    if files.private is None:
        found = await in_the_way(files.folder, before, after, env=env)
        return f"{named(found)}: ignored by git, and in the way" if found else ""
    between = await _paths_between(files.private, before, after)
    arriving = [path for status, path in between if status == "A"]
    going = {path for status, path in between if status == "D"}
    found = await asyncio.to_thread(taken, files.folder, arriving, going)
    return f"{named(found)}: something of yours is in the way" if found else ""


async def _concerned(files: Files, base: str, theirs: str) -> list[str]:
    """The paths to read besides what git tracks.

    In a work tree those of ``base``, should they be ignored by now. What only arrives there is not read: an
    ignored file in its place is in the way, and not the user's version of it.
    """
    between = await _paths_between(files.repository, base, theirs)
    return [path for status, path in between if files.private or status != "A"]


async def _paths_between(repository: Path, base: str, theirs: str) -> list[tuple[str, str]]:
    """What differs between two commits: a letter as git has it, and the path; a rename is two of them."""
    said = await git(
        repository, "diff-tree", "-r", "-z", "--no-renames", "--name-status",
        *revisions(base, theirs), seconds=LONG,
    )  # fmt: skip
    fields = said.stdout.split(b"\0")[:-1]
    return [(kind.decode(), os.fsdecode(path)) for kind, path in zip(fields[::2], fields[1::2], strict=True)]


async def _head(folder: Path) -> str:
    return (await git(folder, "rev-parse", "--quiet", "--verify", "HEAD", accept=(0, 1))).text
