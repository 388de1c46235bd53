"""Making a folder ready for branches: what there is to do, shown first and done after a yes.

A run needs a commit to fork from and a place that its own files are kept out of. What is made here is the
user's: their ``git init``, their first commit, with their name, hooks and signature.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..domain.errors import Conflict, GitError
from ..domain.secrets import looks_secret
from ..domain.words import plural, size
from ..git.failures import ReadOnlyRepository
from ..git.ground import (
    Ground,
    files_for_commit,
    first_commit,
    ignores,
    make_repository,
    staged_files,
    survey,
)
from ..git.merging import identity
from ..git.notes import named
from .workspace import Workspace

MESSAGE = "chore: first commit\n\nThe files as they were when branches were set up here.\n"

_MADE_AGAIN = (".venv", "node_modules", "__pycache__")
"""Folders that tools make again, and nobody wants in a commit."""

_LOCAL = ("# The record of runs on this machine. Everything else belongs into version control.", ".local/")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done; false where that is nothing.

    Attributes:
        top: Where the repository is, or will be.
        init: Make it.
        ignore: Lines that its ``.gitignore`` gets.
        local: The ``.parac/.gitignore`` that is written or gets a line.
        commit: Make the first commit.
        files, bytes: What that will hold.
        left_out: What it will not hold, though nothing of it is ignored: repositories of their own.
    """

    top: Path
    init: bool = False
    ignore: tuple[str, ...] = ()
    local: Path | None = None
    commit: bool = False
    files: int = 0
    bytes: int = 0
    left_out: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.init or self.commit or self.local is not None

    @property
    def steps(self) -> tuple[str, ...]:
        """What will be done, in its order, a sentence each."""
        said = []
        if self.init:
            said.append(f"git init in {self.top}")
        if self.local:
            said.append(f"keep the record of runs out of git: .local/ in {self.local}")
        if self.ignore:
            said.append(f"add to .gitignore, so that it is not committed: {', '.join(self.ignore)}")
        if self.commit:
            said.append(f"make the first commit, of {plural(self.files, 'file')} ({size(self.bytes)})")
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain data."""
        return {
            "folder": str(self.top),
            "steps": list(self.steps),
            "init": self.init,
            "gitignore": list(self.ignore),
            "commit": self.commit,
            "files": self.files,
            "bytes": self.bytes,
            "left_out": list(self.left_out),
        }


def plan(workspace: Workspace) -> Plan:
    """What is to be done in the project's folder; nothing is touched.

    Raises:
        Conflict: it lies in a repository that is not its own and does not have it, or git is in the middle
            of something there.
        ReadOnlyRepository: something is to be written where nothing can be.
        GitError: git is missing or too old, refuses the repository, or knows no user for the first commit.
    """
    return asyncio.run(_plan(workspace))


def carry_out(workspace: Workspace, wanted: Plan) -> str:
    """Do it; gives the first commit, and nothing where there was one.

    Raises:
        GitError: git, or a hook, refused; what was done before stays, and a second time goes on from there.
    """
    return asyncio.run(_carry_out(workspace, wanted))


async def _plan(workspace: Workspace) -> Plan:
    root = workspace.project.root.resolve()
    ground = await survey(root)
    _refuse_foreign(ground, root)
    found = Plan(ground.top, init=not ground, local=await _local(workspace, ground), commit=not ground.head)
    if found.commit and not ground.bare:
        found = await _with_files(ground, found)
    if found:
        await _refuse_unready(ground, found)
    return found


async def _with_files(ground: Ground, found: Plan) -> Plan:
    names = await files_for_commit(ground)
    if ground and (staged := [name for name in await staged_files(ground) if looks_secret(name)]):
        raise Conflict(
            "Files that look like secrets are staged",
            detail=named(staged),
            hint=f"git rm --cached {staged[0]} takes one back; or commit yourself, then run this again",
        )
    left_out = tuple(name for name in names if name.endswith("/"))
    files = [name for name in names if not name.endswith("/")]
    lines = _ignored_lines(files)
    kept = {name for name in files if _is_wanted(name)}
    if found.local:
        record = f"{found.local.parent.relative_to(found.top)}/.local/".removeprefix("./")
        kept = {name for name in kept if not name.startswith(record)}
        kept.add(str(found.local.relative_to(found.top)))
    if lines:
        kept.add(".gitignore")
    total = await asyncio.to_thread(_total, ground.top, kept)
    return Plan(found.top, found.init, lines, found.local, True, len(kept), total, left_out)


async def _carry_out(workspace: Workspace, wanted: Plan) -> str:
    root = workspace.project.root.resolve()
    if wanted.init:
        await make_repository(wanted.top)
    if wanted.local:
        await asyncio.to_thread(_add_lines, wanted.local, _LOCAL)
    if wanted.ignore:
        await asyncio.to_thread(_add_lines, wanted.top / ".gitignore", wanted.ignore)
    if not wanted.commit:
        return ""
    # Asked again: what was ignored just now is not listed any more, and files may have come meanwhile.
    names = await files_for_commit(await survey(root))
    return await first_commit(wanted.top, [name for name in names if _is_wanted(name)], MESSAGE)


async def _local(workspace: Workspace, ground: Ground) -> Path | None:
    """The project's ``.gitignore``, where the record of runs would come into commits without a line in it."""
    parac = workspace.project.parac
    if parac is None or ground.bare:
        return None
    own = parac / ".gitignore"
    if not ground:
        lines = own.read_text(encoding="utf-8").split() if own.exists() else []
        return None if {".local/", ".local", "/.local/", "/.local"}.intersection(lines) else own
    return None if await ignores(ground, parac / ".local" / "engine.db") else own


