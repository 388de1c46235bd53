"""Which commit a line of the user's checkout comes from."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..domain.diffs import as_text, shown
from ..domain.errors import GitError, NotFound
from .command import LONG, git
from .diffs import revisions
from .failures import GitFailed

_HASH = re.compile(r"[0-9a-f]{40,64}")
_SHORT = re.compile(r"file .* has only (\d+) lines?")
_TRAILER = re.compile(r"([A-Za-z0-9-]+): (.*)")


@dataclass(frozen=True, slots=True)
class BlamedLine:
    """A line and its commit.

    Attributes:
        commit: The commit's hash; empty where the line is in no commit yet.
        author_time: Seconds since the epoch.
        path, line: The file and the line as that commit had them; the line counts from 1.
        is_boundary: The commit is where looking back has ended, and the line may be older.
        trailers: Those of the commit's message; of several with one name the last.
    """

    text: str
    commit: str = ""
    author: str = ""
    author_time: float = 0.0
    summary: str = ""
    path: str = ""
    line: int = 0
    is_boundary: bool = False
    trailers: Mapping[str, str] = field(default_factory=dict)


async def blame_line(folder: Path, path: str, line: int) -> BlamedLine:
    """Blame one line of a file as it is in the work tree.

    Args:
        folder: A folder in the work tree.
        path: Relative to ``folder``.
        line: From 1.

    Raises:
        NotFound: there is no such file or no such line.
        GitError: git cannot read the repository.
    """
    try:
        said = await git(
            folder, "blame", "--porcelain", f"-L{line},{line}",
            "--", path, seconds=LONG,
        )  # fmt: skip
    except GitFailed as error:
        if found := _SHORT.search(error.said):
            raise NotFound(
                f"'{shown(path)}' has no line {line}", detail=f"it has {found[1]}", hint="count from 1"
            ) from None
        if "no such path" in error.said or "no such ref" in error.said or "bad revision" in error.said:
            return await _untracked(folder, path, line)
        if "cannot stat path" in error.said or "Cannot lstat" in error.said:
            raise _no_file(path) from None
        raise
    [found_line] = _parsed(said.stdout)
    if not found_line.commit:
        return replace(found_line, path=path, line=line)
    return await _with_trailers(folder, found_line)


async def _untracked(folder: Path, path: str, line: int) -> BlamedLine:
    """A line of a file that no commit has."""
    try:
        content = await asyncio.to_thread((folder / path).read_bytes)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise _no_file(path) from None
    lines = as_text(content).removesuffix("\n").split("\n")
    if not content or line > len(lines):
        count = len(lines) if content else 0
        raise NotFound(f"'{shown(path)}' has no line {line}", detail=f"it has {count}", hint="count from 1")
    return BlamedLine(lines[line - 1], path=path, line=line)


def _no_file(path: str) -> NotFound:
    return NotFound(
        f"There is no file '{shown(path)}'", hint="name it from the folder you are in, or from the project's"
    )


async def find_line(folder: Path, revision: str, path: str, text: str, near: int) -> BlamedLine | None:
    """Blame a line that is known by its words, in a file of a commit.

    Args:
        revision: The commit's full hash.
        path: From the top of the repository.
        near: Where it may be. Where it is not, the words must be in the file once only.

    Returns:
        ``None`` where the commit, the file or the line is not there, or which one it is cannot be told.

    Raises:
        GitError: git is missing or took too long.
    """
    if not _HASH.fullmatch(revision):  # 'git blame' has no way to say that options have ended
        return None
    try:
        top = Path((await git(folder, "rev-parse", "--show-toplevel")).text)
        said = await git(
            top, "blame", "--porcelain", revision,
            "--", path, seconds=LONG,
        )  # fmt: skip
    except GitFailed:
        return None
    lines = _parsed(said.stdout)
    same = [number for number, line in enumerate(lines, 1) if line.text == text]
    if near in same:
        same = [near]
    return await _with_trailers(folder, lines[same[0] - 1]) if len(same) == 1 else None


async def commits_of_lines(repository: Path, base: str, tip: str, path: str) -> list[str]:
    """For each line of a file at ``tip`` the commit after ``base`` that wrote it; empty for older lines.

    Args:
        base, tip: Full hashes.
        path: From the top of the repository.

    Raises:
        GitError: there is no such commit or file.
    """
    found = await _blame(repository, (), base, tip, path)
    return ["" if line.commit == base or line.is_boundary else line.commit for line in found]


async def last_commits_with_lines(repository: Path, base: str, tip: str, path: str) -> list[str]:
    """For each line of a file at ``base`` the last commit up to ``tip`` that still has it.

    Args, raises: as :func:`commits_of_lines`.
    """
    return [line.commit for line in await _blame(repository, ("--reverse",), base, tip, path)]


async def _blame(
    repository: Path, options: tuple[str, ...], base: str, tip: str, path: str
) -> list[BlamedLine]:
    top = Path((await git(repository, "rev-parse", "--show-toplevel")).text)
    said = await git(
        top, "blame", "--porcelain", *options, f"{_hash(base)}..{_hash(tip)}",
        "--", path, seconds=LONG,
    )  # fmt: skip
    return _parsed(said.stdout)


def _hash(name: str) -> str:
    if not _HASH.fullmatch(name):  # 'git blame' has no way to say that options have ended
        raise GitError(f"{name!r} is not a commit's hash", hint="give the full hash")
    return name


def _parsed(output: bytes) -> list[BlamedLine]:
    """Read ``git blame --porcelain``: of each commit all is said at its first line only."""
    commits: dict[str, dict[str, str]] = {}
    lines: list[BlamedLine] = []
    commit, number = "", 0
    for entry in as_text(output).split("\n")[:-1]:
        if entry.startswith("\t"):
            said = commits[commit]
            lines.append(
                BlamedLine(
                    entry[1:],
                    commit if commit.strip("0") else "",
                    said.get("author", ""),
                    float(said.get("author-time", 0)),
                    said.get("summary", ""),
                    said.get("filename", ""),
                    number,
                    "boundary" in said,
                )
            )
            commit = ""
        elif not commit:
            commit, first, *_ = entry.split(" ")
            number = int(first)
            commits.setdefault(commit, {})
        else:
            name, _, value = entry.partition(" ")
            commits[commit][name] = value
    return lines


async def _with_trailers(folder: Path, found: BlamedLine) -> BlamedLine:
    said = await git(
        folder, "log", "-1", "--no-show-signature", "--no-color", "--format=%(trailers:only,unfold)",
        *revisions(found.commit),
    )  # fmt: skip
    lines = said.stdout.decode("utf-8", "replace").splitlines()
    matches = (_TRAILER.fullmatch(line) for line in lines)
    return replace(found, trailers={match[1]: match[2].strip() for match in matches if match})
