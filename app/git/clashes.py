"""Merges of many pairs of commits at once, and the branches that would conflict with each other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from .command import LONG, git, require
from .failures import GitTooOld
from .previews import merge_trees

_BATCHES = (2, 39)
"""The first git whose ``merge-tree`` takes many merges from its standard input."""

_AT_ONCE = 4

Pair = tuple[str, str]
Answer = tuple[str, tuple[str, ...]]
"""The tree of a merge, and the paths in conflict in it."""


async def find_clashes(repository: Path, branches: Mapping[str, Pair]) -> dict[Pair, tuple[str, ...]]:
    """The pairs of branches that would conflict, each with the paths.

    Args:
        branches: For each tip, a commit, the trees of its fork and of itself.
    """
    changed = await _changed_paths(repository, branches)
    pairs = [pair for pair in combinations(sorted(branches), 2) if changed[pair[0]] & changed[pair[1]]]
    merged = await merge_pairs(repository, pairs)
    return {pair: conflicts for pair, (_, conflicts) in merged.items() if conflicts}


async def merge_pairs(repository: Path, pairs: Sequence[Pair]) -> dict[Pair, Answer]:
    """What a merge of each pair of commits would give."""
    try:
        await require(_BATCHES)
    except GitTooOld:
        return {pair: await merge_trees(repository, *pair) for pair in pairs}
    # Each merge is work for one processor: a few processes share them.
    shares = [pairs[number::_AT_ONCE] for number in range(_AT_ONCE)]
    answers = await asyncio.gather(*(_merge_share(repository, share) for share in shares if share))
    return {pair: answer for share in answers for pair, answer in share.items()}


async def _merge_share(repository: Path, pairs: Sequence[Pair]) -> dict[Pair, Answer]:
    asked = "".join(f"{ours} {theirs}\n" for ours, theirs in pairs).encode()
    said = await git(
        repository, "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", "--stdin",
        "--allow-unrelated-histories", stdin=asked, seconds=LONG,
    )  # fmt: skip
    # For each: its success, its tree, the paths in conflict, and an empty field.
    fields = iter(said.stdout.split(b"\0"))
    found = {}
    for pair, _ in zip(pairs, fields, strict=False):
        tree = next(fields).decode()
        found[pair] = (tree, tuple(os.fsdecode(path) for path in iter(lambda: next(fields), b"")))
    return found


async def _changed_paths(repository: Path, branches: Mapping[str, Pair]) -> dict[str, frozenset[str]]:
    """The paths that each branch changes; quoted by git, which is enough to compare them."""
    asked = "".join(f"{base} {tip}\n" for base, tip in branches.values()).encode()
    said = await git(
        repository, "diff-tree", "--stdin", "-r", "--no-renames", "--name-only", stdin=asked, seconds=LONG
    )
    headers = {f"{base} {tip}" for base, tip in branches.values()}
    found: dict[str, set[str]] = {header: set() for header in headers}
    paths: set[str] = set()
    for line in os.fsdecode(said.stdout).splitlines():
        if line in headers:
            paths = found[line]
        else:
            paths.add(line)
    return {name: frozenset(found[f"{base} {tip}"]) for name, (base, tip) in branches.items()}
