"""A commit of everything that changed in a workplace, made from plumbing.

``git commit`` is not used: it would run on whatever branch the work tree is on by then, and it costs more
than the four small commands here. The branch moves only from the commit that was its tip when the work
began, so that nothing another program added to it is ever dropped.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..domain.executions import FileChange
from .command import LONG, Output, git
from .diffs import staged_changes
from .failures import GitConflict, GitFailed
from .nested import leave_out_nested
from .prepared import read_prepared
from .status import read_status
from .tasks import alongside
from .worktrees import pinned

FALLBACK_NAME = "Paracle"
FALLBACK_EMAIL = "paracle@localhost"

INDEX_SECONDS = 2.0
"""How long another git may keep the index of the work tree before that is an error."""

_NOTHING, _IGNORED = "did not match any files", "ignored by one of your .gitignore files"
_SPARSE = "outside of your sparse-checkout definition"
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_TRAILER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*: ?\S.*")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit and the files it changed against its parent, by path from the top of the repository."""

    sha: str
    message: str
    files: tuple[FileChange, ...]


async def commit_all(worktree: Path, branch: str, message: str, only: Path | None = None) -> Commit | None:
    """Commit what differs from the tip of ``branch`` in its work tree; ``None`` when nothing does.

    Ignored files stay out. ``message`` is recorded as it is.

    Args:
        only: take up the changes of this file alone.

    Raises:
        OffBranch: the work tree is not on ``branch`` any more; nothing was committed.
        LostWorktree: it has lost its repository; nothing was committed.
        GitError: git could not read or write.
    """
    pins = pinned(worktree, branch)
    await stage_all(worktree, pins, only)
    ref = f"refs/heads/{branch}"
    async with alongside(staged_changes(worktree, ref, env=pins)) as comparing:
        tree = await git(worktree, "write-tree", env=pins, seconds=LONG)
        files = await comparing
    if not files:
        return None
    sha = await commit_tree(worktree, tree.text, message, ref, env=pins)
    # 'sha^' is what the branch was when its commit was recorded: if it has moved since, this fails.
    await git(worktree, "update-ref", "-m", _reflog(message), ref, sha, f"{sha}^", env=pins)
    return Commit(sha, message, files)


async def holds_nothing_new(worktree: Path, branch: str) -> bool:
    """Whether :func:`commit_all` would find nothing to commit. What is in doubt counts as new.

    Raises:
        As :func:`commit_all`.
    """
    status = await read_status(worktree, env=pinned(worktree, branch))
    return not (status.changed or status.untracked)


async def commit_tree(
    folder: Path, tree: str, message: str, *parents: str, env: Mapping[str, str] | None = None
) -> str:
    """Record a commit by the user, or by Paracle when git knows no user; gives its hash."""
    arguments = ["commit-tree", tree, *(word for parent in parents for word in ("-p", parent))]
    try:
        said = await git(folder, *arguments, stdin=message.encode(), env=env)
    except GitFailed as error:
        if not _nobody(error):
            raise
        said = await git(folder, *arguments, stdin=message.encode(), env={**(env or {}), **NOBODY})
    return said.text


NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", FALLBACK_NAME), ("EMAIL", FALLBACK_EMAIL))
}
"""The identity where git is configured for none."""


def _nobody(error: GitFailed) -> bool:
    """Whether git failed because no name or address is configured."""
    return "auto-detection is disabled" in error.said or "empty ident" in error.said


async def stage_all(worktree: Path, pins: Mapping[str, str], only: Path | None = None) -> Output:
    """Bring the index that ``pins`` name to what the work tree holds, or to what it holds of one file.

    Repositories in it stay out, and so does what was brought into it from the user's ignored files: the
    work tree's own rules may have stopped ignoring those.
    """
    begun = time.monotonic()
    while True:
        try:
            said = await (_stage(worktree, pins) if only is None else _stage_file(worktree, pins, only))
            break
        except GitConflict:
            # A command that is at work beside this may be using git as well.
            if time.monotonic() - begun > INDEX_SECONDS:
                raise
        await asyncio.sleep(0.05)
    if included := (await asyncio.to_thread(read_prepared, worktree)).included:
        paths = b"".join(os.fsencode(path) + b"\0" for path in sorted(included))
        await git(worktree, "update-index", "--force-remove", "-z", "--stdin", stdin=paths, env=pins)
    return said


async def _stage(worktree: Path, pins: Mapping[str, str]) -> Output:
    try:
        said = await git(worktree, "add", "--all", env=pins, seconds=LONG)
    except GitFailed as error:
        if not (_has_nested(error.said) or _SPARSE in error.said):
            raise
        # An option of git 2.34, which is also the first to refuse these files.
        options = ("--sparse",) if _SPARSE in error.said else ()
        return await leave_out_nested(worktree, pins, *options)
    return await leave_out_nested(worktree, pins) if _has_nested(said.stderr) else said


async def _stage_file(worktree: Path, pins: Mapping[str, str], file: Path) -> Output:
    path = str(file.relative_to(worktree))
    try:
        return await git(worktree, "add", "--all", "--sparse", "--", path, env=pins, seconds=LONG)
    except GitFailed as error:
        if _NOTHING in error.said or _IGNORED in error.said:
            return Output(0, b"", "")
        raise


def _has_nested(said: str) -> bool:
    return "embedded git repository" in said or "does not have a commit checked out" in said


def unfinished(agent: str, execution: str, model: str) -> tuple[str, dict[str, str]]:
    """Message and trailers of the commit that keeps what an execution has left in no commit."""
    trailers = {"Paracle-Execution": execution, "Assisted-by": f"paracle:{model}"}
    return f"chore({agent}): keep unfinished changes", trailers


def with_trailers(message: str, trailers: Mapping[str, str]) -> str:
    """``message`` with ``trailers`` as its last paragraph, joined to trailers that are there already.

    Raises:
        ValueError: the message is empty, or a trailer's name is none.
    """
    text = message.replace("\0", "").strip()
    if not text:
        raise ValueError("a commit needs a message")
    lines = []
    for name, value in trailers.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a trailer")
        lines.append(f"{name}: {' '.join(value.replace(chr(0), '').split())}".rstrip())
    if not lines:
        return f"{text}\n"
    paragraphs = re.split(r"\n[ \t]*\n", text)
    last = paragraphs[-1].splitlines()
    joined = len(paragraphs) > 1 and all(_TRAILER.fullmatch(line) for line in last)
    return text + ("\n" if joined else "\n\n") + "\n".join(lines) + "\n"


def _reflog(message: str) -> str:
    return f"commit: {message.splitlines()[0][:200]}"
