"""The user's files as they are, committed or not, read as a tree without touching index, files or stash."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from .checkouts import CheckoutBusy, under_way
from .command import LONG, git
from .commits import commit_tree, stage_all


async def commit_of_files(folder: Path) -> str:
    """All files of a work tree that are not ignored as a commit on HEAD; HEAD itself where nothing differs.

    Raises:
        CheckoutBusy: a merge or the like is under way there.
        GitError: git could not read or write.
    """
    async with files_as_tree(folder) as (tree, _):
        pass
    head, committed = (await git(folder, "rev-parse", "HEAD", "HEAD^{tree}")).text.split("\n")
    if tree == committed:
        return head
    return await commit_tree(folder, tree, "chore: uncommitted changes, as the run began with them\n", head)


@asynccontextmanager
async def files_as_tree(folder: Path) -> AsyncIterator[tuple[str, Mapping[str, str]]]:
    """The tree of all files in a work tree that are not ignored, and the index it was read with."""
    own = Path((await git(folder, "rev-parse", "--absolute-git-dir")).text)
    if words := await asyncio.to_thread(under_way, own):
        raise refused(f"{words} is under way", folder)
    with tempfile.TemporaryDirectory(prefix="paracle-") as name:
        index = Path(name) / "index"
        if await asyncio.to_thread((own / "index").exists):
            # With its time: by that git knows which files may have changed in the instant it was written.
            await asyncio.to_thread(shutil.copy2, own / "index", index)
        env = {"GIT_INDEX_FILE": str(index)}
        await stage_all(folder, env)
        yield (await git(folder, "write-tree", env=env, seconds=LONG)).text, env


def refused(why: str, folder: Path) -> CheckoutBusy:
    """The refusal to read or write a folder as it is now."""
    return CheckoutBusy(
        "The folder cannot take the changes now",
        detail=f"{folder}: {why}",
        hint="finish or move away what is named, then try again",
    )