def _refuse_foreign(ground: Ground, root: Path) -> None:
    if ground.ignored:
        raise Conflict(
            "This folder is ignored by the repository around it",
            detail=f"{ground.top} leaves {root} out of its commits, so runs would find nothing there",
            hint=f"take it out of the .gitignore, or 'git init' in {root} yourself, then run this again",
        )
    if ground and not ground.head and ground.top != root and not ground.bare:
        raise Conflict(
            "This folder lies inside another repository that has no commit",
            detail=f"{ground.top}: its first commit would hold more than {root}",
            hint=f"paracle -C {ground.top} git init-workflow makes that commit",
        )
    if not ground and root in (Path.home(), Path(root.anchor)):
        raise Conflict(
            "A repository of everything you have is no place for runs",
            detail=str(root),
            hint="run this in the folder of one project: paracle -C FOLDER git init-workflow",
        )


async def _refuse_unready(ground: Ground, found: Plan) -> None:
    if ground.bare:
        raise Conflict(
            "A bare repository has no files to begin with",
            detail=str(ground.top),
            hint="push a first commit to it, or run this in a clone",
        )
    if ground.doing:
        raise Conflict(
            f"In {ground.top} {ground.doing} is under way",
            detail="the changes of now would come into it",
            hint="finish it, or give it up ('git status' says how), then run this again",
        )
    for folder in filter(None, (ground.top, ground.own, found.local and found.local.parent)):
        if not os.access(folder, os.W_OK):
            raise ReadOnlyRepository(
                "The folder cannot be written",
                detail=str(folder),
                hint=f"make it writable (chmod u+w {folder}), or run this on a copy",
            )
    if found.commit and await identity(ground.top):
        raise GitError(
            "git does not know who you are",
            detail="the first commit is yours, and git has no name and address for it",
            hint="git config --global user.name 'Your Name'; git config --global user.email YOU@EXAMPLE.ORG",
        )


def _is_wanted(name: str) -> bool:
    return not (name.endswith("/") or _is_made_again(name) or looks_secret(name))


def _is_made_again(name: str) -> bool:
    return any(part in _MADE_AGAIN for part in Path(name).parts[:-1])


def _ignored_lines(files: Sequence[str]) -> tuple[str, ...]:
    """The lines that keep out of commits what does not belong there."""
    made = [f"{name}/" for name in _MADE_AGAIN if any(name in Path(file).parts[:-1] for file in files)]
    secret = [file for file in files if looks_secret(file) and not _is_made_again(file)]
    # A .gitignore has no word for a line break in a name: such a file is left out of this commit alone.
    return (*made, *(_line_for(file) for file in secret if "\n" not in file))


def _line_for(path: str) -> str:
    """A line of a ``.gitignore`` that stands for exactly this path."""
    escaped = "".join(f"\\{character}" if character in "\\*?[" else character for character in path)
    return f"/{escaped[:-1]}\\ " if escaped.endswith(" ") else f"/{escaped}"


def _add_lines(file: Path, lines: Sequence[str]) -> None:
    there = file.read_bytes() if file.exists() else b""
    joint = b"" if not there or there.endswith(b"\n") else b"\n"
    new = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
    file.write_bytes(there + joint + new)


def _total(top: Path, files: Iterable[str]) -> int:
    sizes = 0
    for name in files:
        try:
            sizes += (top / name).lstat().st_size
        except OSError:
            continue
    return sizes
