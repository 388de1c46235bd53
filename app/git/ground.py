"""A folder that is to have branches: what git says about it, and its first commit."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import GitError
from .checkouts import under_way
from .command import LONG, git
from .failures import GitFailed, explained, gist
from .merging import HOOK_SECONDS
from .refs import HEADS, read_revision
from .status import no_repository
from .temporary import temporary_folder


@dataclass(frozen=True, slots=True)
class Ground:
    """The repository that a folder is in; false where there is none.

    Attributes:
        top: The top of its work tree; of a bare repository the repository itself.
        own: The directory in which git keeps what belongs to this work tree.
        head: The commit that HEAD stands for; empty before the first one.
        branch: The branch that HEAD is on; empty where it is on none.
        bare: There is no work tree.
        doing: What git is in the middle of, in words; empty when in nothing.
        ignored: It does not look at the folder, which is in its work tree.
    """

    top: Path
    own: Path | None = None
    head: str = ""
    branch: str = ""
    bare: bool = False
    doing: str = ""
    ignored: bool = False

    def __bool__(self) -> bool:
        return self.own is not None


async def survey(folder: Path) -> Ground:
    """What git says about ``folder``.

    Raises:
        GitError: git is missing or too old, or there is a repository that it refuses or cannot read.
    """
    try:
        said = await git(folder, "rev-parse", "--is-bare-repository", "--absolute-git-dir")
    except GitFailed as error:
        if no_repository(error.said):
            return Ground(folder)
        raise
    bare, _, own = said.text.partition("\n")
    if bare == "true":
        return Ground(Path(own), Path(own), await _head(folder), await _branch(folder), bare=True)
    top = Path((await git(folder, "rev-parse", "--show-toplevel")).text)
    return Ground(
        top,
        Path(own),
        await _head(folder),
        await _branch(folder),
        doing=await asyncio.to_thread(under_way, Path(own)),
        ignored=folder != top and await _ignores(top, folder),
    )


async def _head(folder: Path) -> str:
    return await read_revision(folder, "HEAD^{commit}") or ""


async def _branch(folder: Path) -> str:
    said = await git(folder, "symbolic-ref", "--quiet", "HEAD", accept=(0, 1))
    return said.text.removeprefix(HEADS) if said.text.startswith(HEADS) else ""


async def files_for_commit(ground: Ground) -> tuple[str, ...]:
    """What a commit of everything that is not ignored would hold; a repository in it ends in a slash."""
    others = ("ls-files", "--others", "--exclude-standard", "-z")
    if ground:
        said = await git(ground.top, *others, seconds=LONG)
        staged = await staged_files(ground)
        return tuple(sorted({*_names(said.stdout), *staged}))
    with temporary_folder() as own:
        await git(own.folder, "init", "--quiet", "--template=")
        env = {"GIT_DIR": str(own.folder / ".git"), "GIT_WORK_TREE": str(ground.top)}
        said = await git(ground.top, *others, env=env, seconds=LONG)
    return tuple(sorted(_names(said.stdout)))


async def staged_files(ground: Ground) -> tuple[str, ...]:
    """What the index holds."""
    return tuple(_names((await git(ground.top, "ls-files", "--cached", "-z", seconds=LONG)).stdout))


async def ignores(ground: Ground, path: Path) -> bool:
    """Whether git leaves ``path`` out of commits."""
    return await _ignores(ground.top, path)


async def _ignores(top: Path, path: Path) -> bool:
    # The one command that takes no literal path; this one begins with a slash, and so with no magic.
    env = {"GIT_LITERAL_PATHSPECS": "0"}
    said = await git(top, "check-ignore", "--quiet", "--", str(path), env=env, accept=(0, 1))
    return said.code == 0


async def make_repository(folder: Path) -> None:
    """``git init``, as the user would: with their templates and their name for the first branch."""
    with explained(folder):
        await git(folder, "init", "--quiet")


async def first_commit(folder: Path, files: Sequence[str], message: str) -> str:
    """Commit these files, as the user would: with their hooks and their signature; gives the hash.

    Raises:
        GitError: a hook or git refused; what it said is in ``detail``. The files stay staged.
    """
    names = b"".join(os.fsencode(name) + b"\0" for name in files)
    with explained(folder):
        if names:
            await git(
                folder, "add", "--pathspec-from-file=-", "--pathspec-file-nul", stdin=names, seconds=LONG
            )  # fmt: skip
        said = await git(
            folder, "commit", "--quiet", "--allow-empty", "-m", message,
            attended=True, seconds=HOOK_SECONDS, accept=range(256),
        )  # fmt: skip
    if said.code:
        raise GitError(
            "The first commit was refused",
            detail=gist(f"{said.stderr}\n{said.text}", 20),
            hint="mend what it asks for, then run this again: it goes on from here",
        )
    return await _head(folder)


def _names(output: bytes) -> list[str]:
    return [os.fsdecode(name) for name in output.split(b"\0") if name]
