"""What git says when it fails, turned into errors that name the way out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..domain.errors import ExitCode, GitError


class GitMissing(GitError):
    """There is no git program."""

    code = "git_missing"

    def __init__(self) -> None:
        super().__init__(
            "git is not installed",
            detail="no program 'git' on the PATH",
            hint="install it (apt install git, dnf install git, brew install git) and try again",
        )


class GitTooOld(GitError):
    """The git program lacks worktree features that isolation needs."""

    code = "git_too_old"

    def __init__(self, said: str, minimum: tuple[int, ...]) -> None:
        wanted = ".".join(map(str, minimum))
        super().__init__(
            "This git is too old",
            detail=f"found '{said}', needed {wanted} or newer",
            hint=f"upgrade git to {wanted} or newer",
        )


class GitTimeout(GitError):
    """A git command took too long and was ended."""

    code = "git_timeout"

    def __init__(self, argv: Sequence[str], seconds: float) -> None:
        super().__init__(
            "git took too long and was stopped",
            detail=f"'git {command_name(argv)}' did not finish within {seconds:g} s",
            hint="look whether the disk or the network share is slow, then try again",
        )


class GitFailed(GitError):
    """A git command failed. ``said`` is all that it wrote to standard error."""

    def __init__(self, title: str, *, detail: str = "", hint: str = "", said: str = "") -> None:
        super().__init__(title, detail=detail, hint=hint)
        self.said = said


class GitConflict(GitFailed):
    """Something of the same name is in the way, or another git holds the lock."""

    code = "git_conflict"
    exit_code = ExitCode.CONFLICT


class DiskFull(GitFailed):
    """There is no room left."""

    code = "disk_full"


class ReadOnlyRepository(GitFailed):
    """The repository cannot be written."""

    code = "git_read_only"


class UntrustedRepository(GitFailed):
    """The repository belongs to another user, and git refuses to read it."""

    code = "git_untrusted"


class FilterFailed(GitFailed):
    """A filter that the repository requires, such as that of Git LFS, cannot run."""

    code = "git_filter_failed"


class CannotCopy(GitError):
    """A folder without git is too large to be copied for each execution."""

    code = "git_copy"
    exit_code = ExitCode.REFUSED


_Kind = tuple[type[GitFailed], str, str]
_FULL: _Kind = (
    DiskFull,
    "The disk is full",
    "free some space ('df -h' shows where) and try again; nothing half-made was kept",
)
_READ_ONLY: _Kind = (
    ReadOnlyRepository,
    "The repository cannot be written",
    "a run keeps its commits in the repository: make its .git folder writable, or run on a clone",
)
_ROOM = 64 * 1024
"""Bytes without which git cannot even write a ref."""

_KINDS: tuple[tuple[str, _Kind], ...] = (
    (r"No space left on device|Disk quota exceeded|File too large", _FULL),
    (
        r"dubious ownership|unsafe repository",
        (
            UntrustedRepository,
            "git refuses this repository because another user owns it",
            "if you trust it: git config --global --add safe.directory FOLDER",
        ),
    ),
    (
        r"filter-process: .*(?:not found|No such file)|external filter '.*' failed|(?:smudge|clean) filter ",
        (
            FilterFailed,
            "A filter that this repository requires cannot run",
            "install the program that is named (git-lfs for Git LFS), or take the filter out of git's "
            "configuration ('git config --show-origin --get-regexp ^filter' shows where it is)",
        ),
    ),
    (
        r"\.lock': File exists|unable to lock|Unable to create '.*\.lock'.*exists",
        (
            GitConflict,
            "Another git is at work in this repository",
            "wait for it to end; if none runs, remove the lock file that is named",
        ),
    ),
    (r"Permission denied|Read-only file system|Operation not permitted|insufficient permission", _READ_ONLY),
    (
        r"cannot lock ref|already exists|is not a valid branch name",
        (
            GitConflict,
            "A branch or folder is in the way",
            "rename or remove what is named ('git branch -m OLD NEW' renames a branch)",
        ),
    ),
)


def command_name(argv: Sequence[str]) -> str:
    """The git command in a command line, for people: ``worktree add``."""
    rest = list(argv[1:])
    while rest and rest[0] in ("-c", "-C"):
        rest = rest[2:]
    words = [word for word in rest[:2] if re.fullmatch(r"[a-z][a-z-]*", word)]
    return " ".join(words[:2] if words[:1] == ["worktree"] else words[:1])


def explain(argv: Sequence[str], code: int, said: str) -> GitFailed:
    """The error for a git command that ended with ``code`` and ``said`` this."""
    words = gist(said) or f"exit code {code}"
    detail = f"git {command_name(argv)}: {words}"
    for pattern, (kind, title, hint) in _KINDS:
        if line := next((line for line in said.splitlines() if re.search(pattern, line)), ""):
            # The line that tells the kind may come before git's own last words.
            more = "" if line in words else f"\n{line}"
            return kind(title, detail=detail + more, hint=hint, said=said)
    return GitFailed(
        f"git {command_name(argv)} failed",
        detail=detail,
        hint="the same command on the command line may tell more",
        said=said,
    )


@contextmanager
def explained(*folders: Path) -> Iterator[None]:
    """Raise what fails in the block as the error it comes from.

    git does not always say why it could not write, so the ``folders`` it writes in are looked at: whether
    they can be written and have room.

    Raises:
        GitFailed: for each :class:`OSError`, and for a :class:`GitFailed` in its place.
    """
    try:
        yield
    except OSError as error:
        raise from_os(error) from error
    except GitFailed as error:
        kind = _state_of(folders) if type(error) in (GitFailed, GitConflict) else None
        if kind is None:
            raise
        raise kind[0](kind[1], detail=error.detail, hint=kind[2], said=error.said) from error


def _state_of(folders: Sequence[Path]) -> _Kind | None:
    """What the folders suffer from, if anything; of one that does not exist, its nearest parent."""
    for folder in folders:
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        if not os.access(there, os.W_OK):
            return _READ_ONLY
        found = os.statvfs(there)
        # Some file systems count no files and report zero of them.
        if found.f_bavail * found.f_frsize < _ROOM or (found.f_files and not found.f_favail):
            return _FULL
    return None


def from_os(error: OSError) -> GitFailed:
    """The error for a file of ours that could not be written or read."""
    named = f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    return explain(("git", "state"), error.errno or 1, named)


def gist(said: str, count: int = 3) -> str:
    """The lines of what git said from its first error on, else its last ones, without its advice."""
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("hint:")]
    for number, line in enumerate(lines):
        if line.startswith(("fatal:", "error:")):
            return "\n".join(lines[number : number + count])
    return "\n".join(lines[-count:])
