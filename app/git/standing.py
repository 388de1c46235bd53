"""How an execution's branch stands to a folder without git: whether its changes are there, or would fit.

Listed often and for many branches, so git is asked what the branch changes, and the files are hashed here;
a merge is tried only where a file is neither as it was at the fork nor as the branch has it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from dataclasses import dataclass

from ..domain.history import Figures, Merged
from .applying import ApplyConflicts, plan_change
from .checkouts import CheckoutBusy
from .command import LONG, git
from .diffs import changes, revisions
from .plain import mode_of
from .previews import NothingToMerge
from .tasks import together
from .working import Files

_GONE = ("000000", "")


async def stand(files: Files, base: str, tip: str) -> Figures:
    """The figures of a branch against the folder that it was copied from; nothing is ever ``behind`` there.

    Raises:
        GitError: git could not read.
    """
    where = files.repository
    ahead, changed = await together(
        git(where, "rev-list", "--count", f"^{base}", tip, "--"), changes(where, base, tip)
    )
    lines = [(max(0, change.added), max(0, change.removed)) for change in changed]
    merged, conflicts = await _outlook(files, base, tip)
    if not int(ahead.text):
        merged = Merged.ANCESTRY
    return Figures(
        int(ahead.text),
        0,
        len(changed),
        sum(added for added, _ in lines),
        sum(removed for _, removed in lines),
        merged,
        conflicts,
    )


async def _outlook(files: Files, base: str, tip: str) -> tuple[Merged, tuple[str, ...]]:
    touched = await _touched(files, base, tip)
    there = await asyncio.to_thread(_there, files, touched)
    if all(now == one.after for now, one in zip(there, touched, strict=True)):
        return Merged.CONTENT, ()
    if all(now == one.before for now, one in zip(there, touched, strict=True)):
        return Merged.NO, ()
    try:
        await plan_change(files, base, tip)
    except ApplyConflicts as error:
        return Merged.NO, error.paths
    except NothingToMerge:
        return Merged.CONTENT, ()
    except CheckoutBusy:
        pass  # a preview says what is in the way
    return Merged.NO, ()


@dataclass(frozen=True, slots=True)
class _Touched:
    """A path that differs, with git's mode and hash of what was and is there."""

    path: str
    before: tuple[str, str]
    after: tuple[str, str]


async def _touched(files: Files, base: str, tip: str) -> list[_Touched]:
    said = await git(
        files.repository, "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev",
        *revisions(base, tip), seconds=LONG,
    )  # fmt: skip
    fields = said.stdout.split(b"\0")[:-1]
    found = []
    for words, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old, new, _ = words.decode().lstrip(":").split(" ")
        found.append(_Touched(os.fsdecode(path), _side(old_mode, old), _side(new_mode, new)))
    return found


def _side(mode: str, name: str) -> tuple[str, str]:
    return _GONE if mode == _GONE[0] else (mode, name)


def _there(files: Files, touched: list[_Touched]) -> list[tuple[str, str]]:
    return [_identity(files, one.path, max(len(one.before[1]), len(one.after[1]))) for one in touched]


def _identity(files: Files, path: str, length: int) -> tuple[str, str]:
    """git's mode and hash for what is at ``path``; of what cannot be read, ones that nothing has."""
    mode = mode_of(files.folder, path)
    if mode is None or stat.S_ISDIR(mode):
        return _GONE
    file = files.folder / path
    try:
        if stat.S_ISLNK(mode):
            return "120000", _blob(os.fsencode(file.readlink()), length)
        if stat.S_ISREG(mode):
            return "100755" if mode & stat.S_IXUSR else "100644", _blob(file.read_bytes(), length)
    except OSError:
        pass
    return "", ""


def _blob(content: bytes, length: int) -> str:
    # Not for security: it is the name that git gives to the same bytes.
    new = hashlib.sha256 if length == 64 else hashlib.sha1
    return new(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
