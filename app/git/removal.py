"""What would be lost with a work tree, beyond the branch that stays."""

from __future__ import annotations

import asyncio
import filecmp
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import GitError
from .command import LONG, git
from .status import read_status
from .workplaces import Workplace
from .worktrees import own_directory, pinned

_CACHE_TAG = b"Signature: 8a477f597d28d172789f06886806bc55"

# Operations and refs that git keeps with a work tree, not with the branch.
_UNDER_WAY = (
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "BISECT_LOG",
    "rebase-merge",
    "rebase-apply",
    "modules",
    "refs",
)


@dataclass(frozen=True, slots=True)
class Losses:
    """What only a work tree holds.

    Attributes:
        work: Changed and untracked files, relative to it; :mod:`.snapshots` can keep them.
        ignored: Ignored files that are nowhere else, relative to it; the same.
        commits: Commits that its branch does not remember.
        other: What no commit can keep, in words.
    """

    work: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    other: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.work or self.ignored or self.commits or self.other)

    def __iter__(self) -> Iterator[str]:
        yield from self.other
        yield from self.work
        yield from self.ignored
        yield from (f"commit {commit}" for commit in self.commits)


async def losses(place: Workplace, original: Path) -> Losses:
    """What only the work tree of ``place`` holds; false when it can go.

    What cannot be found out counts as a loss.

    Args:
        place: The workplace; its work tree exists.
        original: The user's folder that the top of the work tree corresponds to. An ignored file that is
            there with the same bytes is no loss.
    """
    try:
        pins = await asyncio.to_thread(pinned, place.worktree)
        status = await read_status(place.worktree, every=True, env=pins)
        in_submodules = await _in_submodules(place.worktree, pins)
    except GitError as error:
        return Losses(other=(f"unknown: {error}",))
    work = (*status.changed, *status.untracked)
    if status.branch != place.branch:
        other = (f"not on its branch but on {status.branch or status.commit}",)
        return Losses(work=work, other=other)
    return await asyncio.to_thread(_look, place, original, work, status.ignored, in_submodules)


def _look(
    place: Workplace,
    original: Path,
    work: tuple[str, ...],
    ignored: Sequence[str],
    in_submodules: Sequence[str],
) -> Losses:
    own = own_directory(place.worktree)
    only = _ignored_only_here(place.worktree, original, ignored)
    return Losses(
        work,
        tuple(str(Path(path).relative_to(place.worktree)) for path in only),
        tuple(_forgotten_commits(own)),
        (*_under_way(own), *in_submodules),
    )


async def _in_submodules(worktree: Path, pins: Mapping[str, str]) -> list[str]:
    """Submodules with anything in them: git neither commits nor reports a file in one that is not set up."""
    said = await git(worktree, "ls-files", "--stage", "-z", env=pins, seconds=LONG)
    entries = (entry.partition(b"\t") for entry in said.stdout.split(b"\0") if entry.startswith(b"160000 "))
    paths = [os.fsdecode(path) for _, _, path in entries]
    return await asyncio.to_thread(lambda: [path for path in paths if _filled(worktree / path)])


def _filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _under_way(own: Path) -> Iterator[str]:
    for name in _UNDER_WAY:
        entry = own / name
        if entry.is_file() or (entry.is_dir() and any(entry.iterdir())):
            yield f"git: {name}"


def _forgotten_commits(own: Path) -> Iterator[str]:
    """Commits that the work tree's HEAD has been at, and that its branch does not remember.

    The record of where HEAD was goes with the work tree; that of the branch stays.
    """
    head = own / "HEAD"
    name = head.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("ref: ").strip()
    common = (own / (own / "commondir").read_text(encoding="utf-8").strip()).resolve()
    remembered = _logged(common / "logs" / name)
    if remembered:
        yield from sorted(_logged(own / "logs" / "HEAD") - remembered)


def _logged(log: Path) -> set[str]:
    """The commits in a reflog, without the all-zero name that stands for none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return set()
    commits = {word for line in lines for word in line.split(" ", 2)[:2]}
    return {commit for commit in commits if commit.strip("0")}


def _ignored_only_here(worktree: Path, original: Path, ignored: Sequence[str]) -> Iterator[str]:
    for path in ignored:
        if any(_made_again(worktree / parent) for parent in Path(path).parents if parent.name):
            continue
        found = _files_below(worktree / path) if path.endswith("/") else iter((worktree / path,))
        for file in found:
            if not _same(file, original / file.relative_to(worktree)):
                yield str(file)


def _files_below(top: Path) -> Iterator[Path]:
    """The files and links in a folder, without what its tools make again."""
    for name, folders, files in os.walk(top):
        folder = Path(name)
        if _made_again(folder):
            folders.clear()
            continue
        yield from (folder / file for file in files)
        # os.walk() counts a link to a folder among the folders, but does not follow it.
        yield from (folder / linked for linked in folders if (folder / linked).is_symlink())


def _made_again(folder: Path) -> bool:
    """Whether a folder says that its content can be thrown away; see https://bford.info/cachedir/."""
    if folder.name == "__pycache__":
        return True
    try:
        with (folder / "CACHEDIR.TAG").open("rb") as tag:
            return tag.read(len(_CACHE_TAG)) == _CACHE_TAG
    except OSError:
        return False


def _same(ours: Path, theirs: Path) -> bool:
    """Whether both are the same link, or files with the same bytes."""
    try:
        if ours.is_symlink() or theirs.is_symlink():
            return ours.is_symlink() and theirs.is_symlink() and ours.readlink() == theirs.readlink()
        return theirs.is_file() and filecmp.cmp(ours, theirs, shallow=False)
    except OSError:
        return False
