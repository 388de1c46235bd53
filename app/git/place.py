"""What git says about a project's folder before anything is done with it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import ExitCode
from .command import git
from .failures import GitConflict, GitFailed, explain
from .status import no_repository

_HEAD = "HEAD^{commit}"


class BranchGone(GitFailed):
    """The branch of an earlier execution does not exist any more."""

    code = "git_branch_gone"
    exit_code = ExitCode.NOT_FOUND

    def __init__(self, branch: str) -> None:
        super().__init__(
            "The branch of that execution is gone",
            detail=branch,
            hint=f"'paracle git archive restore {branch}' brings it back",
        )


@dataclass(frozen=True, slots=True)
class Forkable:
    """A repository with a commit to begin from.

    Attributes:
        folder: Where to run git: the top of the user's work tree, or a bare repository's folder.
        common: The directory with the refs, which all work trees of the repository share.
        head: The commit that HEAD stands for, or the branch that was looked for.
        prefix: The project's folder below the top of the work tree; ``.`` when they are the same.
        bare: There is no work tree at ``folder``, so nothing in it can be uncommitted.
    """

    folder: Path
    common: Path
    head: str
    prefix: Path
    bare: bool


async def look_at(folder: Path) -> Forkable | None:
    """The repository that ``folder`` is in; ``None`` when there is none, or none with a commit.

    Args:
        folder: The project's folder, with symbolic links resolved.

    Raises:
        GitError: git is missing or too old, or there is a repository that it refuses or cannot read.
    """
    # '--show-cdup' counts the folders up to the top without naming one, so that no file name, whatever is in
    # it, can be taken for another line.
    questions = ("--is-bare-repository", "--is-inside-work-tree", _HEAD, "--show-cdup", "--git-common-dir")
    said = await git(folder, "rev-parse", *questions, "--", accept=(0, 128))
    if said.code == 0:
        return await _understood(folder, said.text.removesuffix("\n--"))
    if no_repository(said.stderr) or (_HEAD in said.stderr and await _unborn(folder)):
        return None
    raise explain(("git", "rev-parse"), said.code, said.stderr)


async def refuse_existing_branch(common: Path, branch: str) -> None:
    """Look whether a branch exists, without a process where refs are files; see gitrepository-layout(5).

    Args:
        common: The directory that all work trees of the repository share.

    Raises:
        GitConflict: it exists.
        GitError: git cannot read the repository.
    """
    ref = f"refs/heads/{branch}"
    exists = await asyncio.to_thread(_is_in_files, common, ref)
    if exists is None:
        said = await git(common, "rev-parse", "--quiet", "--verify", ref, accept=(0, 1))
        exists = said.code == 0
    if exists:
        raise GitConflict(f"The branch '{branch}' exists already", hint="start a new execution")


def _is_in_files(common: Path, ref: str) -> bool | None:
    """Whether a ref exists; ``None`` where git keeps its refs otherwise, which it can since 2.45."""
    if (common / "reftable").exists():
        return None
    try:
        packed = (common / "packed-refs").read_bytes()
    except FileNotFoundError:
        packed = b""
    return (common / ref).exists() or f" {ref}\n".encode() in packed


async def look_at_branch(folder: Path, branch: str) -> Forkable:
    """The repository that ``folder`` is in, and the tip of a branch that is to be gone on with.

    Raises:
        BranchGone: there is no such branch, or no repository.
        GitError: git is missing or too old, or refuses or cannot read the repository.
    """
    ref = f"refs/heads/{branch}"
    questions = ("--is-bare-repository", "--is-inside-work-tree", ref, "--show-cdup", "--git-common-dir")
    said = await git(folder, "rev-parse", *questions, "--", accept=(0, 128))
    if said.code == 0:
        return await _understood(folder, said.text.removesuffix("\n--"))
    if no_repository(said.stderr) or said.stderr.endswith(f"bad revision '{ref}'"):
        raise BranchGone(branch)
    raise explain(("git", "rev-parse"), said.code, said.stderr)


async def _understood(folder: Path, answers: str) -> Forkable:
    bare, inside, head, rest = answers.split("\n", 3)
    # Without a work tree there is nothing to count, and the line may be missing.
    up, common = rest.split("\n", 1) if inside == "true" else ("", rest.lstrip("\n"))
    top = folder
    for _ in range(up.count("../")):
        top = top.parent
    return Forkable(
        folder=top,
        common=await asyncio.to_thread((folder / common).resolve),
        head=head,
        prefix=folder.relative_to(top),
        bare=bare == "true" or inside == "false",
    )


async def _unborn(folder: Path) -> bool:
    """Whether HEAD has no commit yet, rather than one that cannot be read."""
    said = await git(folder, "rev-parse", "--quiet", "--verify", "HEAD", accept=(0, 1))
    return not said.text


async def common_dir(repository: Path) -> Path:
    """The directory that all work trees of a repository share: its refs and objects."""
    said = await git(repository, "rev-parse", "--git-common-dir")
    return await asyncio.to_thread((repository / said.text).resolve)
