"""Work trees in the state directory in which merges are made, and which nobody else works in."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..domain.errors import GitError
from .command import LONG, git
from .failures import explained
from .locks import HalfMade, Mark, abandoned, private_folder, repository_lock
from .tasks import to_the_end
from .working import Files
from .worktrees import drop_cut_off, forget_worktree, undo

TAKEN = "refs/paracle/merging/"
"""Below it a ref for each merge that waits: what taking back needs is kept from git's clean-up by it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the scratch work trees of one project's repository go.

    Attributes:
        repository: The folder to run git in.
        common: The directory that all its work trees share.
        state: The state directory.
        key: The project's name in it.
        original: The user's folder, where it has no git and the repository is the private one of a copy.
    """

    repository: Path
    common: Path
    state: Path
    key: str
    original: Path | None = None

    @property
    def files(self) -> Files:
        """The user's files, to bring changes to."""
        return Files(self.original, self.repository) if self.original else Files(self.repository)

    @property
    def folder(self) -> Path:
        """The folder that holds them."""
        return self.state / "scratch" / self.key

    def worktree(self, name: str) -> Path:
        """The scratch work tree of this name."""
        return self.folder / name

    def record(self, name: str) -> Path:
        """The file that says what a work tree with conflicts waits for."""
        return self.folder / f"{name}.json"

    def takes(self, name: str) -> Path:
        """The file that says how its conflicts were resolved so far; see :mod:`.takes`."""
        return self.folder / f"{name}.takes"

    def drafts(self, name: str) -> Path:
        """A folder for files on their way into the work tree."""
        return self.folder / f"{name}.drafts"


@dataclass(slots=True)
class Scratch:
    """A scratch work tree. It goes at the end of the block unless it was told to :meth:`stay`."""

    folder: Path
    mark: Mark
    staying: bool = False

    def stay(self) -> None:
        """Leave it there, for a person to work in."""
        self.staying = True


@asynccontextmanager
async def scratch_worktree(desk: Desk, name: str, commit: str) -> AsyncIterator[Scratch]:
    """A work tree at ``commit``, on no branch; when the process is killed, :func:`clear` removes it."""
    folder = desk.worktree(name)
    made = HalfMade(name, str(desk.repository), str(folder), "", commit)
    with explained(desk.state):
        private_folder(desk.state / "scratch")
        desk.folder.mkdir(exist_ok=True)
        async with repository_lock(desk.state, desk.common):
            mark = Mark.set(desk.folder, made)
    scratch = Scratch(folder, mark)
    try:
        async with repository_lock(desk.state, desk.common) as lock:
            with explained(desk.common, desk.folder):
                await git(
                    desk.repository, "worktree", "add", "--quiet", "--no-checkout", "--detach", "--lock",
                    "--", str(folder), commit, hold=(lock, mark.descriptor),
                )  # fmt: skip
        with explained(folder):
            await git(folder, "reset", "--hard", "--quiet", seconds=LONG, hold=(mark.descriptor,))
        yield scratch
    finally:
        if scratch.staying:
            mark.clear()
        else:
            await to_the_end(_remove(desk, made, mark))


async def _remove(desk: Desk, made: HalfMade, mark: Mark) -> None:
    async with repository_lock(desk.state, desk.common):
        await undo(made, mark)
        if desk.takes(made.execution).exists():
            await _forget_takes(desk, made.execution)


async def clear(desk: Desk) -> tuple[str, ...]:
    """Remove what killed processes left; the repository's lock must be held. Gives the names."""
    await asyncio.to_thread(drop_cut_off, desk.common, desk.state)
    gone = []
    for mark, made in await asyncio.to_thread(lambda: list(abandoned(desk.folder))):
        # One that waits for a person has its record from before it lost its mark.
        if made is None or desk.record(made.execution).exists():
            mark.clear()
        else:
            await undo(made, mark)
            await _forget_takes(desk, made.execution)
            gone.append(made.execution)
    return tuple(gone)


async def remove(desk: Desk, name: str) -> None:
    """Remove a work tree that waited for a person, and its record. The repository's lock must be held."""
    folder = desk.worktree(name)
    try:
        await forget_worktree(desk.repository, folder, locked=True)
    except GitError:
        if folder.exists():
            raise
    if folder.exists():
        await asyncio.to_thread(shutil.rmtree, folder)
    await _forget_takes(desk, name)
    # Last: without it nobody would look for the rest.
    desk.record(name).unlink(missing_ok=True)


async def _forget_takes(desk: Desk, name: str) -> None:
    await git(desk.repository, "update-ref", "--no-deref", "-d", f"{TAKEN}{name}")
    await asyncio.to_thread(shutil.rmtree, desk.drafts(name), ignore_errors=True)
    desk.takes(name).unlink(missing_ok=True)
    for part in desk.folder.glob(f"{name}.*.part"):  # of a process that was killed while it wrote
        part.unlink(missing_ok=True)


def write_record(desk: Desk, name: str, data: Mapping[str, Any]) -> None:
    """Keep what a work tree waits for; whole or not at all, whatever happens meanwhile."""
    write_whole(desk.record(name), data)


def write_whole(path: Path, data: Mapping[str, Any]) -> None:
    """Write a file of JSON; the old one or the new one is there, whatever happens meanwhile."""
    part = path.with_suffix(path.suffix + ".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read_records(desk: Desk) -> list[dict[str, Any]]:
    """What all work trees with conflicts wait for, oldest first."""
    paths = sorted(desk.folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]
