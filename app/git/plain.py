"""A folder without git, looked at path by path: what is there, what would be in the way, who may read it."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Looked:
    """Paths by what is at them.

    Attributes:
        present: A file or a link.
        absent: Nothing, a folder, or something behind a link or a file.
        unreadable: A file that must not be read, or neither file, link nor folder.
    """

    present: tuple[str, ...]
    absent: tuple[str, ...]
    unreadable: tuple[str, ...]


def look_at_paths(folder: Path, paths: Sequence[str]) -> Looked:
    """What is at ``paths``, relative to ``folder``; links are not followed."""
    present, absent, unreadable = [], [], []
    for path in paths:
        mode = mode_of(folder, path)
        if mode is None or stat.S_ISDIR(mode):
            absent.append(path)
        elif stat.S_ISLNK(mode) or (stat.S_ISREG(mode) and os.access(folder / path, os.R_OK)):
            present.append(path)
        else:
            unreadable.append(path)
    return Looked(tuple(present), tuple(absent), tuple(unreadable))


def mode_of(folder: Path, path: str) -> int | None:
    """The mode of what is at ``path`` itself, as ``lstat`` gives it; ``None`` where nothing is."""
    if any((folder / parent).is_symlink() for parent in _parents(path)):
        return None
    try:
        return (folder / path).lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def taken(folder: Path, arriving: Sequence[str], going: Collection[str]) -> list[str]:
    """The paths of ``arriving`` that cannot be written without harm to what is in the folder.

    That is where something else is in their place, or where the way there leads through a file, a link, or
    another repository.

    Args:
        going: The files that make room in the same step.
    """
    return [path for path in arriving if _is_taken(folder, path, going)]


def _is_taken(folder: Path, path: str, going: Collection[str]) -> bool:
    for parent in _parents(path):
        try:
            mode = (folder / parent).lstat().st_mode
        except FileNotFoundError:
            return False
        if parent in going:
            return False  # a file goes, and a folder comes
        if not stat.S_ISDIR(mode) or (folder / parent / ".git").exists():
            return True
    if (mode_of(folder, path) or 0) and stat.S_ISDIR((folder / path).lstat().st_mode):
        return any(inside not in going for inside in _files_below(folder, path))
    return os.path.lexists(folder / path)


def _parents(path: str) -> list[str]:
    """The folders that lead to ``path``, the outermost first."""
    return [str(parent) for parent in reversed(Path(path).parents) if parent.name]


def _files_below(folder: Path, path: str) -> Iterator[str]:
    for top, folders, files in os.walk(folder / path):
        linked = [name for name in folders if (Path(top) / name).is_symlink()]
        for name in (*files, *linked):
            yield str((Path(top) / name).relative_to(folder))


def permissions(folder: Path, paths: Sequence[str]) -> dict[str, int]:
    """Who may read and write the files among ``paths``: more than git keeps of them."""
    modes = ((path, mode_of(folder, path)) for path in paths)
    return {path: stat.S_IMODE(mode) for path, mode in modes if mode is not None and stat.S_ISREG(mode)}


def give_permissions(folder: Path, wanted: Mapping[str, int]) -> None:
    """Let files that git has written be read and written by those of ``wanted``.

    Whether a file can be executed stays as git has written it, for that is part of what changed.
    """
    for path, mode in wanted.items():
        now = mode_of(folder, path)
        if now is None or not stat.S_ISREG(now):
            continue
        if now & stat.S_IXUSR and not mode & stat.S_IXUSR:
            mode |= (mode & 0o444) >> 2
        elif not now & stat.S_IXUSR:
            mode &= ~0o111
        if stat.S_IMODE(now) != mode:
            (folder / path).chmod(mode)
