"""Commands that a person runs in the worktree of an execution, between what its agent does there.

A command waits until nobody else changes files, and what it changes becomes a commit of its own before
anybody else may: the agent's commits stay the agent's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..domain.by_hand import ManualCommand, ManualEnd
from ..domain.checks import TAIL, tail
from ..domain.errors import Conflict, ParacleError, StoreError, ToolError
from ..domain.events import Kind
from ..domain.words import one_line
from ..git.commits import Commit, unfinished
from ..git.isolation import Isolation
from ..git.making import commands_at_work
from ..git.workplaces import Workplace
from ..tools.output import Clipped
from ..tools.processes import Family
from ..tools.run_command import GRACE_SECONDS, execute
from .clock import Clock
from .commands import PROJECT, WORKTREE
from .journal import Journal
from .keeping import tell_commit
from .left_over import EXECUTION
from .writing import Writing

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())

CANNOT_START = 127
"""What a shell gives for a program that is not there."""

STOPPED = "stopped before its end"

MARK = "PARACLE_EXEC"
"""Set to the command's id, so that what is left of one is found when its process was killed."""


class ByHand:
    """The commands of people in one execution, one after another.

    Attributes:
        writing: Who may change files in the worktree.
        place: Where the commands run; a command whose turn comes while there is none is not run.
        is_at_work: Whether a command keeps the worktree now.

    Args:
        clock: the agent's time; it stands still while a command keeps the worktree.
        project: the project's folder in the user's checkout.
        commits: takes the commits that are made.
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        isolation: Isolation,
        clock: Clock,
        project: Path,
        commits: list[str],
    ) -> None:
        self.writing = Writing()
        self.place: Workplace | None = None
        self.is_at_work = False
        self._name = name
        self._journal = journal
        self._isolation = isolation
        self._clock = clock
        self._project = project
        self._commits = commits
        self._is_closed = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._endable: set[str] = set()

    def take(self, wanted: ManualCommand) -> None:
        """Let a command run once it can. How it ended is an event, also where it was never begun.

        Raises:
            Conflict: the work is done, and is about to be judged and put away.
        """
        if self._is_closed:
            raise Conflict(
                f"{self._name} has done its work and is about to end",
                hint="'paracle run AGENT --on ID' goes on with its branch, and takes commands",
            )
        if wanted.command in self._tasks:
            return
        self._endable.add(wanted.command)
        task = asyncio.create_task(self._serve(wanted), name=f"command {wanted.command}")
        self._tasks[wanted.command] = task
        task.add_done_callback(lambda _: self._tasks.pop(wanted.command, None))

    async def end(self, command: str) -> None:
        """End a command with all that it started, and wait until that is told."""
        task = self._tasks.get(command)
        if task is None:
            return
        self._cancel(command)
        await asyncio.wait({task})

    async def close(self, *, now: bool = False) -> None:
        """Take no further commands, and wait for those that were taken.

        Args:
            now: end them instead.
        """
        self._is_closed = True
        for command in tuple(self._tasks) if now else ():
            self._cancel(command)
        if self._tasks:
            await asyncio.wait(set(self._tasks.values()))

    def _cancel(self, command: str) -> None:
        # Only once: what it changed must be committed all the same.
        if command in self._endable:
            self._endable.discard(command)
            self._tasks[command].cancel()

    async def _serve(self, wanted: ManualCommand) -> None:
        try:
            async with self.writing.alone():
                self.is_at_work = True
                try:
                    with self._clock.held():
                        ended = await self._perform(wanted)
                finally:
                    self.is_at_work = False
                # Told before anybody else may change files: what a crash leaves behind is known to be whose.
                self._tell(wanted, ended)
        except asyncio.CancelledError:
            self._tell(wanted, ManualEnd(problem="stopped before it had begun"))
        except (ParacleError, OSError) as error:
            self._tell(wanted, ManualEnd(problem=str(error)))
        finally:
            self._endable.discard(wanted.command)
            with suppress(StoreError):  # told of by whatever is recorded next
                await self._journal.settle()

    def _tell(self, wanted: ManualCommand, ended: ManualEnd) -> None:
        tell_end(self._journal, wanted, ended)

    async def _perform(self, wanted: ManualCommand) -> ManualEnd:
        place = self.place
        if place is None:
            return ManualEnd(problem="not run: there is no worktree")
        await self._journal.commit(Kind.COMMAND, **wanted.to_dict())
        ended = await self._execute(wanted, place)
        # From here on it has ended, whoever wants it stopped.
        self._endable.discard(wanted.command)
        return await self._keep(wanted, place, ended)

    async def _execute(self, wanted: ManualCommand, place: Workplace) -> ManualEnd:
        printed = Clipped(TAIL)

        def take_line(line: str) -> None:
            printed.add(f"{line}\n")
            self._journal.emit(Kind.LOG, level="info", text=line, command=wanted.command)

        variables = {
            MARK: wanted.command,
            EXECUTION: place.execution,
            WORKTREE: str(place.root),
            PROJECT: str(self._project),
        }
        begun = time.perf_counter()
        try:
            async with commands_at_work(place.worktree):
                result = await execute(wanted.argv, place.root, wanted.seconds, take_line, variables)
        except asyncio.CancelledError:
            seconds = round(time.perf_counter() - begun, 3)
            return ManualEnd(seconds=seconds, output=printed.text().rstrip(), problem=STOPPED)
        except ToolError as error:
            words = f"{error}" + (f" ({error.hint})" if error.hint else "")
            return ManualEnd(CANNOT_START, problem=words)
        return ManualEnd(
            result.exit_code, result.seconds, result.timed_out, tail(result.stdout, result.stderr)
        )

    async def _keep(self, wanted: ManualCommand, place: Workplace, ended: ManualEnd) -> ManualEnd:
        """Commit what the command has changed, however it ended."""
        try:
            commit = await self._isolation.commit(place, *message_of(wanted, place.execution))
        except ParacleError as error:
            return _with(ended, problem=f"what it changed is in no commit: {error}")
        if commit is None:
            return ended
        self._commits.append(commit.sha)
        tell_commit(self._journal, commit, 0, command=wanted.command)
        return _with(ended, files=len(commit.files), commit=commit.sha)


def message_of(wanted: ManualCommand, execution: str) -> tuple[str, dict[str, str]]:
    """Message and trailers of the commit of what a person's command has changed: no model had part in it."""
    # A word may hold bytes that are no UTF-8, which a message cannot.
    line = wanted.line.encode("utf-8", "replace").decode()
    return f"chore(exec): {one_line('run ' + line, 60)}", {"Paracle-Execution": execution}


