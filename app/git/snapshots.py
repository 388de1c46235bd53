"""The uncommitted work of a work tree as a commit, and back, byte by byte.

Taken and put back without the work tree's own index and without any conversion: a private git directory,
whose attributes switch every filter off, reads and writes the files, and the repository's object database
keeps them. The commit holds only the files that its first parent, HEAD, does not have like this; what was
deleted is listed in its message. The second parent is the index.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import GitError
from .command import LONG, git
from .commits import commit_tree
from .copies import VERBATIM
from .failures import GitFailed
from .status import read_status
from .temporary import temporary_folder
from .worktrees import own_directory, pinned

_SUBJECT = "Uncommitted work, kept by Paracle"


class CannotKeep(GitError):
    """A work tree holds something that no commit can."""

    code = "git_cannot_keep"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Uncommitted work. ``index`` is the commit of what was staged; ``None`` while paths were unmerged."""

    commit: str
    head: str
    index: str | None
    deleted: tuple[str, ...]


async def take_snapshot(worktree: Path, common: Path, ignored: Sequence[str] = ()) -> Snapshot | None:
    """Keep what a work tree of ours holds beyond its HEAD; ``None`` where that is nothing.

    Args:
        worktree: The top of the work tree; only read.
        common: The repository's shared directory.
        ignored: Ignored files to keep too, relative to ``worktree``.

    Raises:
        CannotKeep: there is a repository in it, or something that is neither file nor link.
        LostWorktree: see :func:`.worktrees.own_directory`.
        GitError: git could not read or write.
    """
    pins = await asyncio.to_thread(pinned, worktree)
    status = await read_status(worktree, every=True, env=pins)
    paths = sorted({*status.changed, *status.untracked, *ignored})
    if not paths:
        return None
    deleted = await asyncio.to_thread(_missing, worktree, paths)
    present = sorted(set(paths).difference(deleted))
    head = status.commit or ""
    with private_index(common, worktree, len(head)) as env:
        tree = await _write_verbatim(worktree, present, env)
    index = await _index_commit(worktree, pins, head)
    message = f"{_SUBJECT}\n\n{json.dumps({'head': head, 'index': index, 'deleted': deleted})}\n"
    parents = (head, index) if index else (head,)
    commit = await commit_tree(worktree, tree, message, *parents, env=pins)
    return Snapshot(commit, head, index, tuple(deleted))


async def read_snapshot(repository: Path, commit: str) -> Snapshot:
    """Read back what :func:`take_snapshot` wrote.

    Raises:
        GitError: it is no snapshot.
    """
    said = await git(repository, "log", "-1", "--format=%B", commit)
    try:
        found = json.loads(said.text.partition("\n\n")[2])
        return Snapshot(commit, found["head"], found["index"], tuple(found["deleted"]))
    except (ValueError, KeyError, TypeError):
        raise GitError("This commit holds no uncommitted work", detail=commit) from None


async def put_back(worktree: Path, common: Path, snapshot: Snapshot) -> None:
    """Bring a clean work tree at the snapshot's HEAD to what it was.

    Raises:
        GitError: git could not read or write.
    """
    pins = await asyncio.to_thread(pinned, worktree)
    with private_index(common, worktree, len(snapshot.commit)) as env:
        await git(worktree, "read-tree", snapshot.commit, env=env, seconds=LONG)
        await git(worktree, "checkout-index", "--all", "--force", "--quiet", env=env, seconds=LONG)
    await asyncio.to_thread(_delete, worktree, snapshot.deleted)
    if snapshot.index:
        await git(worktree, "read-tree", snapshot.index, env=pins, seconds=LONG)
        await git(worktree, "update-index", "-q", "--refresh", env=pins, accept=(0, 1), seconds=LONG)


@contextmanager
def private_index(common: Path, worktree: Path, hash_length: int = 40) -> Iterator[dict[str, str]]:
    """Variables with which git reads and writes files of ``worktree`` as they are, by an index of its own."""
    with temporary_folder() as own:
        folder = own.folder
        for name in ("refs", "objects", "info"):
            (folder / name).mkdir()
        (folder / "HEAD").write_text("ref: refs/heads/none\n", encoding="utf-8")
        (folder / "info" / "attributes").write_text(VERBATIM, encoding="utf-8")
        if hash_length == 64:
            words = "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n"
            (folder / "config").write_text(words, encoding="utf-8")
        yield {
            "GIT_DIR": str(folder),
            "GIT_WORK_TREE": str(worktree),
            "GIT_OBJECT_DIRECTORY": str(common / "objects"),
        }


async def _write_verbatim(worktree: Path, paths: Sequence[str], env: Mapping[str, str]) -> str:
    # A path that ends in a slash is a repository that git does not look into.
    if nested := [path for path in paths if path.endswith("/")]:
        raise _cannot_keep(worktree, f"{', '.join(nested)}: a repository of its own")
    names = b"".join(os.fsencode(path) + b"\0" for path in paths)
    try:
        await git(worktree, "update-index", "--add", "-z", "--stdin", stdin=names, env=env, seconds=LONG)
    except GitFailed as error:
        if type(error) is GitFailed:
            raise _cannot_keep(worktree, error.detail) from error
        raise
    return (await git(worktree, "write-tree", env=env, seconds=LONG)).text


async def _index_commit(worktree: Path, pins: Mapping[str, str], head: str) -> str | None:
    """What is staged; the index itself is only read, for git would write to it what it has learned."""
    with temporary_folder() as own:
        copy = own.folder / "index"
        await asyncio.to_thread(shutil.copyfile, own_directory(worktree) / "index", copy)
        env = {**pins, "GIT_INDEX_FILE": str(copy)}
        tree = await git(worktree, "write-tree", env=env, accept=(0, 128), seconds=LONG)
    if tree.code:
        if "unmerged" in tree.stderr:
            return None
        raise GitFailed("What is staged cannot be kept", detail=tree.stderr, said=tree.stderr)
    return await commit_tree(worktree, tree.text, "What was staged\n", head, env=pins)


def _cannot_keep(worktree: Path, detail: str) -> CannotKeep:
    return CannotKeep(
        "The work tree holds something that cannot be kept",
        detail=f"{worktree}: {detail}",
        hint="move it out of the work tree, or commit it there, then try again",
    )


def _missing(worktree: Path, paths: Sequence[str]) -> list[str]:
    return [path for path in paths if not is_there(worktree, path)]


def is_there(worktree: Path, path: str) -> bool:
    """Whether there is anything at ``path``, itself in the work tree and not behind a link."""
    file = worktree / path
    parents = (worktree / parent for parent in Path(path).parents)
    return os.path.lexists(file) and not any(parent.is_symlink() for parent in parents if parent != worktree)


def _delete(worktree: Path, paths: Sequence[str]) -> None:
    for path in paths:
        file = worktree / path
        if is_there(worktree, path) and (file.is_symlink() or not file.is_dir()):
            file.unlink()
