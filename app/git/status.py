"""What a work tree looks like against its commit, read without writing anything."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .command import LONG, git
from .failures import GitFailed

_UNBORN = "(initial)"
_DETACHED = "(detached)"


@dataclass(frozen=True, slots=True)
class Status:
    """The answer of ``git status``. Paths are relative to the top of the work tree; folders end in ``/``."""

    branch: str | None
    commit: str | None
    changed: tuple[str, ...]
    untracked: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RepositorySummary:
    """A repository in one line. Without a repository it is false and everything in it is empty.

    ``branch`` is ``None`` when HEAD is detached; ``commit`` is ``None`` before the first commit.
    ``changed`` and ``untracked`` count paths, a wholly untracked folder as one.
    """

    present: bool
    branch: str | None = None
    commit: str | None = None
    changed: int = 0
    untracked: int = 0

    def __bool__(self) -> bool:
        return self.present

    @property
    def clean(self) -> bool:
        """Whether the work tree is what the commit says, with nothing besides."""
        return not (self.changed or self.untracked)


NO_REPOSITORY = RepositorySummary(present=False)


async def summarise(folder: Path) -> RepositorySummary:
    """The repository that ``folder`` is in, for a header.

    Raises:
        GitError: git is missing or too old, or refuses the repository.
    """
    try:
        status = await read_status(folder)
    except GitFailed as error:
        if no_repository(error.said):
            return NO_REPOSITORY
        if "must be run in a work tree" in error.said:  # a bare repository
            head = await git(folder, "symbolic-ref", "--quiet", "--short", "HEAD", accept=(0, 1))
            return RepositorySummary(True, head.text or None)
        raise
    return RepositorySummary(True, status.branch, status.commit, len(status.changed), len(status.untracked))


def no_repository(said: str) -> bool:
    """Whether git, by what it said, failed for want of any repository, not because one is broken."""
    return "not a git repository (or any" in said


async def read_status(folder: Path, *, every: bool = False, env: Mapping[str, str] | None = None) -> Status:
    """The status of the whole work tree that ``folder`` is in.

    Args:
        every: List each untracked file rather than its folder, and the ignored ones too.
        env: Variables on top of those of :func:`.command.environment`.
    """
    listing = ["--untracked-files=all", "--ignored=matching"] if every else ["--untracked-files=normal"]
    # Without 'dirty', git would look into each submodule with a process of its own.
    submodules = "--ignore-submodules=none" if every else "--ignore-submodules=dirty"
    said = await git(
        folder, "status", "--porcelain=v2", "--branch", "-z", "--no-renames", submodules, *listing,
        env=env, seconds=LONG,
    )  # fmt: skip
    return parse_status(said.stdout)


def parse_status(output: bytes) -> Status:
    """Read ``git status --porcelain=v2 --branch -z`` with or without renames."""
    branch: str | None = None
    commit: str | None = None
    changed: list[str] = []
    untracked: list[str] = []
    ignored: list[str] = []
    records = iter(output.split(b"\0"))
    for record in records:
        kind, _, rest = record.partition(b" ")
        if kind == b"1":
            changed.append(os.fsdecode(rest.split(b" ", 7)[7]))
        elif kind == b"2":
            changed.append(os.fsdecode(rest.split(b" ", 8)[8]))
            next(records, None)  # the name before
        elif kind == b"u":
            changed.append(os.fsdecode(rest.split(b" ", 9)[9]))
        elif kind == b"?":
            untracked.append(os.fsdecode(rest))
        elif kind == b"!":
            ignored.append(os.fsdecode(rest))
        elif rest.startswith(b"branch.head "):
            name = os.fsdecode(rest[12:])
            branch = None if name == _DETACHED else name
        elif rest.startswith(b"branch.oid "):
            name = os.fsdecode(rest[11:])
            commit = None if name == _UNBORN else name
    return Status(branch, commit, tuple(changed), tuple(untracked), tuple(ignored))
