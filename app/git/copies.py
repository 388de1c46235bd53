"""A folder without git, as the first commit of a private repository.

git itself finds the files, with its own reading of ``.gitignore``, and reads them straight from the user's
folder into the private repository; the work tree is then linked to that. The user's folder is only read.
"""

from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from .command import LONG, git
from .commits import commit_tree
from .failures import CannotCopy
from .notes import named

MAX_FILES = 20_000
"""Files that one copy may hold."""

MAX_BYTES = 512 * 1024 * 1024
"""Bytes that the files of one copy may hold together."""

LEFT_OUT = (
    ".parac/.local/",
    ".venv/",
    "node_modules/",
    "__pycache__/",
    ".env",
    ".env.*",
    "!.env.example",
    "!.env.sample",
)

# Above any .gitattributes of the folder: its bytes go in and come out unchanged.
VERBATIM = "* -text -ident -filter -working-tree-encoding\n"


@dataclass(frozen=True, slots=True)
class _Listing:
    files: tuple[bytes, ...]
    notes: tuple[str, ...]


async def make_private(
    folder: Path, private: Path, *, leave_out: Path, hold: tuple[int, ...]
) -> tuple[str, tuple[str, ...]]:
    """Make the repository ``private`` with one commit that holds the files of ``folder``.

    Args:
        folder: The user's folder; only read.
        private: Where the repository goes. Its own work tree stays empty.
        leave_out: A folder that is not copied, should it lie inside ``folder``: the state directory.
        hold: File descriptors that the git processes keep open.

    Returns:
        The commit, and a sentence for each kind of file that was left out and is not ignored.

    Raises:
        CannotCopy: the files are too many or too large.
        GitError: git could not read or write.
    """
    await _make_empty(private, hold)
    env = {"GIT_DIR": str(private / ".git"), "GIT_WORK_TREE": str(folder)}
    excludes = [f"--exclude={pattern}" for pattern in LEFT_OUT]
    listed = await git(
        folder, "ls-files", "--others", "-z", *excludes, "--exclude-standard",
        env=env, seconds=LONG, hold=hold, at_most=MAX_FILES,
    )  # fmt: skip
    listing = await asyncio.to_thread(_choose, folder, listed.stdout, leave_out)
    paths = b"".join(path + b"\0" for path in listing.files)
    # '--remove' lets a file go that has vanished since it was listed.
    await git(
        folder,
        "update-index",
        "--add",
        "--remove",
        "-z",
        "--stdin",
        stdin=paths,
        env=env,
        seconds=LONG,
        hold=hold,
    )
    tree = await git(folder, "write-tree", env=env, seconds=LONG, hold=hold)
    base = await commit_tree(
        private, tree.text, f"chore: the files of {folder.name or folder} as they were\n"
    )
    (private / ".git" / "index").unlink(missing_ok=True)
    return base, listing.notes


async def copy_private(source: Path, private: Path, commit: str, *, hold: tuple[int, ...]) -> str:
    """Make the repository ``private`` with a commit of another private repository and all before it.

    Returns:
        The commit.

    Raises:
        GitError: it is not there any more, or git could not write.
    """
    await _make_empty(private, hold)
    await git(
        private, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", str(source), commit,
        seconds=LONG, hold=hold,
    )  # fmt: skip
    return commit


async def _make_empty(private: Path, hold: tuple[int, ...]) -> None:
    await git(private.parent, "init", "--quiet", "--template=", "--", str(private), hold=hold)
    await asyncio.to_thread(_write_attributes, private / ".git" / "info")


def _write_attributes(info: Path) -> None:
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text(VERBATIM, encoding="utf-8")


def _choose(folder: Path, listed: bytes, leave_out: Path) -> _Listing:
    """The listed paths that can be copied, within the limits."""
    paths = [path for path in listed.split(b"\0") if path]
    if len(paths) > MAX_FILES:
        raise _too_large(f"{folder} holds more than {MAX_FILES:,} files that are not ignored")
    top, outside_state = os.fsencode(folder), os.fsencode(leave_out)
    files: list[bytes] = []
    repositories: list[str] = []
    links: list[str] = []
    unreadable: list[str] = []
    total = 0
    for path in paths:
        full = os.path.join(top, path)  # noqa: PTH118  the bytes of a name need not be text
        if full == outside_state or full.startswith(outside_state + b"/"):
            continue
        try:
            found = os.lstat(full)
        except FileNotFoundError:
            continue
        if path.endswith(b"/"):
            repositories.append(os.fsdecode(path))
        elif stat.S_ISLNK(found.st_mode):
            links.append(os.fsdecode(path)) if _leads_out(top, full) else files.append(path)
        elif not os.access(full, os.R_OK):
            unreadable.append(os.fsdecode(path))
        elif stat.S_ISREG(found.st_mode):
            files.append(path)
            total += found.st_size
    if total > MAX_BYTES:
        raise _too_large(
            f"{folder} holds {total / 1e6:,.0f} MB in {len(files):,} files, at most {MAX_BYTES / 1e6:,.0f} MB"
        )
    return _Listing(tuple(files), tuple(_notes(repositories, links, unreadable)))


def _notes(repositories: list[str], links: list[str], unreadable: list[str]) -> list[str]:
    sentences = (
        ("Git repositories inside this folder are not part of this run", repositories),
        ("Links that lead out of this folder are not part of this run", links),
        ("Files that cannot be read are not part of this run", unreadable),
    )
    return [f"{sentence} ({named(paths)})" for sentence, paths in sentences if paths]


def _leads_out(top: bytes, link: bytes) -> bool:
    target = os.path.realpath(link)
    return target != top and not target.startswith(top + b"/")


def _too_large(detail: str) -> CannotCopy:
    return CannotCopy(
        "This folder is too large to be copied for each run",
        detail=detail,
        hint="'git init' here and commit what agents should see, or name in .gitignore what to leave out",
    )
