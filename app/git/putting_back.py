"""Files that a failing git command has written in part, as they were.

Where the disk fills up, a folder may not be written or a lock is in the way, git stops in the middle: some
files are new, one is cut short, some are gone. Its index is written last, and a branch after that.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import GitError
from .command import LONG, git
from .diffs import revisions
from .failures import GitFailed, GitTimeout, explained
from .snapshots import is_there

_NOTHING_WRITTEN = re.compile(
    r"would be overwritten|would be removed|would lose untracked|not uptodate|overlaps"
    r"|possible to fast-forward|Unable to create '[^']*index\.lock'"
)
"""What git says when it has only looked."""


class HalfWritten(GitFailed):
    """Files were changed in part, and could not be put back as they were."""

    code = "git_half_written"


@dataclass(frozen=True, slots=True)
class _Way:
    folder: Path
    before: str
    after: str
    env: Mapping[str, str] | None


@asynccontextmanager
async def whole_or_not_at_all(
    folder: Path, before: str, after: str, *, env: Mapping[str, str] | None = None
) -> AsyncIterator[None]:
    """Run a git command that takes files from one commit to another; when it fails, put back what it began.

    Args:
        folder: The top of a work tree whose files are as ``before`` has them.
        env: The variables that name the index, which says the same, and how files are written.

    Raises:
        HalfWritten: the command failed, and so did putting back.
        GitError: the command failed; the files are as they were.
    """
    try:
        with explained(folder):  # here, since afterwards there is room again on a disk that was full
            yield
    except (GitFailed, GitTimeout) as error:
        if isinstance(error, GitFailed) and _NOTHING_WRITTEN.search(error.said):
            raise
        try:
            await _put_back(_Way(folder, before, after, env))
        except GitError as second:
            raise HalfWritten(
                "Files were changed in part, and could not be put back",
                detail=f"{folder}: {error.detail}\n{second.detail}",
                hint=f"mend what is named, then 'git checkout {before[:12]} -- FILE' brings a file back",
            ) from error
        raise


async def _put_back(way: _Way) -> None:
    changes = await _changes(way)
    paths = {path for _, path in changes}
    index = await git(
        way.folder, "diff-index", "--cached", "--name-only", "-z", way.after, "--", env=way.env, seconds=LONG
    )
    if paths.isdisjoint(index.stdout.split(b"\0")):
        # Everything was written but the branch.
        await git(way.folder, "read-tree", "-m", "-u", way.after, way.before, env=way.env, seconds=LONG)
        return
    # What came goes first: on a full disk that makes room for the rest.
    new = [os.fsdecode(path) for kind, path in changes if kind == b"A"]
    await asyncio.to_thread(_remove, way.folder, new)
    differing = await git(way.folder, "diff-files", "--name-only", "-z", env=way.env, seconds=LONG)
    wanted = paths.intersection(differing.stdout.split(b"\0"))
    await git(
        way.folder, "checkout-index", "--force", "--quiet", "-z", "--stdin",
        stdin=b"".join(path + b"\0" for path in sorted(wanted)), env=way.env, seconds=LONG,
    )  # fmt: skip
    await git(way.folder, "update-index", "-q", "--refresh", env=way.env, accept=range(256), seconds=LONG)


async def _changes(way: _Way) -> Sequence[tuple[bytes, bytes]]:
    said = await git(
        way.folder, "diff-tree", "-r", "-z", "--no-renames", "--name-status",
        *revisions(way.before, way.after), env=way.env, seconds=LONG,
    )  # fmt: skip
    fields = iter(said.stdout.split(b"\0"))
    return [(kind, next(fields)) for kind in fields if kind]


def _remove(folder: Path, paths: Sequence[str]) -> None:
    for path in filter(lambda path: is_there(folder, path), paths):
        (folder / path).unlink()
        for parent in list(Path(path).parents)[:-1]:
            with suppress(OSError):  # something else is in it
                (folder / parent).rmdir()
