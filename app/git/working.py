"""The user's files as they are, committed or not, read as a tree without touching index, files or stash."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from .checkouts import CheckoutBusy, under_way
from .command import LONG, git
from .commits import commit_tree, stage_all
from .failures import GitConflict
from .notes import named
from .plain import look_at_paths
from .temporary import temporary_folder


@dataclass(frozen=True, slots=True)
class Files:
    """The user's files.

    Attributes:
        folder: The top of a work tree, or a folder without git.
        private: For the latter the repository that its files were copied into.
    """

    folder: Path
    private: Path | None = None

    @property
    def repository(self) -> Path:
        """The folder to run git in for commits and trees."""
        return self.private or self.folder


@dataclass(frozen=True, slots=True)
class Reading:
    """Files as a tree. ``env`` names the index they were read with, ``descriptor`` what keeps that alive."""

    tree: str
    env: Mapping[str, str]
    descriptor: int


async def commit_of_files(folder: Path) -> str:
    """All files of a work tree that are not ignored as a commit on HEAD; HEAD itself where nothing differs.

    Raises:
        CheckoutBusy: a merge or the like is under way there.
        GitError: git could not read or write.
    """
    async with files_as_tree(Files(folder)) as now:
        pass
    head, committed = (await git(folder, "rev-parse", "HEAD", "HEAD^{tree}")).text.split("\n")
    if now.tree == committed:
        return head
    message = "chore: uncommitted changes, as the run began with them\n"
    return await commit_tree(folder, now.tree, message, head)


@asynccontextmanager
async def files_as_tree(files: Files, start: str = "", paths: Sequence[str] = ()) -> AsyncIterator[Reading]:
    """The user's files as a tree.

    Of a work tree that is every file that git does not ignore, and those of ``paths``. A folder without git
    is read at ``paths`` alone; elsewhere the tree is as ``start`` has it: what no change concerns needs not
    be read, however large the folder is, and whether it is ignored by now does not matter.

    Raises:
        CheckoutBusy: a merge or the like is under way there, or something cannot be read as a file.
        GitConflict: it is a bare repository.
        GitError: git could not read or write.
    """
    with temporary_folder() as own:
        env = {"GIT_INDEX_FILE": str(own.folder / "index")}
        if files.private:
            env |= {"GIT_DIR": str(files.private / ".git"), "GIT_WORK_TREE": str(files.folder)}
            await git(files.folder, "read-tree", start, env=env, seconds=LONG)
        else:
            await _stage_work_tree(files.folder, own.folder / "index", env)
        await _stage_paths(files, paths, env)
        tree = await git(files.folder, "write-tree", env=env, seconds=LONG)
        yield Reading(tree.text, env, own.descriptor)


async def _stage_work_tree(folder: Path, index: Path, env: Mapping[str, str]) -> None:
    said = await git(folder, "rev-parse", "--is-inside-work-tree", "--absolute-git-dir")
    inside, own_name = said.text.split("\n", 1)
    if inside != "true":
        raise GitConflict(
            "There are no files here to work on",
            detail=f"{folder} is a bare repository",
            hint="'paracle git merge' brings the changes into a branch; files are where that is checked out",
        )
    own = Path(own_name)
    if words := await asyncio.to_thread(under_way, own):
        raise refused(f"{words} is under way", folder)
    if await asyncio.to_thread((own / "index").exists):
        # With its time: by that git knows which files may have changed in the instant it was written.
        await asyncio.to_thread(shutil.copy2, own / "index", index)
    await stage_all(folder, env)


async def _stage_paths(files: Files, paths: Sequence[str], env: Mapping[str, str]) -> None:
    found = await asyncio.to_thread(look_at_paths, files.folder, paths)
    if found.unreadable:
        raise refused(f"{named(found.unreadable)}: cannot be read as a file", files.folder)
    # What a work tree lacks is gone from the index by now, and a submodule only looks as if it were.
    absent = found.absent if files.private else ()
    # It goes first, so that a folder can take the place of a file.
    for option, some in (("--force-remove", absent), ("--add", found.present)):
        if some:
            names = b"".join(os.fsencode(path) + b"\0" for path in some)
            await git(
                files.folder, "update-index", option, "-z", "--stdin", stdin=names, env=env, seconds=LONG
            )  # fmt: skip


def refused(why: str, folder: Path) -> CheckoutBusy:
    """The refusal to read or write a folder as it is now."""
    return CheckoutBusy(
        "The folder cannot take the changes now",
        detail=f"{folder}: {why}",
        hint="finish or move away what is named, then try again",
    )
