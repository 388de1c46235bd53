"""Merges of many pairs of commits at once, and the branches that would conflict with each other."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from .command import LONG, git, require
from .failures import GitTooOld
from .previews import merge_trees
from .tasks import each

_BATCHES = (2, 39)
"""The first git whose ``merge-tree`` takes many merges from its standard input."""

_AT_ONCE = 4

MERGED = 2_000
"""How many pairs are merged at most, at one to two milliseconds each."""

Pair = tuple[str, str]
Answer = tuple[str, tuple[str, ...]]
"""The tree of a merge, and the paths in conflict in it."""


async def find_clashes(
    repository: Path, branches: Mapping[str, Pair], only: str = ""
) -> dict[Pair, tuple[str, ...]]:
    """The pairs of branches that would conflict, each with the paths.

    What changes no path that the other changes cannot conflict with it, and is not merged. Of the other pairs
    the first :data:`MERGED` are.

    Args:
        branches: For each tip, a commit, the trees of its fork and of itself; what matters most comes first.
        only: A tip; the pairs that it is part of, and no others, are merged.
    """
    changed = await _changed_paths(repository, branches)
    tips = tuple(branches)
    # All pairs of the first so many, then those of the next one with each before it.
    pairs = (
        (one, other)
        for number, other in enumerate(tips)
        for one in tips[:number]
        if (not only or only in (one, other)) and not changed[one].isdisjoint(changed[other])
    )
    merged = await merge_pairs(repository, tuple(islice(pairs, MERGED)))
    return {pair: conflicts for pair, (_, conflicts) in merged.items() if conflicts}


async def merge_pairs(repository: Path, pairs: Sequence[Pair]) -> dict[Pair, Answer]:
    """What a merge of each pair of commits would give."""
    try:
        await require(_BATCHES)
    except GitTooOld:
        return {pair: await merge_trees(repository, *pair) for pair in pairs}
    # Each merge is work for one processor: a few processes share them.
    shares = [pairs[number::_AT_ONCE] for number in range(_AT_ONCE)]
    answers = await each(_merge_share(repository, share) for share in shares if share)
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
