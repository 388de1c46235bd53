"""Figures of many branches against one target, in a handful of processes however many they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..domain.history import Figures, Merged
from .ancestry import count_commits
from .clashes import merge_pairs
from .command import LONG, git
from .diffs import revisions
from .tasks import together

_SHORTSTAT = re.compile(rb"(\d+) files? changed(?:, (\d+) insertions?\(\+\))?(?:, (\d+) deletions?\(-\))?")


@dataclass(frozen=True, slots=True)
class Compared:
    """A branch to compare: its tip, that commit's tree, and the commit it was forked from."""

    tip: str
    tree: str
    base: str


async def compare(repository: Path, wanted: Sequence[Compared], target: str) -> dict[Compared, Figures]:
    """The figures of branches against the commit ``target``.

    A branch whose fork is gone has no files and lines. Whether a merge would bring anything is tried with
    ``git merge-tree``; one that conflicts is compared with the target's commits by patch id besides.

    Raises:
        GitError: git could not read.
    """
    if not wanted:
        return {}
    tips = {branch.tip for branch in wanted}
    trees, merges, counts = await together(
        trees_of(repository, {target, *(branch.base for branch in wanted)}),
        _merges(repository, target, sorted(tips)),
        count_commits(repository, target, tips),
    )
    stats = await _stats(repository, wanted, trees)
    found = {}
    for branch in wanted:
        ahead, behind = counts[branch.tip]
        tree, conflicts = merges[branch.tip]
        merged = Merged.NO
        if not ahead:
            merged = Merged.ANCESTRY
        elif not conflicts and tree == trees[target] and branch.tree != trees.get(branch.base):
            merged = Merged.CONTENT
        found[branch] = Figures(ahead, behind, *stats.get(branch, (0, 0, 0)), merged, conflicts)
    return await _by_patch(repository, found, target)


async def trees_of(repository: Path, commits: Iterable[str]) -> dict[str, str]:
    """The trees of commits; one that does not exist is left out."""
    names = sorted(commit for commit in commits if commit)
    asked = "".join(f"{commit}^{{tree}}\n" for commit in names).encode()
    said = await git(repository, "cat-file", "--batch-check=%(objectname)", stdin=asked)
    answers = zip(names, said.text.splitlines(), strict=True)
    return {commit: tree for commit, tree in answers if " " not in tree}


async def _stats(
    repository: Path, wanted: Sequence[Compared], trees: Mapping[str, str]
) -> dict[Compared, tuple[int, int, int]]:
    """Files and lines between each fork and tip; those without a difference are left out."""
    by_pair = {(trees[branch.base], branch.tree): branch for branch in wanted if branch.base in trees}
    asked = "".join(f"{base} {tip}\n" for base, tip in by_pair).encode()
    said = await git(
        repository, "diff-tree", "--stdin", "-r", "-M", "--shortstat", "--no-ext-diff", "--no-textconv",
        stdin=asked, seconds=LONG,
    )  # fmt: skip
    pair, figures = ("", ""), {}
    for line in said.stdout.splitlines():
        if match := _SHORTSTAT.search(line):
            figures[pair] = (int(match[1]), int(match[2] or 0), int(match[3] or 0))
        else:
            base, _, tip = line.decode().partition(" ")
            pair = (base, tip)
    return {
        branch: figures[trees[branch.base], branch.tree]
        for branch in wanted
        if branch.base in trees and (trees[branch.base], branch.tree) in figures
    }


async def _merges(
    repository: Path, target: str, tips: Sequence[str]
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The tree that a merge of each tip would give, and the paths in conflict."""
    merged = await merge_pairs(repository, [(target, tip) for tip in tips])
    return {tip: answer for (_, tip), answer in merged.items()}


async def _by_patch(repository: Path, found: dict[Compared, Figures], target: str) -> dict[Compared, Figures]:
    """Recognise what was squashed into the target and changed there since, so that it conflicts now."""
    doubtful = [branch for branch, figures in found.items() if figures.conflicts]
    if not doubtful:
        return found
    bases = sorted({branch.base for branch in doubtful})
    log = await git(
        repository, "log", "--first-parent", "--no-merges", "-p", "--no-color", "--no-ext-diff",
        "--no-textconv", "--full-index", "--max-count=500", target, *(f"^{base}" for base in bases), "--",
        seconds=LONG,
    )  # fmt: skip
    theirs = {line.split()[0] for line in await _patch_ids(repository, log.stdout)}
    if not theirs:
        return found
    known = dict(found)
    for branch in doubtful:
        patch = await git(
            repository, "diff-tree", "-r", "-p", "--no-color", "--no-ext-diff", "--no-textconv",
            "--full-index", *revisions(branch.base, branch.tip), seconds=LONG,
        )  # fmt: skip
        if any(line.split()[0] in theirs for line in await _patch_ids(repository, patch.stdout)):
            known[branch] = replace(found[branch], merged=Merged.PATCH, conflicts=())
    return known


async def _patch_ids(repository: Path, patches: bytes) -> list[str]:
    said = await git(repository, "patch-id", "--stable", stdin=patches, seconds=LONG)
    return said.text.splitlines()
