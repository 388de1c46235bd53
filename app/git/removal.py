"""What would be lost with a work tree, beyond the branch that stays."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import GitError
from .command import LONG, git
from .prepared import Prepared, read_prepared
from .status import read_status
from .tasks import together
from .throwaway import files_of, is_elsewhere
from .workplaces import Workplace
from .worktrees import common_dir_by, own_directory, pinned

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
            there with the same bytes, or is a link to it, is no loss; neither is one that the project's own
            commands have made, and that nobody has changed since.
    """
    try:
        pins = await asyncio.to_thread(pinned, place.worktree)
        status, in_submodules = await together(
            read_status(place.worktree, every=True, env=pins), _in_submodules(place.worktree, pins)
        )
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
    prepared = read_prepared(place.worktree)
    # Whatever the work tree's own rules say by now, these are ignored files.
    included = [path for path in work if path in prepared.included]
    return Losses(
        tuple(path for path in work if path not in prepared.included),
        tuple(_ignored_only_here(place.worktree, original, (*ignored, *included), prepared)),
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
    remembered = _logged(common_dir_by(own) / "logs" / name)
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


def _ignored_only_here(
    worktree: Path, original: Path, listed: Sequence[str], prepared: Prepared
) -> Iterator[str]:
    for path in listed:
        for file in files_of(worktree, path):
            below = str(file.relative_to(worktree))
            if not prepared.made_as_it_is(worktree, below) and not is_elsewhere(file, original / below):
                yield below
