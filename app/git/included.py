"""Ignored files of the user's folder that a fresh work tree needs: copied, or linked where they hold secrets.

Which ones say patterns in gitignore's syntax: the project's, and those of a file ``.worktreeinclude`` at the
top of the repository. Only what git ignores is chosen: the rest comes with the commit. Nothing of it can
become part of one of ours: :mod:`.prepared` holds the paths, and :mod:`.commits` leaves them out.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from pathlib import Path, PurePosixPath

from pathspec.gitignore import GitIgnoreSpec

from ..domain.secrets import looks_secret
from .command import LONG, git
from .copies import LEFT_OUT
from .failures import GitFailed, explained
from .notes import named
from .prepared import change_prepared, read_prepared
from .workplaces import Workplace

INCLUDE_FILE = ".worktreeinclude"

MAX_FILES = 20_000
"""Files that one work tree gets."""

MAX_BYTES = 512 * 1024 * 1024
"""Bytes that its copies may hold together."""

_MAX_INCLUDE_BYTES = 1024 * 1024
_GLOB = frozenset("*?[!\\")


class Reason(StrEnum):
    """Why a file or a pattern was left out."""

    NOT_IGNORED = "Not ignored by git, so it comes with its commit or not at all"
    TOO_MANY = f"More than {MAX_FILES:,} ignored files are chosen; these and further ones are not brought in"
    TOO_LARGE = f"The chosen files hold more than {MAX_BYTES >> 20} MiB; these are not brought in"
    LEADS_OUT = "Links that lead out of the folder, or are absolute, are not brought in"
    IN_THE_WAY = "The commit has a link on the way to these; they are not brought in"
    UNREADABLE = "These cannot be read and are not brought in"
    NO_FILE = "These are neither files nor links and are not brought in"
    BAD_PATTERN = "This is no pattern"
    NO_INCLUDE_FILE = "This file cannot be used"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Files or patterns that were left out for one reason."""

    reason: Reason
    paths: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.reason} ({named(self.paths)})"


@dataclass(frozen=True, slots=True)
class Included:
    """What a work tree got: paths relative to its top."""

    copies: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class _Reasons:
    """Collects what is left out."""

    def __init__(self) -> None:
        self._paths: dict[Reason, list[str]] = {}

    def add(self, reason: Reason, path: str) -> None:
        self._paths.setdefault(reason, []).append(path)

    def all(self) -> tuple[LeftOut, ...]:
        return tuple(LeftOut(reason, tuple(paths)) for reason, paths in self._paths.items())


@dataclass(frozen=True, slots=True)
class _Rules:
    """Patterns, and the folder that they are seen from: "" or ending in a slash."""

    base: str
    lines: tuple[str, ...]
    spec: GitIgnoreSpec

    def choose(self, path: str) -> bool:
        return path.startswith(self.base) and self.spec.match_file(path[len(self.base) :])


async def include(place: Workplace, original: Path, patterns: Sequence[str], state: Path) -> Included:
    """Bring ignored files of the user's folder into a work tree. Files that are there stay as they are.

    Args:
        place: The work tree; nobody works in it yet.
        original: The user's folder that its top corresponds to.
        patterns: The project's, seen from the project's folder.
        state: The state directory, nothing of which is brought in.

    Raises:
        GitError: git cannot read the folder, or the work tree cannot be written.
    """
    reasons = _Reasons()
    prefix = place.root.relative_to(place.worktree).as_posix()
    with explained(place.worktree):
        written = await asyncio.to_thread(_include_lines, original / INCLUDE_FILE, reasons)
        rules = [_rules("", written, reasons)]
        rules.append(_rules("" if prefix == "." else f"{prefix}/", patterns, reasons))
        rules = [one for one in rules if one.lines]
        ignored = await _ignored_by_git(place, original) if rules else []
        return await asyncio.to_thread(_bring_all, place.worktree, original, ignored, rules, state, reasons)


async def _ignored_by_git(place: Workplace, original: Path) -> list[str]:
    """The paths that git ignores in the user's folder, repositories in it with a slash at the end."""
    options: list[str] = []
    env: dict[str, str] = {}
    if place.isolation == "copy":
        env = {"GIT_DIR": str(place.repository / ".git"), "GIT_WORK_TREE": str(original)}
        options = [f"--exclude={pattern}" for pattern in LEFT_OUT]
    try:
        said = await git(
            original, "ls-files", "--others", "--ignored", "-z", *options, "--exclude-standard",
            env=env, seconds=LONG,
        )  # fmt: skip
    except GitFailed as error:
        if "must be run in a work tree" in error.said:  # a bare repository has no files beside its commits
            return []
        raise
    return [os.fsdecode(path) for path in said.stdout.split(b"\0") if path]