def message_of_left(
    cut_off: ManualCommand | None, name: str, execution: str, model: str
) -> tuple[str, dict[str, str]]:
    """Message and trailers of the commit of what a process that ended has left in no commit.

    Args:
        cut_off: the command that was at work then. Nobody else could have changed files.
    """
    if cut_off is None:
        return unfinished(name, execution, model)
    message, trailers = message_of(cut_off, execution)
    return f"{message}, which was cut off", trailers


async def end_cut_off(cut_off: ManualCommand) -> None:
    """End what is left of a command whose process was killed, as far as the system tells: Linux does."""
    await Family(None, f"{MARK}={cut_off.command}").end(GRACE_SECONDS)


def tell_cut_off(journal: Journal, cut_off: ManualCommand, left: Commit | None) -> None:
    """Record how a command ended whose process did before it could be told.

    Args:
        left: the commit of what it had changed by then.
    """
    files, commit = (len(left.files), left.sha) if left else (0, "")
    problem = "cut off: the process that ran it ended"
    tell_end(journal, cut_off, ManualEnd(files=files, commit=commit, problem=problem))


def tell_end(journal: Journal, wanted: ManualCommand, ended: ManualEnd) -> None:
    """Record how a person's command has ended."""
    about: Mapping[str, Any] = {"command": wanted.command, "argv": list(wanted.argv), "by": wanted.by}
    journal.emit(Kind.RAN, **about, **ended.to_dict())


def _with(ended: ManualEnd, **changes: Any) -> ManualEnd:
    problem = ", ".join(filter(None, (ended.problem, changes.pop("problem", ""))))
    return ManualEnd(**{**ended.to_dict(), **changes, "problem": problem})
