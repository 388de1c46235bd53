"""What a work tree holds that is not its execution's work: files brought in, and files commands have made.

Written down in git's own directory of the work tree, which agents' tools do not reach and which goes with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .failures import GitFailed
from .throwaway import is_elsewhere, is_inside

_NAME = "paracle-prepared.json"

Stamp = tuple[int, int]
"""A file's size and its time of change in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is not an execution's work. Paths are relative to the top of the work tree.

    Attributes:
        original: The user's folder that the top of the work tree corresponds to.
        included: Brought in from there, as copies or links. They never become part of a commit.
        made: Ignored files as the project's commands have left them; running those makes them again.
    """

    original: str = ""
    included: frozenset[str] = frozenset()
    made: Mapping[str, Stamp] = field(default_factory=dict)

    def made_as_it_is(self, worktree: Path, path: str) -> bool:
        """Whether a command of the project has made this file, and nobody has changed it since."""
        stamp = self.made.get(path)
        return stamp is not None and stamp == stamp_of(worktree / path)


def stamp_of(path: Path) -> Stamp | None:
    """A file's stamp, a link's own; ``None`` where there is nothing."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def read_prepared(worktree: Path) -> Prepared:
    """What is written down about a work tree; nothing for one that is not linked or was not prepared.

    Raises:
        GitFailed: it cannot be read.
    """
    path = _file(worktree)
    try:
        data = json.loads(path.read_text(encoding="utf-8")) if path else None
        if data is None:
            return Prepared()
        made = {name: (int(size), int(time)) for name, (size, time) in data["made"].items()}
        return Prepared(data["original"], frozenset(data["included"]), made)
    except FileNotFoundError:
        return Prepared()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GitFailed(
            "The record of what was brought into a work tree cannot be read",
            detail=f"{path}: {error}",
            hint="remove that file; copies of your ignored files in the work tree then count as its own",
        ) from error


def change_prepared(worktree: Path, change: Callable[[Prepared], Prepared]) -> None:
    """Write it down anew, whole or not at all.

    Raises:
        GitFailed: the work tree has lost its repository.
        OSError: it cannot be written.
    """
    changed = change(read_prepared(worktree))
    path = _file(worktree)
    if path is None:
        raise GitFailed("The execution's work tree has lost its repository", detail=str(worktree))
    data = {"original": changed.original, "included": sorted(changed.included), "made": dict(changed.made)}
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _file(worktree: Path) -> Path | None:
    """Where it is written; ``None`` for a work tree that is not linked, such as the user's own."""
    link = worktree / ".git"
    if not link.is_file():
        return None
    words = link.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n")
    own = (worktree / words.removeprefix("gitdir: ")).resolve()
    return own / _NAME if own.is_dir() else None


def take_out(worktree: Path) -> bool:
    """Remove what was brought in and is as it was there, so that git lets go of the work tree.

    Returns:
        Whether anything was removed.
    """
    known = read_prepared(worktree)
    removed = False
    for path in known.included:
        file = worktree / path
        if not is_inside(worktree, path) or not os.path.lexists(file):
            continue
        if is_elsewhere(file, Path(known.original) / path):
            file.unlink()
            removed = True
    return removed
