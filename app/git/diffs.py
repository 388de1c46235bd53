"""Differences between two commits, as a list of files and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..domain.errors import GitError
from ..domain.executions import FileChange
from .command import LONG, git

_BINARY = -1


async def changes(repository: Path, base: str, tip: str) -> tuple[FileChange, ...]:
    """The files that differ between two commits (or trees), by path from the top of the repository.

    A renamed file appears once, under its new name, with status R.

    Raises:
        GitError: one of the two does not exist.
    """
    said = await git(
        repository, "diff-tree", "-r", "-z", "-M", "--raw", "--numstat", "--no-ext-diff", "--no-textconv",
        *revisions(base, tip), seconds=LONG,
    )  # fmt: skip
    return parse_changes(said.stdout)


async def staged_changes(worktree: Path, base: str, *, env: Mapping[str, str]) -> tuple[FileChange, ...]:
    """The files that differ between a commit and the index of ``worktree``, as :func:`changes` gives them."""
    said = await git(
        worktree, "diff-index", "--cached", "-z", "-M", "--raw", "--numstat", "--no-ext-diff",
        "--no-textconv", base, "--", env=env, seconds=LONG,
    )  # fmt: skip
    return parse_changes(said.stdout)


async def diff(repository: Path, base: str, tip: str) -> str:
    """The differences between two commits (or trees) as a unified diff.

    Bytes that are not UTF-8 are shown as replacement characters: the text is for reading.

    Raises:
        GitError: one of the two does not exist.
    """
    said = await git(
        repository, "diff-tree", "-r", "-p", "-M", "--full-index", "--no-color", "--no-ext-diff",
        "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", *revisions(base, tip), seconds=LONG,
    )  # fmt: skip
    return said.stdout.decode("utf-8", "replace")


def revisions(*names: str) -> tuple[str, ...]:
    """Arguments that git can only read as revisions, never as options or files."""
    for name in names:
        if not name or any(ord(character) <= 32 for character in name):
            raise GitError(f"{name!r} is not a commit", hint="name a branch or give a commit's hash")
    return ("--end-of-options", *names, "--")


def parse_changes(output: bytes) -> tuple[FileChange, ...]:
    """Read ``git diff-tree -r -z --raw --numstat``: first what happened to each file, then the counts."""
    fields = iter(output.split(b"\0"))
    happened: list[tuple[str, str]] = []
    counts: dict[str, tuple[int, int]] = {}
    for field in fields:
        if field.startswith(b":"):
            happened.append(_raw(field, fields))
        elif field:
            path, added, removed = _numstat(field, fields)
            counts[path] = (added, removed)
    return tuple(FileChange(path, status, *counts.get(path, (0, 0))) for path, status in happened)


def _raw(field: bytes, rest: Iterator[bytes]) -> tuple[str, str]:
    """``:mode mode hash hash S`` followed by a path, or by two for a rename."""
    status = chr(field.rsplit(b" ", 1)[1][0])
    path = next(rest)
    return shown(next(rest) if status in "RC" else path), status


def _numstat(field: bytes, rest: Iterator[bytes]) -> tuple[str, int, int]:
    """``added TAB removed TAB path``; for a rename the path is empty and two follow."""
    added, removed, path = field.split(b"\t", 2)
    if not path:
        next(rest)
        path = next(rest)
    if added == b"-":
        return shown(path), _BINARY, _BINARY
    return shown(path), int(added), int(removed)


def shown(path: bytes) -> str:
    """A path as text that can be stored and printed; bytes that are not UTF-8 become ``\\xNN``."""
    return path.decode("utf-8", "backslashreplace")
