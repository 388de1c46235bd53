"""The errors a person or a program can meet, each with a cause and a way out.

Every face shows the same three sentences: ``title`` says what happened, ``detail`` what it
happened to, ``hint`` how to get to yes. ``code`` is stable and meant for programs;
``exit_code`` is what the command line ends with (see :class:`ExitCode`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from .problems import Problem


class ExitCode(IntEnum):
    """What the ``paracle`` command ends with."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    NOT_FOUND = 4
    CONFLICT = 5
    INTERRUPTED = 130


class ParacleError(Exception):
    """The base of every error that is meant to be read by a person.

    Args:
        title: One short sentence without a full stop: what happened.
        detail: What exactly, with the names and figures that matter. May be empty.
        hint: What to do about it, ideally a command or a line to write. May be empty.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, title: str, *, detail: str = "", hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.hint = hint

    def to_dict(self) -> dict[str, object]:
        """The error as plain data, as ``--json`` prints it and events record it."""
        return {"code": self.code, "title": self.title, "detail": self.detail, "hint": self.hint}

    def __str__(self) -> str:
        return f"{self.title}: {self.detail}" if self.detail else self.title


class UsageError(ParacleError):
    """The request itself makes no sense: a missing input, an unknown option value."""

    code = "usage"
    exit_code = ExitCode.USAGE


class NotFound(ParacleError):
    """Something named does not exist."""

    code = "not_found"
    exit_code = ExitCode.NOT_FOUND


class Conflict(ParacleError):
    """The thing exists already, or is in a state that does not allow the request."""

    code = "conflict"
    exit_code = ExitCode.CONFLICT


class PolicyRefused(ParacleError):
    """A permission or a policy says no."""

    code = "refused"
    exit_code = ExitCode.REFUSED


class BudgetExceeded(PolicyRefused):
    """The next call would go over the execution's budget."""

    code = "budget"


class ProjectError(ParacleError):
    """A project file cannot be used. ``problems`` holds every finding with its place.

    ``detail`` lists the problems one a line, so that a face that knows nothing of
    :class:`Problem` still shows them.
    """

    code = "project"

    def __init__(
        self, title: str, *, detail: str = "", hint: str = "", problems: Sequence[Problem] = ()
    ) -> None:
        lines = "\n".join(str(problem) for problem in problems)
        super().__init__(title, detail=detail or lines, hint=hint)
        self.problems = tuple(problems)

    def to_dict(self) -> dict[str, object]:
        return {**super().to_dict(), "problems": [problem.to_dict() for problem in self.problems]}


class StoreError(ParacleError):
    """The database cannot be read or written: locked, full, read-only, damaged."""

    code = "store"


class GitError(ParacleError):
    """A git command failed in a way that is not one of the more precise errors."""

    code = "git"


class ToolError(ParacleError):
    """A tool could not do what it was asked. The agent is told and may go on."""

    code = "tool"


class OutsideRoot(ToolError):
    """A path leads out of the folder an execution is confined to."""

    code = "outside_root"
    exit_code = ExitCode.REFUSED


class ToolRefused(ToolError):
    """The agent's permissions do not allow this call. The agent is told and may go on."""

    code = "tool_refused"
    exit_code = ExitCode.REFUSED


class ModelError(ParacleError):
    """The model could not answer.

    ``may_pass`` says whether asking again makes sense, as after a timeout or a dropped connection;
    ``retry_after`` the wait in seconds that the host asked for, ``None`` where it named none.
    """

    code = "model"

    def __init__(
        self,
        title: str,
        *,
        detail: str = "",
        hint: str = "",
        retry_after: float | None = None,
        may_pass: bool = False,
    ) -> None:
        super().__init__(title, detail=detail, hint=hint)
        self.retry_after = retry_after
        self.may_pass = may_pass or retry_after is not None


class TemplateError(ParacleError):
    """A template cannot be read or rendered.

    ``name`` is the template's name as the caller gave it, ``line`` counts from 1 within its text
    (0 where the line is unknown).
    """

    code = "template"

    def __init__(
        self, title: str, *, detail: str = "", hint: str = "", name: str = "", line: int = 0
    ) -> None:
        super().__init__(title, detail=detail, hint=hint)
        self.name = name
        self.line = line
