"""Commands of the project at work in a work tree, and what they leave there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ..domain.errors import GitError
from .failures import explained
from .prepared import Prepared, Stamp, change_prepared, stamp_of
from .status import Status, read_status
from .tasks import to_the_end
from .throwaway import files_of
from .worktrees import pinned


@asynccontextmanager
async def commands_at_work(worktree: Path) -> AsyncIterator[None]:
    """Let commands of the project run in the block; ignored files that they make are no work of anybody's.

    That holds however the block ends: half of what a package manager fetches is no more worth keeping.

    Raises:
        GitError: git cannot read the work tree, or it cannot be written down.
    """
    with explained(worktree):
        pins = await asyncio.to_thread(pinned, worktree)
        before = await _ignored_files(worktree, pins)
        try:
            yield
        except BaseException:
            # Why the block ended is what matters; what is not written down counts as somebody's work.
            with suppress(GitError, OSError):
                await to_the_end(_remember_made(worktree, pins, before))
            raise
        await to_the_end(_remember_made(worktree, pins, before))


async def uncommitted(worktree: Path) -> Status:
    """What a work tree of ours holds in no commit.

    Raises:
        GitError: git cannot read it.
    """
    return await read_status(worktree, every=True, env=await asyncio.to_thread(pinned, worktree))


async def _ignored_files(worktree: Path, pins: Mapping[str, str]) -> dict[str, Stamp]:
    """The ignored files of a work tree as they are now, without what says that it is made again."""
    status = await read_status(worktree, every=True, env=pins)

    def look() -> dict[str, Stamp]:
        found = (file for listed in status.ignored for file in files_of(worktree, listed))
        stamped = ((str(file.relative_to(worktree)), stamp_of(file)) for file in found)
        return {path: stamp for path, stamp in stamped if stamp is not None}

    return await asyncio.to_thread(look)


async def _remember_made(worktree: Path, pins: Mapping[str, str], before: Mapping[str, Stamp]) -> None:
    """Write down which ignored files commands of the project have made.

    Those are the ones that were not there before they ran, that earlier commands had made, or that were
    brought in as they are. What an agent has made stays its own, even where a command has touched it.

    Args:
        before: :func:`_ignored_files` from before they ran.

    Raises:
        GitError: git could not read.
        OSError: it cannot be written.
    """
    after = await _ignored_files(worktree, pins)

    def remembered(known: Prepared) -> Prepared:
        original = Path(known.original)

        def by_a_command(path: str, stamp: Stamp) -> bool:
            earlier = before.get(path)
            if path in known.included:
                # A copy has the time of its file.
                return earlier == stamp_of(original / path) != stamp
            return earlier is None or earlier == known.made.get(path)

        made = {path: stamp for path, stamp in after.items() if by_a_command(path, stamp)}
        return replace(known, made={**known.made, **made})

    await asyncio.to_thread(change_prepared, worktree, remembered)
