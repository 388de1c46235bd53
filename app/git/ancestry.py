"""How many commits branches and their target have for themselves, from two walks over the history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from .command import LONG, git

Graph = Mapping[str, Sequence[str]]


async def count_commits(repository: Path, target: str, tips: Collection[str]) -> dict[str, tuple[int, int]]:
    """For each tip, the commits that it has and ``target`` lacks, and the other way round."""
    ours = await _graph(repository, *sorted(tips), f"^{target}")
    reached = {tip: _reach(ours, [tip]) for tip in tips}
    forks = {frozenset(outside) for _, outside in reached.values()}
    theirs = await _graph(repository, target, *await _shared_by(repository, forks))
    # What all forks share is in no branch's difference, so it needs no look.
    behind = {fork: len(theirs) - len(_reach(theirs, sorted(fork))[0]) for fork in forks}
    return {tip: (len(ahead), behind[frozenset(outside)]) for tip, (ahead, outside) in reached.items()}


async def _shared_by(repository: Path, forks: Collection[frozenset[str]]) -> list[str]:
    """An argument that leaves out what every fork leads to."""
    if not all(forks):
        return []  # unrelated histories share nothing
    commits = sorted({commit for fork in forks for commit in fork})
    said = await git(repository, "merge-base", "--octopus", *commits, accept=(0, 1), seconds=LONG)
    return [f"^{said.text}"] if said.text else []


def _reach(graph: Graph, starts: Sequence[str]) -> tuple[set[str], set[str]]:
    """The commits of ``graph`` that ``starts`` lead to, and the first ones outside of it."""
    seen: set[str] = set()
    outside: set[str] = set()
    todo = list(starts)
    while todo:
        commit = todo.pop()
        if commit not in graph:
            outside.add(commit)
        elif commit not in seen:
            seen.add(commit)
            todo.extend(graph[commit])
    return seen, outside


async def _graph(repository: Path, *commits: str) -> dict[str, list[str]]:
    asked = "".join(f"{commit}\n" for commit in commits).encode()
    said = await git(repository, "rev-list", "--parents", "--stdin", stdin=asked, seconds=LONG)
    rows = (line.split() for line in said.text.splitlines())
    return {commit: parents for commit, *parents in rows}


async def is_ancestor(repository: Path, earlier: str, later: str) -> bool:
    """Whether ``later`` has the commit ``earlier`` in its history, or is it."""
    said = await git(repository, "merge-base", "--is-ancestor", earlier, later, accept=(0, 1))
    return said.code == 0
