"""Opens, reads and replaces files below the root without following a link on the way.

Each folder of the path is opened from the one above it with ``O_NOFOLLOW``, so nothing that another
process exchanges meanwhile can lead the tool elsewhere. All functions block: call them in a thread.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..domain.errors import ParacleError, ToolError
from .confine import relative, resolve
from .reasons import in_words

TEMPORARY_PREFIX = ".paracle-writing-"
"""How a file is called while it is being written; a crash can leave one behind, see :func:`clear_cut_off`."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def clear_cut_off(root: Path, paths: Iterable[str]) -> None:
    """Remove what writes to some paths below ``root`` have left behind that were cut off with their process.

    Nothing may be writing there. What cannot be removed stays.
    """
    for path in paths:
        with suppress(OSError, ParacleError):
            folder = relative(root, resolve(root, path, for_write=True)).rpartition("/")[0]
            with folder_of(root, folder) as parent:
                with os.scandir(parent) as entries:
                    left = [entry.name for entry in entries if entry.name.startswith(TEMPORARY_PREFIX)]
                for name in left:
                    os.unlink(name, dir_fd=parent)


def read_bytes(root: Path, path: str | Path, limit: int) -> bytes:
    """The first ``limit`` bytes of a regular file below ``root``.

    Raises:
        OutsideRoot, ToolRefused: see :func:`.confine.resolve`.
        ToolError: it does not exist, is a folder, a pipe or a device, or cannot be read.
    """
    resolved = resolve(root, path, for_write=False)
    with in_words(str(path)):
        return read_real(root, relative(root, resolved), limit)


def read_real(root: Path, real: str, limit: int) -> bytes:
    """As :func:`read_bytes` for a path that holds no link, with the ``OSError`` left as it is."""
    folder, _, name = real.rpartition("/")
    with folder_of(root, folder) as parent:
        _check_regular(os.stat(name or ".", dir_fd=parent, follow_symlinks=False), real)
        with os.fdopen(os.open(name, _READ, dir_fd=parent), "rb") as file:
            # Looked at again: the file may be another one since.
            _check_regular(os.fstat(file.fileno()), real)
            return file.read(limit)


def replace(root: Path, resolved: Path, data: bytes) -> None:
    """Put ``data`` at ``resolved``, at once or not at all; its mode stays, missing folders are made.

    Raises:
        OutsideRoot: the path leads elsewhere than when it was resolved.
        ToolError: it is not a regular file, or the operating system says no.
    """
    real = relative(root, resolved)
    folder, _, name = real.rpartition("/")
    with in_words(real), folder_of(root, folder, create=True) as parent:
        mode = _mode(parent, name, real)
        temporary = TEMPORARY_PREFIX + secrets.token_hex(8)
        try:
            _write(os.open(temporary, _NEW, 0o666, dir_fd=parent), data, mode)
            os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=parent)
            raise


def _write(descriptor: int, data: bytes, mode: int | None) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        if mode is not None:
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)


def _mode(parent: int, name: str, real: str) -> int | None:
    """The permission bits of the file that is there, None where there is none."""
    try:
        found = os.stat(name or ".", dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return None
    _check_regular(found, real)
    return stat.S_IMODE(found.st_mode) & 0o777


@contextmanager
def folder_of(root: Path, folder: str, *, create: bool = False) -> Iterator[int]:
    """A descriptor of ``folder``, a link-free path below ``root``; "" is the root itself.

    Raises:
        OSError: a folder is missing (and not to be created), or ``ELOOP`` where a link is met.
    """
    descriptor = os.open(root.resolve(), _FOLDER)
    try:
        for name in filter(None, folder.split("/")):
            below = _enter(descriptor, name, create)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _enter(parent: int, name: str, create: bool) -> int:
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except FileNotFoundError:
        if not create:
            raise
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
        return os.open(name, _FOLDER, dir_fd=parent)
    except NotADirectoryError:
        # Linux says this of a link too, where other systems say ELOOP.
        if stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name) from None
        raise


def _check_regular(found: os.stat_result, real: str) -> None:
    if stat.S_ISREG(found.st_mode):
        return
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), real)
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), real)
    raise ToolError(
        f"'{real}' is not a regular file",
        detail="it is a pipe, a socket or a device",
        hint="name a file; list_files shows them",
    )
