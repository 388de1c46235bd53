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


def _lock_path(folder: Path, owner: str) -> Path:
    return folder / "owners" / f"{owner}.lock"
