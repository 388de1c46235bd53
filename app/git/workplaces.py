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
        branch: ``exec/{execution}/{YYYYmmdd_HHMMSS}``.
        base_commit: The commit that the branch was forked from.
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
