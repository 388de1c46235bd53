"""What the history's graph needs of git: the trunk by pages, and where branches left it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..domain.history_graph import TrunkCommit
from .command import LONG, git
from .refs import EXECUTIONS, HEADS, read_ref, read_revision, target_ref

_SHAPE = "%H%x00%P%x00%an%x00%at%x00%s"
_FIELDS = 5
_MOST = 100_000
"""Commits of branches' own that are read at the most: a branch of another history may have any number."""


@dataclass(frozen=True, slots=True)
class Trunk:
    """The branch that executions are shown over.

    ``branch`` and ``ref`` are empty where HEAD is on none, ``commit`` is empty where there is none yet.
    """

    branch: str
    ref: str
    commit: str


async def find_trunk(repository: Path, named: str | None) -> Trunk:
    """The branch that is named, else what HEAD is on.

    Raises:
        NotFound, UsageError: no branch is called like this.
        GitError: git could not read.
    """
    if named:
        ref, commit = await target_ref(repository, named)
        return Trunk(named, ref, commit)
    said = await git(repository, "symbolic-ref", "--quiet", "HEAD", accept=(0, 1))
    if said.code or not said.text.startswith(HEADS):
        return Trunk("", "", await read_revision(repository, "HEAD^{commit}") or "")
    return Trunk(said.text.removeprefix(HEADS), said.text, await read_ref(repository, said.text) or "")


async def read_trunk(repository: Path, start: str, limit: int) -> tuple[TrunkCommit, ...]:
    """The first-parent chain from a commit on, itself first, at most ``limit`` commits.

    Raises:
        GitError: git could not read.
    """
    said = await git(
        repository, "log", "-z", "--first-parent", f"--format={_SHAPE}", f"--max-count={limit}",
        "--encoding=UTF-8", "--no-show-signature", "--no-color", start, "--",
        seconds=LONG,
    )  # fmt: skip
    words = said.stdout.decode("utf-8", "replace").split("\0")
    rows = zip(*(words[field::_FIELDS] for field in range(_FIELDS)), strict=False)
    return tuple(
        TrunkCommit(sha, tuple(parents.split()), author, float(time or 0), subject)
        for sha, parents, author, time, subject in rows
    )


async def own_chains(repository: Path, trunk: str, commits: Collection[str]) -> dict[str, str]:
    """How some commits lead back to the trunk.

    Returns:
        For each of the commits and of their first-parent ancestors that is not of the trunk's first-parent
        chain, its first parent; empty where it has none. Commits that do not exist are left out.
    """
    asked = "".join(f"{commit}\n" for commit in sorted(commits)) + f"^{trunk}\n"
    said = await git(
        repository, "rev-list", "--first-parent", "--exclude-first-parent-only", "--parents",
        "--ignore-missing", f"--max-count={_MOST}", "--stdin",
        stdin=asked.encode(), seconds=LONG,
    )  # fmt: skip
    chains = {}
    for line in said.text.splitlines():
        commit, _, parents = line.partition(" ")
        chains[commit] = parents.partition(" ")[0]
    return chains


def leave_of(commit: str, chains: Mapping[str, str]) -> str:
    """Where the way back of a commit reaches the trunk; empty where it never does."""
    while commit in chains:
        commit = chains[commit]
    return commit


async def merged_branches(repository: Path, trunk: str) -> frozenset[str]:
    """The executions' branches whose tips are in a commit's history, as people write their names."""
    said = await git(
        repository, "for-each-ref", f"--merged={trunk}", "--format=%(refname)", EXECUTIONS.rstrip("/"),
        seconds=LONG,
    )  # fmt: skip
    return frozenset(line.removeprefix(HEADS) for line in said.text.splitlines())


async def git_folder(repository: Path) -> Path:
    """The folder with the HEAD of a work tree."""
    return Path((await git(repository, "rev-parse", "--absolute-git-dir")).text)


def refs_stamp(folder: Path, common: Path, ref: str) -> tuple[int, ...]:
    """Numbers of which one changes when HEAD, ``ref`` or an execution's branch comes, moves or goes.

    Modification times alone: it is asked every second, and a git process each time would be felt.

    Args:
        folder: The work tree's own git folder.
        common: The folder that all work trees share.
    """
    # A ref is replaced by renaming a file, which changes the folder it is in.
    places = (
        folder / "HEAD",
        common / "packed-refs",
        common / "reftable" / "tables.list",
        (common / ref).parent,
        common / EXECUTIONS,
    )
    # Each of their branches has a folder of its own, which changes when a person moves the branch by hand.
    return (*map(_modified, places), sum(map(_modified, _below(common / EXECUTIONS))))


def _below(folder: Path) -> list[Path]:
    with suppress(OSError):
        return list(folder.iterdir())
    return []


def _modified(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_mtime_ns
    return 0
