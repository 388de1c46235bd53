"""What the operating system said, in words a person or a model can act on."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..domain.errors import OutsideRoot, ToolError

_WORDS: dict[int, tuple[str, str]] = {
    errno.ENOENT: ("does not exist", "list_files shows what there is"),
    errno.ENOTDIR: (
        "does not exist: a file stands where a folder is needed",
        "list_files shows what there is",
    ),
    errno.EISDIR: ("is a folder", "name a file in it; list_files shows them"),
    errno.EEXIST: ("exists already", "choose another name"),
    errno.ENOTEMPTY: ("is a folder that is not empty", "choose another name"),
    errno.EACCES: ("may not be opened by this user", "check the owner and mode of the file and its folder"),
    errno.EPERM: ("may not be changed by this user", "check the owner and mode of the file and its folder"),
    errno.EROFS: ("is on a read-only file system", "write somewhere else, or mount it writable"),
    errno.ENOSPC: ("cannot be written: the disk is full", "free some space and try again"),
    errno.EDQUOT: ("cannot be written: the disk quota is used up", "free some space and try again"),
    errno.EFBIG: ("cannot be written: it would be too large for the file system", "write less"),
    errno.ENAMETOOLONG: ("has a name that is too long for the file system", "use shorter names"),
    errno.EMFILE: ("cannot be opened: too many files are open", "try again in a moment"),
    errno.ENFILE: ("cannot be opened: too many files are open", "try again in a moment"),
    errno.EIO: ("cannot be read or written: the disk reported an error", "check the disk"),
    errno.EILSEQ: ("has a name that the file system does not take", "use plain letters and digits"),
}


def os_reason(error: OSError, path: str = "") -> ToolError:
    """``error`` as a :class:`ToolError` about ``path``, else about the file that it names.

    A symlink met where the resolved path had none (``ELOOP``) is an :class:`OutsideRoot`: something
    was exchanged between the check and the use.
    """
    name = path or _named(error)
    what = f"'{name}'" if name else "A file"
    if error.errno == errno.ELOOP:
        return OutsideRoot(
            f"{what} leads through a symlink that cannot be followed safely",
            hint="name the real file; a circle of links has none",
        )
    known = _WORDS.get(error.errno or 0)
    if known is None:
        return ToolError(f"{what} cannot be used", detail=error.strerror or str(error))
    return ToolError(f"{what} {known[0]}", hint=known[1])


def _named(error: OSError) -> str:
    return os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""


@contextmanager
def in_words(path: str) -> Iterator[None]:
    """Turn any ``OSError`` of the block into a :class:`ToolError` about ``path``."""
    try:
        yield
    except OSError as error:
        raise os_reason(error, path) from error
