"""A fresh work tree made ready for its agent: ignored files brought in, setup commands run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..domain.checks import tail
from ..domain.errors import ParacleError, ToolError
from ..domain.events import Kind
from ..domain.trust import Preparation
from ..domain.words import one_line
from ..git.isolation import Isolation
from ..git.making import commands_at_work
from ..git.tasks import to_the_end
from ..git.workplaces import Workplace
from ..tools.run_command import RunCommandResult, how_it_ended
from .commands import key_of, run_command
from .journal import Journal
from .keeping import tell_commit
from .left_over import marks_of
from .past import StepResult
from .steps import Steps

SETUP_SECONDS = 1800.0
"""The longest that one setup command may take."""


class SetupFailed(ParacleError):
    """A setup command of the project failed, so the agent did not begin."""

    code = "setup_failed"


async def prepare(
    place: Workplace,
    wanted: Preparation,
    project: Path,
    isolation: Isolation,
    journal: Journal,
    steps: Steps,
    commits: list[str],
) -> bool:
    """Bring in what is ignored, run the setup commands one after another, commit what they have changed.

    Args:
        project: the project's folder in the user's checkout.
        commits: takes the commit, where setup has changed what git does not ignore.

    Returns:
        Whether there is such a commit.

    Raises:
        SetupFailed: a command failed; those after it did not run.
        GitError, StoreError: the work tree or the account cannot be written.
    """
    for note in wanted.notes:
        journal.emit(Kind.LOG, level="warning", text=note)
    included = await isolation.include(place, wanted.copy)
    for left_out in included.left_out:
        journal.emit(Kind.LOG, level="warning", text=str(left_out))
    if not wanted.setup:
        return False
    async with commands_at_work(place.worktree):
        for number, text in enumerate(wanted.setup, 1):
            await _run_step(number, text, place, project, journal, steps)
    # A stop waits for it: a commit of which the receipt does not know would be lost.
    return await to_the_end(_commit(wanted, place, isolation, journal, steps, commits))


async def _run_step(
    number: int, text: str, place: Workplace, project: Path, journal: Journal, steps: Steps
) -> None:
    async def work(step: int) -> StepResult:
        result = await set_up(
            text,
            place.root,
            project,
            lambda line: journal.emit(Kind.LOG, level="info", text=line, step=step),
            marks_of(journal.execution, key),
        )
        value: dict[str, Any] = result.model_dump(mode="json")
        return StepResult(value, how_it_ended(result))

    key = key_of("setup", number, text)
    # Done again after a crash: setup that cannot be is no setup for fresh work trees.
    await steps.run("setup", "setup", {"command": text}, work, key=key, idempotent=True)


async def set_up(
    text: str,
    root: Path,
    project: Path,
    log: Callable[[str], None],
    marks: Mapping[str, str] | None = None,
) -> RunCommandResult:
    """Run one setup command, as :func:`.run_command` does.

    Raises:
        SetupFailed: it failed, took too long, or cannot be started.
    """
    try:
        result = await run_command(text, root, project, SETUP_SECONDS, log, marks)
    except ToolError as error:
        raise SetupFailed(
            f"Setup failed: {one_line(text, 80)}", detail=str(error), hint=error.hint
        ) from error
    if result.timed_out or result.exit_code:
        raise SetupFailed(
            f"Setup failed: {one_line(text, 80)}",
            detail="\n".join(filter(None, (how_it_ended(result), tail(result.stdout, result.stderr)))),
            hint="it is in the project's worktree.setup; it ran in a fresh work tree, which lacks the files "
            "that git ignores: name those that it needs in worktree.copy",
        )
    return result


async def _commit(
    wanted: Preparation,
    place: Workplace,
    isolation: Isolation,
    journal: Journal,
    steps: Steps,
    commits: list[str],
) -> bool:
    """What setup has changed, in a commit of its own, so that the agent's are the agent's."""
    await journal.settle()
    trailers = {"Paracle-Execution": place.execution, "Paracle-Step": str(steps.count)}
    message = f"chore(setup): {one_line(' && '.join(wanted.setup), 60)}"
    commit = await isolation.commit(place, message, trailers)
    if commit is None:
        return False
    commits.append(commit.sha)
    tell_commit(journal, commit, steps.count)
    return True
