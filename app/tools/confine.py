"""Keeps paths inside an execution's root, and writes inside what the agent may write.

A path is resolved the way the kernel does it, link by link, so that what is checked is what will be
opened. Opening happens in :mod:`.files`, which walks the resolved path without following any link:
something exchanged between the check and the use is refused there.
"""

from __future__ import annotations

import errno
import os
import stat
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.errors import OutsideRoot, ToolError, ToolRefused
from .globs import matches
from .reasons import os_reason

if TYPE_CHECKING:
    from ..domain.specs import Permissions

MAX_LINKS = 40
"""As many symlinks as Linux follows before it calls them a circle."""

_LOCAL = (".parac", ".local")
# HFS+ leaves these characters out when it compares names, so that ".g\u200cit" opens ".git".
_IGNORED = {
    code: None for code in (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF)
}


def resolve(root: Path, path: str | Path, *, for_write: bool) -> Path:
    """The real path that ``path`` means, which is ``root`` or below it.

    Args:
        root: The folder to stay in. It must exist; it may be a symlink itself.
        path: Relative to ``root``, or absolute. Its end need not exist yet.
        for_write: Whether it is going to be written: git's own files are then refused.

    Raises:
        OutsideRoot: it leads out of ``root``, or through a circle of links.
        ToolRefused: it is Paracle's own data, or git's and ``for_write``.
        ToolError: it is not a usable path.
    """
    written = os.fspath(path)
    _check_text(written)
    real_root = _real(root, "/")
    resolved = _real(written, real_root)
    inside = _below(real_root, resolved)
    if inside is None:
        raise OutsideRoot(
            f"'{written}' leads out of the folder this run may use",
            detail=f"it means {resolved}" if resolved != written else "",
            hint="name a path below the project, such as src/main.py",
        )
    _check_reserved(real_root, written, inside, for_write)
    return Path(resolved)


def relative(root: Path, resolved: Path) -> str:
    """``resolved``, an outcome of :func:`resolve`, as seen from ``root``, with ``/`` between names."""
    return _below(_real(root, "/"), str(resolved)) or "."


def check_write(permissions: Permissions, relative_path: str) -> None:
    """Refuse a write that none of ``permissions.write`` allows.

    Args:
        permissions: The agent's permissions.
        relative_path: The real path seen from the root, as :func:`relative` gives it.

    Raises:
        ToolRefused: no glob matches. The hint is the line that would allow it.
    """
    if any(matches(glob, relative_path) for glob in permissions.write):
        return
    allowed = ", ".join(permissions.write)
    wanted = ", ".join(f'"{glob}"' for glob in (*permissions.write, relative_path))
    raise ToolRefused(
        f"The agent may not write '{relative_path}'",
        detail=f"it may write {allowed}" if allowed else "it may write nothing",
        hint=f"to allow it, put this into the agent's spec: permissions: {{write: [{wanted}]}}",
    )


def _check_text(written: str) -> None:
    if not written:
        raise ToolError("The path is empty", hint="name a file, or '.' for the project folder")
    if "\0" in written:
        raise ToolError("A path cannot hold a NUL character", hint="check the path for a stray \\0")
    try:
        os.fsencode(written)
    except UnicodeEncodeError:
        raise ToolError("The path holds a character that no file name can have") from None
    if written == "~" or written.startswith("~/"):
        raise OutsideRoot(
            "'~', the home folder, is not within reach of a run",
            hint="name a path below the project, such as src/main.py",
        )


def _real(path: str | Path, start: str) -> str:
    """``path`` without symlinks, ``.`` and ``..``; the part that does not exist is taken as it is."""
    text = os.fspath(path)
    current = [] if text.startswith("/") else [name for name in start.split("/") if name]
    pending = text.split("/")[::-1]
    links = 0
    while pending:
        name = pending.pop()
        if name in ("", "."):
            continue
        if name == "..":
            del current[-1:]
            continue
        target = _link("/" + "/".join([*current, name]), text)
        if target is None:
            current.append(name)
            continue
        links += 1
        if links > MAX_LINKS:
            raise os_reason(OSError(errno.ELOOP, os.strerror(errno.ELOOP)), text)
        if target.startswith("/"):
            current = []
        pending.extend(target.split("/")[::-1])
    return "/" + "/".join(current)


def _link(path: str, written: str) -> str | None:
    """What the symlink at ``path`` points to; None where there is no symlink."""
    try:
        return os.readlink(path) if stat.S_ISLNK(os.lstat(path).st_mode) else None  # noqa: PTH115
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise os_reason(error, written) from error


def _below(real_root: str, resolved: str) -> str | None:
    """``resolved`` seen from ``real_root``: "" for the root itself, None where it is not inside."""
    if resolved == real_root:
        return ""
    prefix = real_root.rstrip("/") + "/"
    return resolved[len(prefix) :] if resolved.startswith(prefix) else None


def _check_reserved(real_root: str, written: str, inside: str, for_write: bool) -> None:
    as_written = _below(real_root, os.path.normpath(os.path.join(real_root, written)))  # noqa: PTH118
    for seen in {inside, as_written or ""}:
        names = tuple(_folded(name) for name in seen.split("/"))
        if _LOCAL in pairwise(names):
            raise _reserved_local(written)
        if for_write and ".git" in names:
            raise _reserved_git(written)
    # Where .git or .parac/.local is itself a link, its target has another name.
    resolved = f"{real_root.rstrip('/')}/{inside}"
    if _below(_real("/".join(_LOCAL), real_root), resolved) is not None:
        raise _reserved_local(written)
    if for_write and _below(_real(".git", real_root), resolved) is not None:
        raise _reserved_git(written)


def _folded(name: str) -> str:
    return name.translate(_IGNORED).casefold()


def _reserved_local(written: str) -> ToolRefused:
    return ToolRefused(
        f"'{written}' belongs to Paracle's own records",
        hint="tools never read or write .parac/.local; 'paracle runs' shows what it holds",
    )


def _reserved_git(written: str) -> ToolRefused:
    return ToolRefused(
        f"'{written}' belongs to git",
        hint="tools never write .git; a run's changes are committed for it",
    )
