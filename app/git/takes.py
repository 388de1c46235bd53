"""How the conflicts of a waiting merge were resolved so far, kept beside its record to be taken back.

Each thing that happened to a path in conflict, a side taken or an edit by hand, is an entry on a stack that
holds how the path stood before: its file as a blob, and its entries in the index. A ref below
``refs/paracle/merging/`` names all those blobs until the merge has ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from ..domain.conflict_blocks import SIZE
from ..domain.conflicts import BY_HAND, Kind
from ..domain.history import PendingMerge
from .command import LONG, git
from .failures import GitConflict
from .patches import contents
from .scratch import TAKEN, Desk, write_whole

FILE, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"

Stages = tuple[tuple[str, str, str], ...]
"""Entries of the index for one path: mode, object, and stage, which is 0 once it is resolved."""


class Unresolved(GitConflict):
    """There are conflicts left, or one cannot be resolved in the way that was asked for."""

    code = "git_unresolved"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a path stands. ``mode`` and ``blob`` are those of the file on the disk, empty where it is none."""

    mode: str = ""
    blob: str = ""
    stages: Stages = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Standing:
        """Read what :func:`dataclasses.asdict` wrote."""
        stages = tuple(cast(tuple[str, str, str], tuple(entry)) for entry in data["stages"])
        return cls(data["mode"], data["blob"], stages)

    def by_stage(self) -> dict[str, tuple[str, str]]:
        """Mode and object of each stage."""
        return {stage: (mode, blob) for mode, blob, stage in self.stages}

    def has_same_file(self, other: Standing) -> bool:
        """Whether the other one has the same file on the disk."""
        return (self.mode, self.blob) == (other.mode, other.blob)


@dataclass(frozen=True, slots=True)
class Taken:
    """Something that was done to a path. ``block`` 0 is the whole file."""

    path: str
    side: str
    block: int
    before: Standing


@dataclass(frozen=True, slots=True)
class Takes:
    """All that is known about the conflicts of one merge.

    Attributes:
        kinds: What conflicts, by path.
        sizes: The length of the markers of each path where it is not seven.
        first: How each path stood when git left it.
        known: How it stood after the last entry of the stack about it.
        stack: What was done, oldest first.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    first: Mapping[str, Standing] = field(default_factory=dict)
    known: Mapping[str, Standing] = field(default_factory=dict)
    stack: tuple[Taken, ...] = ()

    def size(self, path: str) -> int:
        """The length of the markers of a file."""
        return self.sizes.get(path, SIZE)

    def pushed(self, taken: Taken, now: Standing) -> Takes:
        """With one more entry, after which the path stands like this. Edits by hand in a row are one."""
        known = {**self.known, taken.path: now}
        last = self.stack[-1] if self.stack else None
        if last and taken.side == last.side == BY_HAND and taken.path == last.path:
            return replace(self, known=known)
        return replace(self, known=known, stack=(*self.stack, taken))

    def popped(self) -> Takes:
        """Without the newest entry."""
        last = self.stack[-1]
        return replace(self, known={**self.known, last.path: last.before}, stack=self.stack[:-1])

    def is_edited(self, path: str) -> bool:
        """Whether the last thing that happened to a path was an edit by hand."""
        return next((one.side == BY_HAND for one in reversed(self.stack) if one.path == path), False)

    def blobs(self) -> set[str]:
        """All that taking back may need."""
        every = [*self.first.values(), *self.known.values(), *(one.before for one in self.stack)]
        files = {standing.blob for standing in every if standing.blob}
        return files | {blob for one in every for mode, blob, _ in one.stages if mode != SUBMODULE}


def read_takes(desk: Desk, merge: PendingMerge) -> Takes:
    """What is known about a merge; nothing where it waits since before that was written down."""
    try:
        data = json.loads(desk.takes(merge.id).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Takes()
    return Takes(
        data["kinds"],
        data["sizes"],
        {path: Standing.from_dict(one) for path, one in data["first"].items()},
        {path: Standing.from_dict(one) for path, one in data["known"].items()},
        tuple(Taken(**{**one, "before": Standing.from_dict(one["before"])}) for one in data["stack"]),
    )


async def write_takes(desk: Desk, merge: PendingMerge, takes: Takes) -> None:
    """Write it down, once git holds all that it names."""
    entries = "".join(f"{FILE} blob {blob}\t{blob}\n" for blob in sorted(takes.blobs()))
    tree = await git(desk.repository, "mktree", stdin=entries.encode())
    await git(desk.repository, "update-ref", "--no-deref", f"{TAKEN}{merge.id}", tree.text)
    await asyncio.to_thread(write_whole, desk.takes(merge.id), asdict(takes))


def look_at(folder: Path, path: str, like: str) -> Standing:
    """The file at ``path`` as it is, without the index. ``like`` is a name of the repository's objects."""
    file = folder / path
    if lies_behind_link(folder, path):
        return Standing()
    try:
        found = file.lstat()
        if stat.S_ISLNK(found.st_mode):
            return Standing(LINK, blob_name(os.fsencode(file.readlink()), like))
        if stat.S_ISREG(found.st_mode):
            mode = PROGRAM if found.st_mode & stat.S_IXUSR else FILE
            return Standing(mode, blob_name(file.read_bytes(), like))
    except OSError:
        pass
    return Standing()


