"""Files in work trees that need not be kept: their tools make them again, or they are elsewhere too."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterator
from pathlib import Path

_CACHE_TAG = b"Signature: 8a477f597d28d172789f06886806bc55"


def made_again(folder: Path) -> bool:
    """Whether a folder says that its content can be thrown away; see https://bford.info/cachedir/."""
    if folder.name == "__pycache__":
        return True
    try:
        with (folder / "CACHEDIR.TAG").open("rb") as tag:
            return tag.read(len(_CACHE_TAG)) == _CACHE_TAG
    except OSError:
        return False


def files_of(worktree: Path, listed: str) -> Iterator[Path]:
    """The files and links of one path that git lists, a folder where it ends in a slash.

    What says that it is made again is left out.
    """
    if any(made_again(worktree / parent) for parent in Path(listed).parents if parent.name):
        return
    if listed.endswith("/"):
        yield from _files_below(worktree / listed)
    else:
        yield worktree / listed


def _files_below(top: Path) -> Iterator[Path]:
    for name, folders, files in os.walk(top):
        folder = Path(name)
        if made_again(folder):
            folders.clear()
            continue
        yield from (folder / file for file in files)
        # os.walk() counts a link to a folder among the folders, but does not follow it.
        yield from (folder / linked for linked in folders if (folder / linked).is_symlink())


def is_elsewhere(ours: Path, theirs: Path) -> bool:
    """Whether ``ours`` is a link to ``theirs``, the same link, or a file with the same bytes."""
    try:
        if ours.is_symlink():
            target = ours.readlink()
            return target == theirs or (theirs.is_symlink() and target == theirs.readlink())
        return not theirs.is_symlink() and theirs.is_file() and filecmp.cmp(ours, theirs, shallow=False)
    except OSError:
        return False


def is_inside(worktree: Path, path: str) -> bool:
    """Whether no folder on the way to ``path`` is a link, so that it lies in the work tree itself."""
    parents = (worktree / parent for parent in Path(path).parents if parent.name)
    return not any(parent.is_symlink() for parent in parents)
