"""Merges that wait for their conflicts to be resolved: looked at, resolved, continued, given up."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ..domain.errors import NotFound, UsageError
from ..domain.history import PendingMerge
from .checkouts import under_way
from .command import git
from .conflict_files import is_resolved, note_conflicts
from .failures import GitConflict
from .merging import HOOK_SECONDS, Made, resume, unmerged
from .notes import named
from .scratch import Desk, read_records, write_record
from .snapshots import take_snapshot
from .takes import Unresolved, read_takes
from .worktrees import own_directory


class MergeConflicts(GitConflict):
    """A merge has conflicts. It waits in a work tree of its own; nothing of the user's has changed."""

    code = "git_merge_conflicts"

    def __init__(self, pending: PendingMerge) -> None:
        super().__init__(
            f"{pending.branch} conflicts with {pending.target.removeprefix('refs/heads/')}",
            detail="\n".join(pending.paths),
            hint="'paracle git conflicts' lists them and 'paracle git take' resolves them, or edit them in "
            f"{pending.folder}; then 'paracle git continue', or 'paracle git abort'",
        )
        self.pending = pending


def list_pending(desk: Desk) -> tuple[PendingMerge, ...]:
    """The merges that wait, oldest first."""
    return tuple(PendingMerge.from_dict(record) for record in read_records(desk))


def find_pending(desk: Desk, wanted: str = "") -> PendingMerge:
    """The merge that waits, by its id or its execution; without either, the only one.

    Raises:
        NotFound: none does.
        UsageError: several do, and none is named.
    """
    found = [merge for merge in list_pending(desk) if not wanted or wanted in (merge.id, merge.execution)]
    if not found:
        raise NotFound("No merge waits for its conflicts", hint="'paracle git merge' begins one")
    if len(found) > 1 and not wanted:
        raise UsageError(
            f"{len(found)} merges wait",
            detail=", ".join(merge.execution or merge.id for merge in found),
            hint="name the execution",
        )
    return found[0]


async def keep_waiting(desk: Desk, merge: PendingMerge, conflicts: tuple[str, ...]) -> PendingMerge:
    """Record that ``merge`` waits for these paths, and how git has left them."""
    await note_conflicts(desk, merge)
    first = (await asyncio.to_thread(read_takes, desk, merge)).first
    waiting = replace(merge, left={path: first[path].blob for path in conflicts})
    await asyncio.to_thread(write_record, desk, merge.id, waiting.to_dict())
    return waiting


async def resolved(desk: Desk, merge: PendingMerge, *, hook_seconds: float = HOOK_SECONDS) -> Made:
    """Make the commit of a merge whose conflicts are resolved.

    Files that were edited and hold no marker any more are staged; whatever else is in conflict must have
    been decided.

    Raises:
        Unresolved: something is still in conflict.
        HookRefused, HookTimeout, NothingToMerge, GitError: see :func:`.merging.make`.
    """
    folder = Path(merge.folder)
    if not await asyncio.to_thread(folder.exists):
        raise NotFound(
            "The merge's work tree is gone",
            detail=str(folder),
            hint="'paracle git merge --abort', then again",
        )
    await _stage_edited(desk, merge)
    if left := await unmerged(folder):
        raise Unresolved(
            "There are conflicts left",
            detail=named(left),
            hint="edit the files in place, or 'git add' and 'git rm' them in the merge's work tree",
        )
    if done := await _done(merge):
        return Made(done)
    made = await resume(
        folder, merge.target_tip, merge.mode, merge.message, hook_seconds=hook_seconds, hold=()
    )
    if made.conflicts:  # the next of the commits that are replayed
        await keep_waiting(desk, merge, made.conflicts)
    return made


async def _stage_edited(desk: Desk, merge: PendingMerge) -> None:
    conflicts = await unmerged(Path(merge.folder))
    takes = await asyncio.to_thread(read_takes, desk, merge)
    ready = await asyncio.to_thread(
        lambda: [path for path in conflicts if is_resolved(takes, path, Path(merge.folder), merge.target_tip)]
    )
    if ready:
        await git(Path(merge.folder), "add", "--", *ready)


async def _done(merge: PendingMerge) -> str:
    """The commit that was made already, by hand or before it could not land; empty where there is none."""
    folder = Path(merge.folder)
    if await asyncio.to_thread(lambda: under_way(own_directory(folder))):
        return ""
    head = (await git(folder, "rev-parse", "HEAD")).text
    return "" if head == merge.target_tip else head


async def work_in(merge: PendingMerge, common: Path) -> dict[str, str]:
    """What a person may have done in the merge's work tree, as commits to keep by a name each."""
    folder = Path(merge.folder)
    if not await asyncio.to_thread(folder.exists):
        return {}
    kept = {}
    if snapshot := await take_snapshot(folder, common):
        kept[f"snapshot/{merge.id}"] = snapshot.commit
    head = (await git(folder, "rev-parse", "HEAD")).text
    if head != merge.target_tip:
        kept[f"commits/{head}"] = head
    return kept
