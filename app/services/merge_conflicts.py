"""The conflicts of merges that wait: looked at, resolved block by block, and each of it taken back.

Each call may block, and may be made from any thread that runs no event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from ..domain.conflict_blocks import Side
from ..domain.conflicts import Resolution, taken_words
from ..domain.errors import NotFound
from ..domain.history import PendingMerge
from ..domain.ids import shorten
from ..git import conflict_files, pending, resolving
from ..git.conflict_files import read_conflicts
from ..git.refs import HEADS
from ..git.takes import read_takes
from .history_session import Session
from .workspace import Workspace


def resolution(workspace: Workspace, wanted: str = "") -> Resolution:
    """How far the conflicts of a merge that waits are resolved, and what its sides are called.

    Raises:
        NotFound: none waits.
        UsageError: several wait, and none is named.
    """

    async def work() -> Resolution:
        session = Session(workspace)
        desk = await session.desk()
        merge = pending.find_pending(desk, wanted)
        stack = read_takes(desk, merge).stack
        return Resolution(
            merge.id,
            merge.execution,
            merge.folder,
            merge.target.removeprefix(HEADS),
            _theirs(session, merge),
            await read_conflicts(desk, merge),
            taken_words(stack[-1].path, stack[-1].side, stack[-1].block) if stack else "",
        )

    return asyncio.run(work())


def look_of(folder: Path, paths: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """A value that is another one whenever :func:`resolution` may be; found without running git.

    Args:
        folder: the work tree of the merge.
        paths: what is in conflict in it.
    """
    return conflict_files.look_of(folder, paths)


def take(workspace: Workspace, path: str, side: Side, *, block: int | None = None, wanted: str = "") -> None:
    """Resolve a block or a file of a merge that waits: as base, ours or theirs has it, or the lines of both.

    Args:
        path: from the top of the repository.
        side: ``both`` is the lines of ours, then those of theirs.
        block: its number as :func:`resolution` gives it; without it, the whole file.

    Raises:
        NotFound: no merge waits, the path was not in conflict, or has no such block.
        Conflict: the block is resolved already.
        Unresolved: it cannot be resolved like this.
    """

    async def work() -> None:
        session = Session(workspace)
        pending.find_pending(await session.desk(), wanted)  # before anything is locked or written
        async with session.changing() as (desk, _):
            await resolving.take(desk, pending.find_pending(desk, wanted), path, side, block or 0)

    asyncio.run(work())


def untake(workspace: Workspace, wanted: str = "") -> str:
    """Take back what was done last to a merge's conflicts, and what before that on the next call.

    Returns:
        What was taken back, in words: ``app.py, block 2: ours``.

    Raises:
        NotFound: no merge waits, or nothing was done yet.
    """

    async def work() -> str:
        session = Session(workspace)
        pending.find_pending(await session.desk(), wanted)
        async with session.changing() as (desk, _):
            return await resolving.untake(desk, pending.find_pending(desk, wanted))

    return asyncio.run(work())


def keep_edits(workspace: Workspace, wanted: str = "") -> tuple[str, ...]:
    """Let :func:`untake` know of what was edited by hand in a merge's work tree; gives the paths.

    Raises:
        NotFound: no merge waits.
    """

    async def work() -> tuple[str, ...]:
        session = Session(workspace)
        desk = await session.desk()
        merge = pending.find_pending(desk, wanted)
        if not resolving.edited_paths(merge, read_takes(desk, merge)):
            return ()
        async with session.changing() as (desk, _):
            return await resolving.keep_edits(desk, pending.find_pending(desk, wanted))

    return asyncio.run(work())


def _theirs(session: Session, merge: PendingMerge) -> str:
    """The agent and the short id of the execution, as far as they are known."""
    if not merge.execution:
        return merge.branch
    try:
        agent = session.workspace.store.execution(merge.execution).agent
    except NotFound:
        agent = ""
    return f"{agent} {shorten(merge.execution)}".strip()
