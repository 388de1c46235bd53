"""The project's checks, run on what an agent has committed. They judge; they stop nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..domain.checks import Check, tail
from ..domain.errors import ParacleError, ToolError
from ..domain.events import Kind
from ..domain.words import one_line
from ..git.making import commands_at_work, uncommitted
from ..git.notes import named
from ..git.workplaces import Workplace
from .commands import key_of, run_command
from .journal import Journal
from .left_over import marks_of
from .past import StepResult
from .steps import Steps

CHECK_SECONDS = 900.0
"""The longest that one check may take."""

_NO_PROGRAM = 127
"""What a shell gives for a program that is not there."""


class CheckFailed(ParacleError):
    """A check of the project says no; its step is recorded as failed, and the execution goes on."""

    code = "check_failed"

    def __init__(self, check: Check) -> None:
        title = f"{one_line(check.command, 80)}: {check.word}, {check.figures}"
        super().__init__(title, detail=check.output_tail)
        self.check = check

    def to_dict(self) -> dict[str, object]:
        return {**super().to_dict(), "check": self.check.to_dict()}


async def run_check(
    text: str,
    root: Path,
    project: Path,
    log: Callable[[str], None],
    seconds: float = CHECK_SECONDS,
    marks: Mapping[str, str] | None = None,
) -> Check:
    """Run one check, as :func:`.run_command` does; one that cannot even be started has failed."""
    try:
        result = await run_command(text, root, project, seconds, log, marks)
    except ToolError as error:
        words = f"{error}" + (f" ({error.hint})" if error.hint else "")
        return Check(text, False, _NO_PROGRAM, 0.0, words)
    return Check(
        command=text,
        ok=not result.exit_code and not result.timed_out,
        exit_code=result.exit_code,
        seconds=result.seconds,
        output_tail=tail(result.stdout, result.stderr),
        timed_out=result.timed_out,
    )


async def check(
    place: Workplace,
    texts: Sequence[str],
    project: Path,
    journal: Journal,
    steps: Steps,
    found: list[Check],
) -> None:
    """Run every check in the work tree, each as a step. What they write is committed by nobody.

    Args:
        found: takes each result as it comes, so that a stop loses none.

    Raises:
        GitError, StoreError: the work tree cannot be read, or the account not be written.
    """
    async with commands_at_work(place.worktree):
        for number, text in enumerate(texts, 1):
            found.append(await _run_step(number, text, place, project, journal, steps))
    status = await uncommitted(place.worktree)
    if status.changed:
        told = f"Checks have changed files that git tracks ({named(status.changed)}); that is in no commit"
        journal.emit(Kind.LOG, level="warning", text=told)
    if status.untracked:
        told = (
            f"Checks have left files that git does not ignore ({named(status.untracked)}); none is committed"
        )
        journal.emit(Kind.LOG, level="warning", text=told)


async def _run_step(
    number: int, text: str, place: Workplace, project: Path, journal: Journal, steps: Steps
) -> Check:
    async def work(step: int) -> StepResult:
        done = await run_check(
            text,
            place.root,
            project,
            lambda line: journal.emit(Kind.LOG, level="info", text=line, step=step),
            marks=marks_of(journal.execution, key),
        )
        if not done.ok:
            raise CheckFailed(done)
        return StepResult(done.to_dict(), f"{done.word}, {done.figures}")

    key = key_of("check", number, text)
    recorded = steps.recorded(key)
    if recorded is not None and recorded.error and "check" in recorded.error:
        return Check.from_dict(recorded.error["check"])
    try:
        result = await steps.run("check", "check", {"command": text}, work, key=key, idempotent=True)
    except CheckFailed as failed:
        return failed.check
    value: dict[str, Any] = result.value
    return Check.from_dict(value)