def lies_behind_link(folder: Path, path: str) -> bool:
    """Whether a folder on the way to ``path`` is a link, which may lead out of the work tree."""
    return any((folder / parent).is_symlink() for parent in list(Path(path).parents)[:-1])


def blob_name(content: bytes, like: str) -> str:
    """The name of a blob in a repository that has an object named ``like``."""
    algorithm = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    return algorithm(b"blob %d\0" % len(content) + content).hexdigest()


async def keep_files(folder: Path, standings: Mapping[str, Standing]) -> None:
    """Write the files that stand like this into the repository, byte for byte."""
    plain = [path for path, standing in standings.items() if standing.mode in (FILE, PROGRAM)]
    if plain:
        names = b"".join(_quoted(os.fsencode(folder / path)) + b"\n" for path in plain)
        await git(folder, "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names, seconds=LONG)
    for path, standing in standings.items():
        if standing.mode == LINK:
            target = await asyncio.to_thread((folder / path).readlink)
            await keep_blob(folder, os.fsencode(target))


async def keep_blob(repository: Path, content: bytes) -> str:
    """Write a blob; gives its name."""
    return (await git(repository, "hash-object", "-w", "--no-filters", "--stdin", stdin=content)).text


def _quoted(name: bytes) -> bytes:
    """A path on one line, as git reads it."""
    for raw, written in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
        name = name.replace(raw, written)
    return b'"' + name + b'"'


async def read_stages(folder: Path, *paths: str, unmerged: bool = False) -> dict[str, Stages]:
    """The entries of the index: those of ``paths``, or all that are in conflict."""
    options = ("--unmerged",) if unmerged else ("--stage",)
    said = await git(folder, "ls-files", *options, "-z", "--", *paths)
    found: dict[str, list[tuple[str, str, str]]] = {}
    for entry in said.stdout.decode("utf-8", "surrogateescape").split("\0"):
        if entry:
            head, _, path = entry.partition("\t")
            mode, blob, stage = head.split(" ")
            found.setdefault(path, []).append((mode, blob, stage))
    return {path: tuple(entries) for path, entries in found.items()}


async def write_stages(folder: Path, path: str, stages: Iterable[tuple[str, str, str]], like: str) -> None:
    """Give a path exactly these entries in the index."""
    lines = [f"0 {'0' * len(like)}\t{path}", *(f"{mode} {blob} {n}\t{path}" for mode, blob, n in stages)]
    text = "".join(f"{line}\0" for line in lines)
    await git(folder, "update-index", "-z", "--index-info", stdin=text.encode("utf-8", "surrogateescape"))


async def put_standing(desk: Desk, merge: PendingMerge, path: str, standing: Standing) -> None:
    """Make a path stand like this again, file and index."""
    folder = Path(merge.folder)
    if standing.mode:
        content = (await contents(folder, [standing.blob]))[standing.blob]
        await asyncio.to_thread(put_file, desk, merge, path, content, standing.mode)
    else:
        await asyncio.to_thread(remove_file, folder, path)
    await write_stages(folder, path, standing.stages, merge.target_tip)


def put_file(desk: Desk, merge: PendingMerge, path: str, content: bytes, mode: str) -> None:
    """Write a file of the work tree; the old one or the new one is there, whatever happens meanwhile.

    Raises:
        Unresolved: there is a folder in its place, or the way to it leads through a link.
    """
    folder = Path(merge.folder)
    file = folder / path
    if lies_behind_link(folder, path) or (file.is_dir() and not file.is_symlink()):
        raise Unresolved(
            f"{path} cannot be written: a folder or a link is in its place",
            detail=str(file),
            hint="move it out of the merge's work tree, then try again",
        )
    drafts = desk.drafts(merge.id)
    drafts.mkdir(exist_ok=True)
    draft = drafts / "file"
    draft.unlink(missing_ok=True)
    if mode == LINK:
        draft.symlink_to(os.fsdecode(content))
    else:
        draft.write_bytes(content)
        allowed = draft.stat().st_mode & 0o777
        # Who may read it may run it, as git has it.
        draft.chmod(allowed | (allowed & 0o444) >> 2 if mode == PROGRAM else allowed)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft.replace(file)


def remove_file(folder: Path, path: str) -> None:
    """Remove a file of the work tree, where there is one."""
    file = folder / path
    if not lies_behind_link(folder, path) and (file.is_symlink() or not file.is_dir()):
        file.unlink(missing_ok=True)


def sides_taken(takes: Takes, path: str, blocks: Sequence[int]) -> dict[int, str]:
    """By which side each block of a file was resolved, as far as sides were taken."""
    found: dict[int, str] = {}
    for one in takes.stack:
        if one.path == path and one.side != BY_HAND:
            found.update({one.block: one.side} if one.block else dict.fromkeys(blocks, one.side))
    return found
