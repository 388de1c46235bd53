"""Merges that wait for their conflicts to be resolved: looked at, resolved, continued, given up."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from ..domain.errors import NotFound, UsageError
from ..domain.history import PendingMerge
from .archive import kept_commits
from .checkouts import under_way
from .command import git
from .failures import GitConflict
from .merging import HOOK_SECONDS, Made, resume, unmerged
from .notes import named
from .refs import move_refs
from .scratch import Desk, read_records, write_record
from .snapshots import take_snapshot
from .worktrees import own_directory

Side = Literal["base", "ours", "theirs", "both"]

_STAGES = {"base": "1", "ours": "2", "theirs": "3"}
_MARKER = re.compile(rb"^(<{7}|>{7})( |$)", re.MULTILINE)


class MergeConflicts(GitConflict):
    """A merge has conflicts. It waits in a work tree of its own; nothing of the user's has changed."""

    code = "git_merge_conflicts"

    def __init__(self, pending: PendingMerge) -> None:
        super().__init__(
            f"{pending.branch} conflicts with {pending.target.removeprefix('refs/heads/')}",
            detail="\n".join(pending.paths),
            hint=f"resolve them in {pending.folder}, then 'paracle git merge --continue', or '--abort'",
        )
        self.pending = pending


class Unresolved(GitConflict):
    """There are conflicts left."""

    code = "git_unresolved"


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
    """Record that ``merge`` waits for these paths."""
    folder = Path(merge.folder)
    left = await asyncio.to_thread(lambda: {path: _hash(folder / path) for path in conflicts})
    waiting = replace(merge, left=left)
    await asyncio.to_thread(write_record, desk, merge.id, waiting.to_dict())
    return waiting


async def take(desk: Desk, merge: PendingMerge, path: str, side: Side) -> None:
    """Resolve one path as one side has it, or with the lines of both, ours first.

    What was typed there before is kept in the archive.

    Raises:
        Unresolved: that side has no such file, or the lines of both cannot be put together.
        NotFound: the path is not in conflict.
    """
    folder = Path(merge.folder)
    stages = await _stages(folder, path)
    if not stages:
        raise NotFound(f"{path} is not in conflict", hint="'paracle git merge --show' lists what is")
    await _keep_typed(desk, merge, path)
    if side == "both":
        await _both(folder, path, stages)
    elif _STAGES[side] in stages:
        mode, blob = stages[_STAGES[side]]
        entry = f"{mode} {blob}\t{path}".encode("utf-8", "surrogateescape") + b"\0"
        await git(folder, "update-index", "-z", "--index-info", stdin=entry)
        await git(folder, "checkout-index", "--force", "--", path)
    else:
        await git(folder, "rm", "--quiet", "--force", "--", path)


async def _keep_typed(desk: Desk, merge: PendingMerge, path: str) -> None:
    folder = Path(merge.folder)
    if await asyncio.to_thread(_hash, folder / path) in ("", merge.left.get(path)):
        return
    if snapshot := await take_snapshot(folder, desk.common):
        # Under a name of its own: what an operation has kept goes again when it does not come about.
        kept = kept_commits(f"{merge.id}-typed", {snapshot.commit: snapshot.commit})
        await move_refs(desk.repository, kept)


async def _both(folder: Path, path: str, stages: Mapping[str, tuple[str, str]]) -> None:
    if not {"2", "3"} <= stages.keys():
        raise Unresolved(f"{path} is on one side only", hint="take ours or theirs")
    blobs = [stages[stage][1] if stage in stages else "" for stage in "213"]
    texts = [(await git(folder, "cat-file", "blob", blob)).stdout if blob else b"" for blob in blobs]
    # merge-file works on files: beside the work tree, where nothing else looks.
    names = [f"{folder.name}.{number}.merging" for number in range(3)]
    files = [folder.parent / name for name in names]
    try:
        for file, text in zip(files, texts, strict=True):
            await asyncio.to_thread(file.write_bytes, text)
        merged = await git(folder, "merge-file", "-p", "--union", *map(str, files), accept=range(128))
    finally:
        for file in files:
            file.unlink(missing_ok=True)
    await asyncio.to_thread((folder / path).write_bytes, merged.stdout)
    await git(folder, "add", "--", path)


async def _stages(folder: Path, path: str) -> dict[str, tuple[str, str]]:
    said = await git(folder, "ls-files", "--unmerged", "-z", "--", path)
    found = {}
    for entry in said.stdout.decode("utf-8", "surrogateescape").split("\0"):
        if entry:
            mode, blob, stage = entry.partition("\t")[0].split(" ")
            found[stage] = (mode, blob)
    return found


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
    await _stage_edited(folder, merge)
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


async def _stage_edited(folder: Path, merge: PendingMerge) -> None:
    conflicts = await unmerged(folder)
    ready = await asyncio.to_thread(
        lambda: [path for path in conflicts if _is_edited(folder / path, merge.left.get(path, ""))]
    )
    if ready:
        await git(folder, "add", "--", *ready)


def _is_edited(file: Path, left: str) -> bool:
    try:
        return _hash(file) != left and not _MARKER.search(file.read_bytes())
    except OSError:
        return False


def _hash(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


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
