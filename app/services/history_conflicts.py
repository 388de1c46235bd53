"""The conflicts of merges that wait: looked at, resolved block by block, and each of it taken back."""

from __future__ import annotations

from ..domain.conflict_blocks import Side
from ..domain.conflicts import Resolution, taken_words
from ..domain.errors import NotFound
from ..domain.history import PendingMerge
from ..domain.ids import shorten
from ..git import pending, resolving
from ..git.conflict_files import read_conflicts
from ..git.refs import HEADS
from ..git.takes import read_takes
from .history_session import Session


async def resolution(session: Session, wanted: str) -> Resolution:
    """How far a merge is resolved; see :func:`.history.resolution`."""
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


async def take(session: Session, wanted: str, path: str, side: Side, block: int) -> None:
    """Resolve a block or a file; see :func:`.history.take`."""
    pending.find_pending(await session.desk(), wanted)  # before anything is locked or written
    async with session.changing() as (desk, _):
        await resolving.take(desk, pending.find_pending(desk, wanted), path, side, block)


async def untake(session: Session, wanted: str) -> str:
    """Take back the last; see :func:`.history.untake`."""
    pending.find_pending(await session.desk(), wanted)
    async with session.changing() as (desk, _):
        return await resolving.untake(desk, pending.find_pending(desk, wanted))


async def keep_edits(session: Session, wanted: str) -> tuple[str, ...]:
    """Note what was edited by hand; see :func:`.history.keep_edits`."""
    desk = await session.desk()
    merge = pending.find_pending(desk, wanted)
    if not resolving.edited_paths(merge, read_takes(desk, merge)):
        return ()
    async with session.changing() as (desk, _):
        return await resolving.keep_edits(desk, pending.find_pending(desk, wanted))


def _theirs(session: Session, merge: PendingMerge) -> str:
    """The agent and the short id of the execution, as far as they are known."""
    if not merge.execution:
        return merge.branch
    try:
        agent = session.workspace.store.execution(merge.execution).agent
    except NotFound:
        agent = ""
    return f"{agent} {shorten(merge.execution)}".strip()
