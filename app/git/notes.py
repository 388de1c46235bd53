"""What of a user's folder is not part of an execution, said in sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ..domain.words import one_line
from .status import Status

_NAMED = 3
PROJECT = ".parac"


def unfinished_work(status: Status | None) -> tuple[str, ...]:
    """Sentences about work that is in no commit yet."""
    if status is None:
        return ()
    notes = []
    if changed := status.changed:
        files, are = ("file", "is") if len(changed) == 1 else ("files", "are")
        notes.append(
            f"{len(changed)} {files} with uncommitted changes {are} not part of this run ({named(changed)})"
        )
    # The project's own files are read from the user's folder as they are, committed or not.
    if untracked := [path for path in status.untracked if PROJECT not in PurePosixPath(path).parts]:
        paths, are = ("path", "is") if len(untracked) == 1 else ("paths", "are")
        notes.append(f"{len(untracked)} untracked {paths} {are} not part of this run ({named(untracked)})")
    return tuple(notes)


def without_content(worktree: Path) -> tuple[str, ...]:
    """Sentences about files that a fresh work tree has no content for: submodules and LFS."""
    notes = []
    modules = _read(worktree / ".gitmodules")
    if paths := re.findall(r"^\s*path\s*=\s*(.+?)\s*$", modules, re.MULTILINE):
        notes.append(f"Submodules are empty folders in this run ({named(paths)})")
    if re.search(r"\bfilter=lfs\b", _read(worktree / ".gitattributes")):
        notes.append("Files kept in Git LFS are pointers in this run")
    return tuple(notes)


def named(paths: Sequence[str]) -> str:
    """The first few of ``paths``, on one line."""
    shown = ", ".join(one_line(path.encode("utf-8", "backslashreplace").decode()) for path in paths[:_NAMED])
    return f"{shown}, …" if len(paths) > _NAMED else shown


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
