"""A part of a branch: files and folders by their names, or hunks and lines."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..domain.diffs import Selection
from ..domain.errors import NotFound, UsageError
from ..git import merging
from ..git.notes import named
from ..git.patches import diff_files, tree_with


@dataclass(frozen=True, slots=True)
class Part:
    """What of a branch is wanted: files and folders by their names, or hunks and lines; false for all."""

    files: tuple[str, ...] = ()
    selection: Selection | None = None

    def __bool__(self) -> bool:
        return bool(self.files) or self.selection is not None


def part_of(files: Collection[str], selection: Selection | None) -> Part:
    """What of a branch is wanted.

    Raises:
        UsageError: both files and hunks are named.
    """
    if files and selection:
        raise UsageError("Name files or hunks, not both")
    return Part(tuple(str(PurePosixPath(file)) for file in files), selection)


async def commit_of_part(repository: Path, branch: str, base: str, tip: str, part: Part) -> str:
    """A commit on the fork ``base`` that holds of a branch only what is wanted; its tip where that is all.

    Raises:
        NotFound: nothing was changed at a name.
        Conflict: what is wanted cannot stand alone.
        GitError: git could not read or write.
    """
    if not part:
        return tip
    selection = part.selection or await _named(repository, base, tip, part.files)
    tree = await tree_with(repository, base, tip, selection)
    return await merging.commit_part(repository, base, tree, f"part of {branch}\n")


async def _named(repository: Path, base: str, tip: str, names: Collection[str]) -> Selection:
    """The changed files that ``names`` stand for, folders for all that was changed in them."""
    files = await diff_files(repository, base, tip)
    missed = set(names)
    chosen = []
    for file in files:
        paths = {path for name in (file.path, file.old_path) if name for path in _with_parents(name)}
        if found := paths.intersection(names):
            missed -= found
            chosen.append(file)
    if missed:
        raise NotFound(
            f"Nothing was changed at {named(sorted(missed))}",
            hint="'paracle git diff ID --stat' lists what was",
        )
    return Selection.of_files(chosen)


def _with_parents(path: str) -> set[str]:
    return {path, *map(str, PurePosixPath(path).parents)}
