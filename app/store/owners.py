"""Which processes are alive, told by file locks.

A process that runs executions holds a lock on a file of its own. The kernel lets go of it when the
process ends, however it ends, so a lock that can be had means a dead owner. Process ids would be
reused, and mean nothing in another container that shares the folder.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path

from ..domain.errors import StoreError


class Owner:
    """This process's sign of life. Held until :meth:`release` or the end of the process."""

    def __init__(self, folder: Path) -> None:
        self.id = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._path = _lock_path(folder, self.id)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                "This folder cannot hold executions", detail=str(error), hint="make it writable"
            ) from error
        fcntl.flock(self._handle, fcntl.LOCK_EX)

    def release(self) -> None:
        """Say that this process runs nothing any more."""
        self._path.unlink(missing_ok=True)
        os.close(self._handle)


def is_alive(folder: Path, owner: str) -> bool:
    """Whether the process that took this owner id still holds its lock.

    A lock that may not be looked at, such as another user's, counts as held: a run that goes on must
    not be marked as interrupted.
    """
    try:
        handle = os.open(_lock_path(folder, owner), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        _lock_path(folder, owner).unlink(missing_ok=True)
        return False
    finally:
        os.close(handle)


def process_of(folder: Path, owner: str) -> int | None:
    """The id of the live process behind an owner id; ``None`` where it is dead, or where this cannot be told.

    An id from another container or machine on the same folder means nothing here, or somebody else's
    process. Where the kernel says which files a process has open, the lock must be among them.
    """
    if not is_alive(folder, owner):
        return None
    pid = int(owner.partition("-")[0])
    descriptors = Path(f"/proc/{pid}/fd")
    if not Path("/proc/self/fd").exists():
        return pid
    try:
        lock = _lock_path(folder, owner).stat()
        held = any(_is_same(entry, lock) for entry in descriptors.iterdir())
    except OSError:
        return None
    return pid if held else None


def _is_same(entry: Path, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(entry.stat(), wanted)
    except OSError:  # closed meanwhile
        return False


def _lock_path(folder: Path, owner: str) -> Path:
    return folder / "owners" / f"{owner}.lock"