def _include_lines(path: Path, reasons: _Reasons) -> tuple[str, ...]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return ()
    except OSError:
        reasons.add(Reason.NO_INCLUDE_FILE, path.name)
        return ()
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_INCLUDE_BYTES:
            reasons.add(Reason.NO_INCLUDE_FILE, path.name)
            return ()
        return tuple(file.read().decode("utf-8-sig", "replace").splitlines())


def _rules(base: str, lines: Iterable[str], reasons: _Reasons) -> _Rules:
    good = []
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            reasons.add(Reason.BAD_PATTERN, line)
        else:
            good.append(line)
    return _Rules(base, tuple(good), GitIgnoreSpec.from_lines(good))


def _bring_all(
    worktree: Path,
    original: Path,
    ignored: Sequence[str],
    rules: Sequence[_Rules],
    state: Path,
    reasons: _Reasons,
) -> Included:
    chosen = [path for path in ignored if _is_chosen(path, original, rules, state)]
    for path in _named_but_not_ignored(original, ignored, chosen, rules):
        reasons.add(Reason.NOT_IGNORED, path)
    for path in chosen[MAX_FILES:]:
        reasons.add(Reason.TOO_MANY, path)
    known = read_prepared(worktree).included
    # What the commit has, and what an earlier execution on the branch has made, stays as it is.
    fresh = [path for path in chosen[:MAX_FILES] if not os.path.lexists(worktree / path)]
    if not fresh:
        return Included(left_out=reasons.all())
    # Written down before anything is there: a process that is killed half-way leaves no copy unknown.
    change_prepared(
        worktree,
        lambda prepared: replace(prepared, original=str(original), included=frozenset((*known, *fresh))),
    )
    copies: list[str] = []
    references: list[str] = []
    room = MAX_BYTES
    for path in fresh:
        if not _make_parents(worktree, path):
            reasons.add(Reason.IN_THE_WAY, path)
        elif looks_secret(path):
            (worktree / path).symlink_to(original / path)
            references.append(path)
        elif (taken := _bring(original, worktree, path, room, reasons)) is not None:
            room -= taken
            copies.append(path)
    return Included(tuple(copies), tuple(references), reasons.all())


def _is_chosen(path: str, original: Path, rules: Sequence[_Rules], state: Path) -> bool:
    if not any(one.choose(path) for one in rules):
        return False
    parts = PurePosixPath(path).parts
    own = ".git" in parts or (".parac", ".local") in pairwise(parts)
    return not own and not (original / path).is_relative_to(state)


def _named_but_not_ignored(
    original: Path, ignored: Sequence[str], chosen: Sequence[str], rules: Sequence[_Rules]
) -> Iterator[str]:
    """The files and folders that a pattern without wildcards names, and that git does not ignore."""
    known = set(ignored)
    for one in rules:
        for line in one.lines:
            path = one.base + line.strip("/")
            if _GLOB & set(line) or path in known:
                continue
            file = original / path
            if file.is_dir() and not file.is_symlink():
                if not any(other.startswith(f"{path}/") for other in chosen):
                    yield path
            elif os.path.lexists(file):
                yield path


def _make_parents(worktree: Path, path: str) -> bool:
    """Make the folders above ``path``; false where one of them is a link or a file."""
    folder = worktree
    for name in PurePosixPath(path).parent.parts:
        folder = folder / name
        with suppress(FileExistsError):
            folder.mkdir()
        if folder.is_symlink() or not folder.is_dir():
            return False
    return True


def _bring(original: Path, worktree: Path, path: str, room: int, reasons: _Reasons) -> int | None:
    """Copy one file or link; gives its bytes, ``None`` where it was left out."""
    source = original / path
    try:
        found = source.lstat()
        if stat.S_ISLNK(found.st_mode):
            return _bring_link(original, worktree, path, reasons)
        if not stat.S_ISREG(found.st_mode):
            reasons.add(Reason.NO_FILE, path)
            return None
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        reasons.add(Reason.UNREADABLE, path)
        return None
    with os.fdopen(descriptor, "rb") as reading:
        if found.st_size > room:
            reasons.add(Reason.TOO_LARGE, path)
            return None
        target = worktree / path
        with target.open("xb") as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)
        target.chmod(stat.S_IMODE(found.st_mode) & 0o777)
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))
    return found.st_size


def _bring_link(original: Path, worktree: Path, path: str, reasons: _Reasons) -> int | None:
    """Make the same link, where it means something inside the folder and will inside the work tree."""
    source = original / path
    words = os.fspath(source.readlink())
    as_written = os.path.normpath(PurePosixPath(path).parent / words)
    leads_out = as_written.startswith("../") or as_written == ".."
    real = Path(os.path.realpath(source))
    if os.path.isabs(words) or leads_out or not real.is_relative_to(os.path.realpath(original)):  # noqa: PTH117
        reasons.add(Reason.LEADS_OUT, path)
        return None
    (worktree / path).symlink_to(words)
    return 0
