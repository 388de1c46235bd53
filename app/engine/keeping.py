"""How a commit is told in an execution's account."""

from __future__ import annotations

from ..domain.events import Kind
from ..domain.words import one_line
from ..git.commits import Commit
from .journal import Journal


def tell_commit(journal: Journal, commit: Commit, step: int, command: str = "") -> None:
    """Record a commit with the files that it changed.

    Args:
        step: the one whose work it holds; 0 where it is of no step.
        command: the one of a person whose work it holds.
    """
    journal.emit(
        Kind.COMMIT,
        step=step,
        **({"command": command} if command else {}),
        sha=commit.sha,
        message=one_line(commit.message.partition("\n")[0]),
        files=[
            {"path": file.path, "status": file.status, "added": file.added, "removed": file.removed}
            for file in commit.files
        ],
    )
