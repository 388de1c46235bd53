"""Commits that are kept although nothing else names them any more.

Below ``refs/paracle/archive/<operation>/`` lies, under its full name, every ref that an operation moved or
deleted, as it was before. git keeps what a ref names, so nothing that was ever on a branch is collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..domain.errors import NotFound
from ..domain.history import Archived, RefMove
from .refs import list_tips, move_refs

ROOT = "refs/paracle/archive/"


def kept(operation: str, moves: Iterable[RefMove]) -> tuple[RefMove, ...]:
    """The moves that keep, for an operation, what the refs of its own ``moves`` stood for."""
    return tuple(
        RefMove(f"{ROOT}{operation}/{move.name}", None, move.before) for move in moves if move.before
    )


def kept_commits(operation: str, commits: Mapping[str, str]) -> tuple[RefMove, ...]:
    """The moves that keep commits which were no ref's tip, by a name each."""
    return tuple(RefMove(f"{ROOT}{operation}/{name}", None, commit) for name, commit in commits.items())


async def list_archived(repository: Path, operation: str = "") -> tuple[Archived, ...]:
    """All that is kept, or what one operation kept."""
    found = []
    for tip in await list_tips(repository, f"{ROOT}{operation}".rstrip("/")):
        of, _, name = tip.name.removeprefix(ROOT).partition("/")
        found.append(Archived(of, name, tip.commit))
    return tuple(found)


async def drop(repository: Path, operation: str, *, hold: Sequence[int] = ()) -> None:
    """Forget what an operation kept that in the end did not happen: its refs are where they were."""
    tips = await list_tips(repository, f"{ROOT}{operation}")
    await move_refs(repository, [RefMove(tip.name, tip.commit, None) for tip in tips], hold=hold)


def find_archived(entries: Sequence[Archived], wanted: str) -> Archived:
    """The branch among ``entries`` that ``wanted`` names: by operation, branch, or execution.

    The newest entries come first where one branch was kept several times.

    Raises:
        NotFound: none does.
    """
    for entry in entries:
        name = entry.name.removeprefix("refs/heads/")
        if entry.is_branch and (
            wanted in (entry.operation, name, entry.name) or name.startswith(f"exec/{wanted}")
        ):
            return entry
    raise NotFound(f"Nothing is kept under '{wanted}'", hint="'paracle git archive list' shows what there is")
