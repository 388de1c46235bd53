"""Diffs between two trees as values, and new trees that take only a part of one.

A tree is put together in an index of its own in a temporary folder: neither the user's index nor any work
tree is read or written. What is accepted whole is taken by its hash, so it is the same to the last byte;
of a file that is accepted in part the lines are put together here rather than by ``git apply``, which knows
no part of a hunk.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..domain.diff_text import parse_diff
from ..domain.diffs import FileDiff, Place, Selection, apply_hunks, as_bytes, as_text, shown
from ..domain.errors import Conflict, NotFound
from .command import LONG, git
from .diffs import revisions
from .failures import GitFailed, explained
from .temporary import temporary_folder

CONTEXT_LINES = 3
"""Unchanged lines around a change, as git has it."""

_GONE = "000000"


async def diff_files(
    repository: Path,
    base: str,
    tip: str,
    *,
    context: int = CONTEXT_LINES,
    ignore_whitespace: bool = False,
) -> tuple[FileDiff, ...]:
    """What differs between two commits (or trees), by path.

    Args:
        context: Unchanged lines to show around each change.
        ignore_whitespace: Leave out changes of white space. A file with no others is there without hunks.

    Raises:
        GitError: one of the two does not exist.
    """
    options = ("--ignore-all-space",) if ignore_whitespace else ()
    said = await git(
        repository, "-c", "core.quotePath=true", "diff-tree", "-r", "--raw", "-p", "-M", "--full-index",
        "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative", "--submodule=short",
        "--ignore-submodules=none", "--inter-hunk-context=0", "--src-prefix=a/", "--dst-prefix=b/",
        f"-U{max(0, context)}", *options, *revisions(base, tip), seconds=LONG,
    )  # fmt: skip
    # Parsing a large one takes a while, and a screen may be waiting on this loop.
    return await asyncio.to_thread(parse_diff, said.stdout)


async def tree_with(repository: Path, base: str, tip: str, selection: Selection) -> str:
    """A new tree: ``base`` with what is accepted of its differences to ``tip``; gives the tree's hash.

    The mode and the new name of a file go with any accepted line of it. Of a deleted file that is accepted
    in part the other lines stay.

    Raises:
        NotFound: there is no difference in a file that is named.
        Conflict: lines are named that do not differ, a file that has no parts is to be taken in part, or
            what is accepted cannot stand beside what is not (a file and a folder of the same name).
        GitError: one of the two does not exist, or git cannot write.
    """
    files = {file.path: file for file in await diff_files(repository, base, tip)}
    whole, partly = _accepted(files, selection)
    _refuse_in_the_way(files, whole, partly)
    entries = _Entries()
    for file in whole:
        entries.take(file)
    with temporary_folder() as own, explained(repository):
        for part, blob in zip(partly, await _blobs(repository, own.folder, partly), strict=True):
            entries.take_part(part.file, blob)
        return await _written(repository, own.folder, base, entries)


@dataclass(frozen=True, slots=True)
class _Part:
    file: FileDiff
    places: frozenset[Place]


def _accepted(files: Mapping[str, FileDiff], selection: Selection) -> tuple[list[FileDiff], list[_Part]]:
    """The files that are accepted whole, and those of which a part is."""
    whole, partly = [], []
    for path in selection.parts:
        if path not in files:
            raise NotFound(
                f"Nothing differs in '{shown(path)}'",
                hint="look at the diff again: it may have changed, or the file has another name in it",
            )
        places = selection.of(files[path])
        if places is None:
            whole.append(files[path])
        elif places:
            partly.append(_Part(files[path], places))
    return whole, partly


def _refuse_in_the_way(
    files: Mapping[str, FileDiff], whole: Sequence[FileDiff], partly: Sequence[_Part]
) -> None:
    """Refuse a file below a file: git would drop one of the two and say nothing."""
    come = {file.path for file in whole if file.status != "D"} | {part.file.path for part in partly}
    gone = {file.old_path for file in whole if file.status in "DR"}
    gone |= {part.file.old_path for part in partly if part.file.status == "R"}
    stay = {file.old_path for file in files.values() if file.status in "DR"} - gone
    for upper, lower in ((stay, come), (come, stay)):
        for path in lower:
            if found := upper.intersection(map(str, PurePosixPath(path).parents)):
                raise Conflict(
                    "What is accepted cannot stand beside what is not",
                    detail=f"'{shown(found.pop())}' would be a file and the folder of '{shown(path)}'",
                    hint="one takes the place of the other: accept both changes, or none",
                )


class _Entries:
    """Changes to an index. What goes is told to git before what comes, so that names can be taken over."""

    def __init__(self) -> None:
        self._gone: list[bytes] = []
        self._come: list[bytes] = []

    def take(self, file: FileDiff) -> None:
        """The whole of a file's change."""
        if file.status in "DR":
            self._remove(file)
        if file.status != "D":
            self._come.append(_entry(file.new_mode, file.new_id, file.new_path))

    def take_part(self, file: FileDiff, blob: str) -> None:
        """A part of a file's change, with the content that comes of it."""
        if file.status == "R":
            self._remove(file)
        self._come.append(_entry(file.old_mode if file.status == "D" else file.new_mode, blob, file.path))

    def to_bytes(self) -> bytes:
        """The input of ``git update-index -z --index-info``."""
        return b"".join([*self._gone, *self._come])

    def _remove(self, file: FileDiff) -> None:
        self._gone.append(_entry(_GONE, "0" * len(file.old_id), file.old_path))


def _entry(mode: str, blob: str, path: str) -> bytes:
    return f"{mode} {blob}\t".encode() + as_bytes(path) + b"\0"


async def _blobs(repository: Path, folder: Path, parts: Sequence[_Part]) -> list[str]:
    """Write the content of each part as a blob."""
    if not parts:
        return []
    before = await contents(repository, [part.file.old_id for part in parts if part.file.status != "A"])
    names = []
    for number, part in enumerate(parts):
        old = as_text(before.get(part.file.old_id, b""))
        new = as_bytes(apply_hunks(old, part.file.hunks, part.places))
        names.append(folder / f"{number}")
        await asyncio.to_thread(names[-1].write_bytes, new)
    wanted = b"".join(os.fsencode(name) + b"\n" for name in names)
    said = await git(repository, "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=wanted)
    return said.text.split("\n")


async def contents(repository: Path, blobs: Sequence[str]) -> dict[str, bytes]:
    """What blobs hold, by their names.

    Raises:
        GitError: one of them is missing.
    """
    said = await git(
        repository, "cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in blobs).encode(), seconds=LONG
    )
    found, at = {}, 0
    for blob in blobs:
        end = said.stdout.index(b"\n", at)
        fields = said.stdout[at:end].split(b" ")
        if len(fields) != 3:
            raise GitFailed(
                "A file's content is missing in the repository",
                detail=f"blob {blob}",
                hint="'git fsck' tells more; a partial clone may have to fetch it",
            )
        size = int(fields[2])
        found[blob] = said.stdout[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return found


async def _written(repository: Path, folder: Path, base: str, entries: _Entries) -> str:
    index = {"GIT_INDEX_FILE": str(folder / "index")}
    # A split index would leave its shared half in the user's repository.
    whole = ("-c", "core.splitIndex=false")
    tree = (await git(repository, "rev-parse", "--verify", "--end-of-options", f"{base}^{{tree}}")).text
    await git(repository, *whole, "read-tree", tree, env=index, seconds=LONG)
    await git(repository, *whole, "update-index", "-z", "--index-info", stdin=entries.to_bytes(), env=index)
    return (await git(repository, *whole, "write-tree", env=index, seconds=LONG)).text
