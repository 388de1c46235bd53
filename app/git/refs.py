"""Refs: read, and moved all together or not at all, each only from where it was expected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import NotFound, UsageError
from ..domain.history import RefMove
from .command import git
from .failures import GitConflict, GitFailed

HEADS = "refs/heads/"
EXECUTIONS = "refs/heads/exec/"

_REFUSED = re.compile(r"cannot lock ref '(?P<ref>[^']*)': (?P<why>.*)")
_IS_AT = re.compile(r"is at ([0-9a-f]{40,64}) but expected")


class RefMoved(GitConflict):
    """A ref is not where it was expected to be; nothing was moved.

    ``found`` is ``None`` where it does not exist, or where git did not say.
    """

    code = "git_ref_moved"

    def __init__(self, ref: str, expected: str | None, found: str | None, said: str = "") -> None:
        super().__init__(
            f"{ref.removeprefix(HEADS)} has moved meanwhile",
            detail=f"{ref} is at {_name(found)}, expected {_name(expected)}",
            hint="look at it again, then repeat what you asked for",
            said=said,
        )
        self.ref = ref
        self.expected = expected
        self.found = found


def _name(commit: str | None) -> str:
    return commit[:12] if commit else "nothing"


@dataclass(frozen=True, slots=True)
class Tip:
    """A ref with the commit it stands for, that commit's tree, and its time in seconds since the epoch."""

    name: str
    commit: str
    tree: str
    time: int

    @property
    def branch(self) -> str:
        """The name as people write it."""
        return self.name.removeprefix(HEADS)


async def list_tips(repository: Path, *prefixes: str) -> tuple[Tip, ...]:
    """The refs below ``prefixes`` that stand for commits, in the order of their names."""
    shape = "%(refname)%00%(objectname)%00%(tree)%00%(committerdate:unix)"
    said = await git(repository, "for-each-ref", f"--format={shape}", *prefixes)
    rows = (line.split("\0") for line in said.text.splitlines() if line)
    return tuple(Tip(name, commit, tree, int(time)) for name, commit, tree, time in rows if tree)


async def read_ref(repository: Path, ref: str) -> str | None:
    """What a ref stands for; ``None`` where there is none of exactly that full name.

    Looked up by name, not as a revision: ``branch~1`` is not a branch.
    """
    return (await read_refs(repository, [ref]))[ref]


async def read_revision(repository: Path, revision: str) -> str | None:
    """The object that a revision stands for; ``None`` where it does not exist."""
    said = await git(repository, "rev-parse", "--quiet", "--verify", revision, accept=(0, 1))
    return said.text or None


async def read_refs(repository: Path, names: Sequence[str]) -> dict[str, str | None]:
    """What several refs stand for."""
    said = await git(repository, "for-each-ref", "--format=%(refname)%00%(objectname)", *names)
    found = dict(line.split("\0") for line in said.text.splitlines() if line)
    return {name: found.get(name) for name in names}


async def target_ref(repository: Path, branch: str) -> tuple[str, str]:
    """The full name of a branch that may be merged into, and its tip.

    Raises:
        UsageError: no branch can have that name, or it is an execution's own.
        NotFound: there is no such branch.
    """
    name = f"{HEADS}{branch}"
    valid = await git(repository, "check-ref-format", name, accept=(0, 1))
    if valid.code or "\n" in branch or branch.startswith("-"):
        raise UsageError(
            f"{branch!r} cannot be the name of a branch", hint="'git branch' lists those there are"
        )
    if name.startswith(EXECUTIONS):
        raise UsageError(
            "An execution's branch is never merged into",
            detail=branch,
            hint="name a branch of your own with --target",
        )
    commit = await read_ref(repository, name)
    if commit is None:
        raise NotFound(f"There is no branch '{branch}'", hint=f"'git branch {branch}' makes it where you are")
    return name, commit


async def move_refs(
    repository: Path, moves: Sequence[RefMove], *, why: str = "", hold: Sequence[int] = ()
) -> None:
    """Make, move and delete refs in one transaction; each must be at its ``before``.

    Args:
        why: What the refs' logs say.
        hold: File descriptors that git keeps open.

    Raises:
        RefMoved: one was not; nothing has changed.
        GitError: git could not write.
    """
    if not moves:
        return
    commands = b"".join(_command(move) for move in moves)
    options = ("-m", why.splitlines()[0][:200]) if why else ()
    try:
        await git(
            repository, "update-ref", *options, "--no-deref", "--stdin", "-z", stdin=commands, hold=hold
        )
    except GitFailed as error:
        raise _moved(error, moves) from error


def _command(move: RefMove) -> bytes:
    match move.before, move.after:
        case None, None:
            return b""
        case None, str(after):
            words = f"create {move.name}\0{after}\0"
        case str(before), None:
            words = f"delete {move.name}\0{before}\0"
        case before, after:
            words = f"update {move.name}\0{after}\0{before}\0"
    return words.encode("utf-8", "surrogateescape")


def _moved(error: GitFailed, moves: Sequence[RefMove]) -> GitFailed:
    found = _REFUSED.search(error.said)
    if found is None or "File exists" in found["why"] or "Unable to create" in found["why"]:
        return error
    expected = next((move.before for move in moves if move.name == found["ref"]), None)
    at = _IS_AT.search(found["why"])
    if at is None and not any(said in found["why"] for said in ("already exists", "unable to resolve")):
        return error
    return RefMoved(found["ref"], expected, at[1] if at else None, error.said)
