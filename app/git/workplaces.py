"""Where an execution works, as a value that can be stored and read back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from ..domain.errors import UsageError

_EXECUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class Workplace:
    """The branch and the folder of one execution.

    Attributes:
        execution: The execution's id.
        root: Where the agent works: ``worktree``, or the project's folder inside it.
        worktree: The top of the work tree.
        branch: ``exec/{owner}/{YYYYmmdd_HHMMSS}``; the owner is the execution, or the one that it follows.
        base_commit: The commit that the branch was at when the execution began; of one that took over what
            another had done, when that one began.
        isolation: ``worktree`` of the user's repository, or ``copy`` of a folder that has none.
        repository: The folder to run git in for refs and differences: the user's repository, or the
            private one of a copy. It is there when the work tree is gone.
        warnings: What of the user's folder is not part of the execution, one sentence each.
    """

    execution: str
    root: Path
    worktree: Path
    branch: str
    base_commit: str
    isolation: Literal["worktree", "copy"]
    repository: Path
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The value as plain JSON data; :meth:`from_dict` reads it back."""
        return {
            **asdict(self),
            "root": str(self.root),
            "worktree": str(self.worktree),
            "repository": str(self.repository),
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Workplace:
        """Read what :meth:`to_dict` wrote."""
        return cls(
            **{
                **data,
                "root": Path(data["root"]),
                "worktree": Path(data["worktree"]),
                "repository": Path(data["repository"]),
                "warnings": tuple(data["warnings"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier execution has left to go on with.

    Attributes:
        branch: Its branch.
        private: The private repository that holds it; ``None`` where the user's own does.
        unfinished: The message of the commit that keeps what lies in its work tree in no commit.
    """

    branch: str
    private: Path | None
    unfinished: str


@dataclass(frozen=True, slots=True)
class Fork:
    """Where the branch of an execution begins that takes over what another one has done.

    Attributes:
        commit: The commit.
        base: The commit that the work so far began with: what came since is on the new branch as well.
        private: The private repository that holds it; ``None`` where the user's own does.
    """

    commit: str
    base: str
    private: Path | None = None


def branch_name(execution: str, when: datetime) -> str:
    """The branch of an execution that starts at ``when`` (local or UTC, as the caller counts).

    Raises:
        UsageError: the id cannot be part of a branch and a folder name.
    """
    if not _EXECUTION.fullmatch(execution):
        raise UsageError(
            f"{execution!r} cannot be the id of an execution",
            hint="use letters, digits, '-' and '_', at most 100",
        )
    return f"exec/{execution}/{when:%Y%m%d_%H%M%S}"
