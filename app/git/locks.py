"""Locks between processes, and marks that let the next start clear what a killed one left.

Both are ``flock`` on small files in the state directory. The kernel frees them with the last process that
holds them. The git processes of a start inherit them, so an orphaned git still counts as alive.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from .failures import GitConflict
from .turns import turn

PATIENCE = 300.0
"""Seconds to wait for the other executions that start in the same repository."""


def key_of(path: Path) -> str:
    """A short name for a folder, the same in every process."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def project_key(project: Path) -> str:
    """The name of a project's folders in the state directory."""
    name = "".join(
        character if character.isalnum() and character.isascii() else "-" for character in project.name
    )
    return f"{name.strip('-')[:40] or 'project'}-{key_of(project)}"


def private_folder(path: Path) -> Path:
    """Make a folder of ours that no repository around it sees, should the state directory lie inside one."""
    path.mkdir(parents=True, exist_ok=True)
    ignore = path / ".gitignore"
    if not ignore.exists() or not ignore.stat().st_size:  # empty when the disk was full
        ignore.write_text("*\n", encoding="utf-8")
    return path


@asynccontextmanager
async def repository_lock(state: Path, common: Path, *, first: bool = False) -> AsyncIterator[int]:
    """Hold the lock of the repository whose common directory is ``common``; gives its file descriptor.

    Args:
        first: Come before those of this process that wait without it.

    Raises:
        GitConflict: others held it for :data:`PATIENCE` seconds.
    """
    path = private_folder(state / "locks") / f"git-{key_of(common)}.lock"
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(PATIENCE):
                await stack.enter_async_context(turn(str(path), first=first))
                descriptor = _open(path)
                stack.callback(os.close, descriptor)
                await _locked(descriptor)
        except TimeoutError:
            raise GitConflict(
                "Other executions keep the repository busy",
                detail=f"waited {PATIENCE:g} s for {common}",
                hint="try again when they have started",
            ) from None
        yield descriptor


async def _locked(descriptor: int) -> None:
    pause = 0.002
    while not _try(descriptor):
        # Polled, because a thread that waits in flock() cannot be cancelled.
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.02)


@dataclass(frozen=True, slots=True)
class HalfMade:
    """What an unfinished start may have left, to take it back. ``private`` is the repository of a copy."""

    execution: str
    repository: str
    worktree: str
    branch: str
    base: str
    private: str = ""


@dataclass(slots=True)
class Mark:
    """A file that exists, and is locked, from before a workplace is made until it is ready."""

    path: Path
    descriptor: int

    @classmethod
    def set(cls, folder: Path, made: HalfMade) -> Mark:
        """Write the mark. The repository's lock must be held."""
        path = folder / f"{made.execution}.opening"
        descriptor = _open(path)
        if not _try(descriptor):
            os.close(descriptor)
            raise GitConflict(
                f"Execution '{made.execution}' is being started elsewhere", hint="wait for the other start"
            )
        mark = cls(path, descriptor)
        try:
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(asdict(made)).encode())
        except OSError:
            mark.clear()
            raise
        return mark

    @staticmethod
    def is_set(folder: Path, execution: str) -> bool:
        """Whether a workplace is being made."""
        return (folder / f"{execution}.opening").exists()

    def clear(self) -> None:
        """The workplace is ready, or nothing of it is left."""
        # The file goes before the lock: whoever gets the lock then sees that the file is gone.
        self.path.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Leave the file for the next start to deal with."""
        with suppress(OSError):
            os.close(self.descriptor)


def abandoned(folder: Path) -> Iterator[tuple[Mark, HalfMade | None]]:
    """The marks whose process is gone, each locked now. The repository's lock must be held.

    A mark that cannot be read was cut off while it was written, before anything was made: it comes with
    ``None``.
    """
    for path in sorted(folder.glob("*.opening")):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        if not _try(descriptor) or not _still(path, descriptor):
            os.close(descriptor)
            continue
        try:
            made = HalfMade(**json.loads(os.pread(descriptor, 1 << 20, 0)))
        except (ValueError, TypeError):
            made = None
        yield Mark(path, descriptor), made


def _still(path: Path, descriptor: int) -> bool:
    """Whether the locked file is still the one on disk; a start that ended well has removed it meanwhile."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
