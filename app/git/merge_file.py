"""One file merged by git, outside of any work tree."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..domain.conflict_blocks import SIZE, Side
from .command import LONG, git
from .failures import explained
from .temporary import temporary_folder

_ORDER: tuple[Side, ...] = ("ours", "base", "theirs")


async def merge_file(
    sides: Mapping[Side, bytes],
    *,
    labels: Sequence[str] = ("ours", "base", "theirs"),
    size: int = SIZE,
    union: bool = False,
) -> bytes:
    """The three-way merge of a text, with markers in the form that shows the base.

    Args:
        sides: ``ours``, ``theirs`` and, where there is one, ``base``, as the repository has them.
        labels: what stands behind the markers of ours, base and theirs.
        size: the length of the markers.
        union: take the lines of both in place of markers, ours first.

    Raises:
        GitError: it is not text, or git could not write.
    """
    options = [word for label in labels for word in ("-L", label)]
    options += ["--union"] if union else []
    with temporary_folder() as own:
        files = [own.folder / side for side in _ORDER]
        with explained(own.folder):
            for side, file in zip(_ORDER, files, strict=True):
                await asyncio.to_thread(file.write_bytes, sides.get(side, b""))
        merged = await git(
            own.folder, "merge-file", "-p", "--diff3", f"--marker-size={size}", *options, *map(str, files),
            accept=range(128), seconds=LONG, hold=(own.descriptor,),
        )  # fmt: skip
    return merged.stdout


async def smudged(folder: Path, path: str, content: bytes) -> bytes:
    """Content of the repository as a work tree has it at ``path``: line ends and filters applied."""
    blob = await git(folder, "hash-object", "-w", "--no-filters", "--stdin", stdin=content)
    return (await git(folder, "cat-file", "--filters", f"--path={path}", blob.text, seconds=LONG)).stdout
