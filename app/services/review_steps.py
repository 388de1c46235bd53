"""Which step of which run wrote the hunks of a file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ..domain.diffs import ADDED, FileDiff, Hunk
from ..domain.errors import NotFound
from ..domain.events import Event, Kind
from ..git.blame import commits_of_lines, last_commits_with_lines
from ..git.command import git
from ..git.diffs import revisions
from .review import Reviewed
from .workspace import Workspace

Step = tuple[int, str]
"""A step's number and its tool; the tool is empty where the account of the run is gone."""


class _Commit(NamedTuple):
    execution: str
    step: int


def steps_of(workspace: Workspace, reviewed: Reviewed, file: FileDiff) -> Mapping[str, tuple[Step, ...]]:
    """The steps that committed the lines which each hunk adds, or removes where it adds none.

    Args:
        reviewed: Two commits; with the files of a work tree nothing is known, for no step has them.
        file: One of the files that differ between them.

    Returns:
        By the hunk's name (:attr:`.FileDiff.keys`), in order. Hunks that no step wrote are left out.

    Raises:
        GitError: git cannot read the commits.
        StoreError: the account cannot be read.
    """
    if not file.is_divisible:
        return {}
    by_hunk = asyncio.run(_commits(reviewed, file))
    if not any(by_hunk):
        return {}
    tools: dict[str, dict[int, str]] = {}
    found: dict[str, tuple[Step, ...]] = {}
    for key, commits in zip(file.keys, by_hunk, strict=True):
        for execution in {commit.execution for commit in commits} - tools.keys():
            tools[execution] = _tools(workspace, execution)
        steps = sorted((step, tools[execution].get(step, "")) for execution, step in set(commits))
        if steps:
            found[key] = tuple(steps)
    return found


async def _commits(reviewed: Reviewed, file: FileDiff) -> list[list[_Commit]]:
    """The commits behind each hunk, in no order."""
    told = await _told(reviewed.repository, reviewed.base, reviewed.tip)
    if not any(told.values()):
        return [[] for _ in file.hunks]
    written = removed = None
    by_hunk = []
    for hunk in file.hunks:
        numbers = _added(hunk)
        if numbers:
            if written is None:
                written = await commits_of_lines(
                    reviewed.repository, reviewed.base, reviewed.tip, file.new_path
                )
            behind = (written[number - 1] for number in numbers)
        else:
            if removed is None:
                removed = await _removers(reviewed, told, file.old_path)
            behind = (removed[place.number - 1] for place in hunk.changes)
        by_hunk.append([commit for sha in set(behind) if (commit := told.get(sha))])
    return by_hunk


def _added(hunk: Hunk) -> list[int]:
    return [place.number for place in hunk.changes if place.kind == ADDED]


async def _told(repository: Path, base: str, tip: str) -> dict[str, _Commit | None]:
    """The commits after ``base``, oldest first, with what their trailers tell."""
    execution, step = (
        f"%(trailers:key={name},valueonly,separator=%x2C)" for name in ("Paracle-Execution", "Paracle-Step")
    )
    said = await git(
        repository, "log", "--reverse", "--topo-order", "--no-show-signature", "--no-color",
        f"--format=%H%x00{execution}%x00{step}", *revisions(f"{base}..{tip}"),
    )  # fmt: skip
    found: dict[str, _Commit | None] = {}
    for line in said.stdout.decode("utf-8", "replace").splitlines():
        sha, by, number = line.split("\0")
        is_step = by and number.isascii() and number.isdigit()
        found[sha] = _Commit(by, int(number)) if is_step else None
    return found


async def _removers(reviewed: Reviewed, told: Iterable[str], path: str) -> list[str]:
    """For each line of the old file the commit that took it away: the one after the last that has it."""
    order = [reviewed.base, *told]
    after = dict(pairwise(order))
    last = await last_commits_with_lines(reviewed.repository, reviewed.base, reviewed.tip, path)
    return [after.get(sha, "") for sha in last]


def _tools(workspace: Workspace, execution: str) -> dict[int, str]:
    """The tool of each step of a run."""
    return {
        event.payload["step"]: event.payload["name"]
        for event in _events(workspace, execution)
        if event.kind is Kind.STEP_STARTED and event.payload["action"] == "tool"
    }


def _events(workspace: Workspace, execution: str) -> Iterator[Event]:
    after = 0
    try:
        while batch := workspace.store.telling_events(execution, after=after, brief=True):
            yield from batch
            after = batch[-1].seq
    except NotFound:
        return
