"""Real repositories in words a user would use, and the fingerprint of everything a run must leave alone."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RUNS = "refs/heads/exec/"


@dataclass(frozen=True)
class Fingerprint:
    """What belongs to the user: two of them are equal when nothing of it was touched.

    ``files`` holds kind, mode, modification time and bytes of each entry of the work tree. ``refs`` leaves
    out the branches of executions, which are new ones beside the user's.
    """

    files: dict[str, tuple[int, int, bytes]]
    index: bytes
    head: bytes
    refs: str
    stash: str
    config: bytes
    hooks: tuple[str, ...]


class RepoBuilder:
    """A repository in ``folder``, which it makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet")

    @classmethod
    def of(cls, folder: Path) -> RepoBuilder:
        """The repository that is in ``folder`` already."""
        repo = cls.__new__(cls)
        repo.folder = folder
        return repo

    @classmethod
    def clone(cls, source: RepoBuilder, folder: Path, *options: str) -> RepoBuilder:
        """A clone, for instance a shallow or a bare one."""
        url = f"file://{source.folder}"
        subprocess.run(
            ["git", "clone", "--quiet", *options, url, str(folder)], check=True, capture_output=True
        )
        return cls.of(folder)

    def git(self, *arguments: str, check: bool = True) -> str:
        """Run git as the user would; gives what it printed."""
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
        return os.fsdecode(done.stdout).rstrip("\n")

    def write(self, path: str, content: str | bytes = "something\n") -> Path:
        """Write a file, as in an editor."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def commit(self, message: str = "some work", **files: str) -> str:
        """Write ``files`` (``a__b_py`` is ``a/b.py``) and commit everything; gives the hash."""
        for name, content in files.items():
            self.write(name.replace("__", "/").replace("_py", ".py"), content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.head

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return self.git("rev-parse", "HEAD")

    @property
    def git_folder(self) -> Path:
        """The folder that git keeps everything in."""
        return (self.folder / self.git("rev-parse", "--git-common-dir")).resolve()

    def branches(self) -> list[str]:
        """All local branches."""
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()

    def run_branches(self) -> list[str]:
        """The branches of executions."""
        return [branch for branch in self.branches() if branch.startswith("exec/")]

    def worktrees(self) -> list[str]:
        """The linked work trees that git knows of, the user's own left out."""
        lines = self.git("worktree", "list", "--porcelain").splitlines()
        return [line.removeprefix("worktree ") for line in lines if line.startswith("worktree ")][1:]

    def show(self, revision: str, path: str) -> str:
        """A file as a commit has it."""
        return self.git("show", f"{revision}:{path}")

    def names(self, revision: str) -> list[str]:
        """The files of a commit."""
        return [name for name in self.git("ls-tree", "-r", "-z", "--name-only", revision).split("\0") if name]

    def message(self, revision: str) -> str:
        """A commit's message."""
        return self.git("log", "-1", "--format=%B", revision)

    def healthy(self) -> bool:
        """Whether git finds nothing wrong with it."""
        return self.git("fsck", "--no-dangling", "--no-progress") == ""

    def fingerprint(self) -> Fingerprint:
        """Everything of the user's as it is now."""
        own = Path(self.folder / self.git("rev-parse", "--absolute-git-dir"))
        refs = self.git("for-each-ref", "--format=%(refname) %(objectname) %(symref)").splitlines()
        hooks = self.git_folder / "hooks"
        return Fingerprint(
            files=tree_fingerprint(self.folder),
            index=_bytes(own / "index"),
            head=_bytes(own / "HEAD"),
            refs="\n".join(ref for ref in refs if not ref.startswith(RUNS)),
            stash=self.git("stash", "list", "--format=%H %gs", check=False),
            config=_bytes(self.git_folder / "config"),
            hooks=tuple(sorted(hook.name for hook in hooks.iterdir())) if hooks.is_dir() else (),
        )


def tree_fingerprint(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, modification time and bytes of everything below ``folder``, except in ``.git``."""
    return {str(path.relative_to(folder)): _entry(path) for path in _below(folder)}


def _below(folder: Path) -> Iterator[Path]:
    for name, folders, files in os.walk(folder):
        if ".git" in folders:
            folders.remove(".git")
        for entry in (*folders, *files):
            yield Path(name) / entry


def _entry(path: Path) -> tuple[int, int, bytes]:
    found = path.lstat()
    content = b""
    if stat.S_ISLNK(found.st_mode):
        content = os.fsencode(path.readlink())
    elif stat.S_ISREG(found.st_mode):
        content = path.read_bytes()
    return found.st_mode, found.st_mtime_ns, content


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def stand_in(folder: Path, script: str) -> str:
    """Put a program named ``git`` into ``folder``; gives a PATH on which it comes first.

    The script finds the real git in ``$REAL``. It serves the cases that a healthy machine does not show: an
    old version, a full disk, a git that hangs.
    """
    real = shutil.which("git")
    folder.mkdir()
    program = folder / "git"
    program.write_text(f'#!/bin/sh\nREAL="{real}"\n{script}\n')
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
