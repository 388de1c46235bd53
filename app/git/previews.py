"""What a merge would give, found out without a work tree and without moving anything."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.history import Mode
from .ancestry import is_ancestor
from .command import LONG, git
from .commits import NOBODY, commit_tree
from .failures import GitConflict
from .refs import read_revision

MERGE_TREE = (2, 38)
"""The first git whose ``merge-tree`` merges without a work tree."""


class NothingToMerge(GitConflict):
    """The target has everything already."""

    code = "git_nothing_to_merge"


@dataclass(frozen=True, slots=True)
class Merging:
    """A merge as it is asked for.

    Attributes:
        repository: The folder to run git in.
        branch: The name of what is merged, for messages.
        base: The commit it was forked from; what is replayed begins after it.
        tip: The commit that is merged.
        target, target_tip: The full name of the target's ref, and what it stands for.
        has_base: The target has ``base`` in its history. It lacks a commit of the user's files as they were,
            and one of another branch; a squash then brings nothing but what came after it.
    """

    repository: Path
    branch: str
    base: str
    tip: str
    target: str
    target_tip: str
    mode: Mode
    has_base: bool = True

    @property
    def begins_late(self) -> bool:
        """Whether it has to leave out what the branch was forked from."""
        return self.mode is Mode.SQUASH and not self.has_base


@dataclass(frozen=True, slots=True)
class Forecast:
    """The tree that a merge would give, the paths in conflict, and how many commits would come."""

    tree: str
    conflicts: tuple[str, ...]
    commits: int


async def forecast(wanted: Merging) -> Forecast:
    """What a merge would give.

    Raises:
        GitConflict: a fast-forward is not possible.
        GitError: a commit is not there, or git could not read.
    """
    where = wanted.repository
    commits = await commits_of(where, wanted.base, wanted.tip)
    conflicts: tuple[str, ...] = ()
    match wanted.mode:
        case Mode.FF:
            await _check_fast_forward(wanted)
            tree = await _tree_of(where, wanted.tip)
        case Mode.SQUASH if wanted.begins_late:
            tree, conflicts = await merge_from(where, wanted.base, wanted.target_tip, wanted.tip)
        case Mode.MERGE | Mode.SQUASH:
            tree, conflicts = await merge_trees(where, wanted.target_tip, wanted.tip)
        case Mode.REBASE | Mode.CHERRY_PICK:
            tree, conflicts = await _replay(where, wanted.target_tip, commits)
    return Forecast(tree, conflicts, len(commits))


async def merge_trees(repository: Path, ours: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """The tree of a merge of two commits, and the paths that are in conflict in it."""
    said = await git(
        repository, "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z",
        "--allow-unrelated-histories", ours, theirs, accept=(0, 1), seconds=LONG,
    )  # fmt: skip
    tree, *paths = said.stdout.split(b"\0")
    return tree.decode(), tuple(os.fsdecode(path) for path in paths if path)


async def merge_from(repository: Path, base: str, ours: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    """Merge three trees (or commits): what leads from ``base`` to ``theirs``, done to ``ours``.

    ``merge-tree`` takes a merge base from the history alone before git 2.40, so one is written.
    """
    root = await commit_tree(repository, await _tree_of(repository, base), "base\n", env=NOBODY)
    left = await commit_tree(repository, await _tree_of(repository, ours), "ours\n", root, env=NOBODY)
    right = await commit_tree(repository, await _tree_of(repository, theirs), "theirs\n", root, env=NOBODY)
    return await merge_trees(repository, left, right)


async def commits_of(repository: Path, base: str, tip: str) -> tuple[str, ...]:
    """The commits of a branch since its fork, oldest first, merges left out."""
    said = await git(
        repository,
        "rev-list",
        "--reverse",
        "--topo-order",
        "--no-merges",
        tip,
        f"^{base}",
        "--",
        seconds=LONG,
    )
    return tuple(said.text.split())


async def _replay(repository: Path, onto: str, commits: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    tree = await _tree_of(repository, onto)
    for commit in commits:
        tree, conflicts = await merge_from(repository, f"{commit}^", tree, commit)
        if conflicts:
            return tree, conflicts
    return tree, ()


async def _check_fast_forward(wanted: Merging) -> None:
    if not await is_ancestor(wanted.repository, wanted.target_tip, wanted.tip):
        raise GitConflict(
            "The target cannot simply move forward",
            detail=f"{wanted.target} has commits that {wanted.branch} lacks",
            hint="use --mode merge, squash or rebase",
        )


async def _tree_of(repository: Path, revision: str) -> str:
    return await read_revision(repository, f"{revision}^{{tree}}") or revision
