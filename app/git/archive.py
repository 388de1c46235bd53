"""Commits that are kept although nothing else names them any more.

Below ``refs/paracle/archive/<operation>/`` lies, under its full name, every ref that an operation moved or
deleted, as it was before. git keeps what a ref names, so nothing that was ever on a branch is collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..domain.errors import Conflict, NotFound
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
    """The branch among ``entries`` that ``wanted`` names, as it was kept last.

    Args:
        entries: The newest first.
        wanted: The branch; else its execution, or the operation that removed it, by the beginning of the id.

    Raises:
        NotFound: none does.
        Conflict: several branches do.
    """
    branches = [entry for entry in entries if entry.is_branch]
    found = [entry for entry in branches if wanted in (entry.name, _short(entry))]
    found = found or [entry for entry in branches if wanted in _ids(entry)]
    found = found or [entry for entry in branches if any(id.startswith(wanted) for id in _ids(entry))]
    if not wanted or not found:
        hint = "'paracle git archive list' shows what there is"
        raise NotFound(f"Nothing is kept under '{wanted}'", hint=hint)
    names = list(dict.fromkeys(map(_short, found)))
    if len(names) > 1:
        raise Conflict(
            f"'{wanted}' stands for several branches", detail="\n".join(names), hint="name one of them"
        )
    return found[0]


def _short(entry: Archived) -> str:
    return entry.name.removeprefix("refs/heads/")


def _ids(entry: Archived) -> tuple[str, ...]:
    """The operation that has kept a branch, and the execution that the branch is named after."""
    own = _short(entry)
    return entry.operation, own.split("/")[1] if own.startswith("exec/") else ""
