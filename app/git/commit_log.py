"""The commits that an execution has made, read from git where its account may not know of them."""

from __future__ import annotations

from pathlib import Path

from .command import LONG, git
from .commits import Commit
from .diffs import changes

_TRAILER = "%(trailers:key=Paracle-Step,valueonly,separator=%x2C)"


async def commits_between(repository: Path, base: str, tip: str) -> tuple[tuple[Commit, int], ...]:
    """The commits from ``base`` (exclusive) to ``tip``, oldest first, each with the step it names (0: none).

    Raises:
        GitError: git cannot read them.
    """
    if base == tip:
        return ()
    said = await git(
        repository, "log", "-z", "--reverse", "--first-parent", f"--format=%H%n{_TRAILER}%n%B",
        f"{base}..{tip}", "--", seconds=LONG,
    )  # fmt: skip
    found = []
    for entry in said.stdout.decode("utf-8", "replace").split("\0"):
        if not entry.strip():
            continue
        sha, step, message = entry.split("\n", 2)
        files = await changes(repository, f"{sha}^", sha)
        number = int(step) if step.isascii() and step.isdigit() else 0
        found.append((Commit(sha, message, files), number))
    return tuple(found)
