"""The work trees of executions: removed with what they hold kept, and made again as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from ..domain.errors import Conflict
from ..git.command import LONG, git
from ..git.deleting import remove_worktree
from ..git.failures import explained
from ..git.locks import HalfMade, Mark, abandoned, private_folder
from ..git.refs import HEADS
from ..git.removal import losses
from ..git.scratch import Desk
from ..git.snapshots import put_back, read_snapshot, take_snapshot
from ..git.tasks import to_the_end
from ..git.workplaces import Workplace
from ..git.worktrees import undo, unlock


async def keep_all(desk: Desk, place: Workplace) -> tuple[dict[str, str], str]:
    """Make commits of everything that only a work tree holds.

    Returns:
        The commits to keep by a name each, and the snapshot among them; empty where nothing is uncommitted.

    Raises:
        Conflict: it holds what no commit can keep.
        GitError: git could not read or write.
    """
    found = await losses(place, desk.files.folder)
    if found.other:
        raise Conflict(
            "The work tree holds something that cannot be kept",
            detail=f"{place.worktree}: {'; '.join(found.other)}",
            hint="finish it or move it out of the work tree, then try again",
        )
    commits = {f"commits/{commit}": commit for commit in found.commits}
    snapshot = await take_snapshot(place.worktree, desk.common, found.ignored)
    if snapshot is None:
        return commits, ""
    return {**commits, f"snapshot/{place.execution}": snapshot.commit}, snapshot.commit


async def remove_place(desk: Desk, place: Workplace, lock: int) -> None:
    """Remove a work tree whose content is kept."""
    await unlock(place)
    with explained(desk.common):
        await remove_worktree(desk.repository, place.worktree, "--force", hold=(lock,))


async def rebuild(desk: Desk, details: Mapping[str, Any], lock: int) -> None:
    """Make a work tree again, with the uncommitted work that was in it; one that is there stays as it is.

    Args:
        details: ``execution``, ``branch``, ``tip`` and ``snapshot`` as the discard has kept them.
    """
    execution = details["execution"]
    worktree = desk.state / "worktrees" / desk.key / execution
    await clear_places(desk)
    if await asyncio.to_thread(worktree.exists):
        return
    private_folder(desk.state / "worktrees")
    worktree.parent.mkdir(exist_ok=True)
    mark = Mark.set(
        worktree.parent, HalfMade(execution, str(desk.repository), str(worktree), "", details["tip"])
    )
    held = (lock, mark.descriptor)
    try:
        await git(
            desk.repository, "worktree", "add", "--quiet", "--no-checkout", "--", str(worktree),
            details["branch"].removeprefix(HEADS), hold=held,
        )  # fmt: skip
        await git(worktree, "reset", "--hard", "--quiet", seconds=LONG, hold=held)
        if details["snapshot"]:
            await put_back(worktree, desk.common, await read_snapshot(desk.repository, details["snapshot"]))
    except BaseException:
        await to_the_end(
            undo(HalfMade(execution, str(desk.repository), str(worktree), "", details["tip"]), mark)
        )
        raise
    mark.clear()


async def clear_places(desk: Desk) -> tuple[str, ...]:
    """Take back what killed starts left half-made; gives the executions' ids."""
    gone = []
    for mark, made in await asyncio.to_thread(lambda: list(abandoned(desk.state / "worktrees" / desk.key))):
        if made is None:
            mark.clear()
        else:
            await undo(made, mark)
            gone.append(made.execution)
    return tuple(gone)
