"""What commands of an execution leave running where the process that ran it was killed.

Each command of a step has the execution and its step in its environment, and hands both on to whatever it
starts. Linux tells of them; elsewhere nothing is found.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ..domain.step_keys import step_of
from ..domain.words import plural
from ..tools.processes import Family, variable_of
from ..tools.run_command import GRACE_SECONDS

EXECUTION = "PARACLE_EXECUTION"
"""Set to the execution's id."""

STEP = "PARACLE_STEP"
"""Set to the key of the step within the execution."""


def marks_of(execution: str, key: str) -> dict[str, str]:
    """The variables by which a command of a step is found again."""
    return {EXECUTION: execution, STEP: key}


@dataclass(frozen=True, slots=True)
class LeftOver:
    """Processes of an execution that nobody drives.

    Attributes:
        execution: Its id.
        count: How many there were when they were looked for.
        steps: Those whose commands they belong to; for an agent on its own, its turns.
    """

    execution: str
    count: int
    steps: tuple[str, ...]

    @property
    def words(self) -> str:
        """For the account, which is told of it when they are ended."""
        many = plural(self.count, "process", "processes")
        were = "was" if self.count == 1 else "were"
        return f"{many} of {', '.join(self.steps)} {were} still running: ended"

    async def end(self) -> None:
        """Ask them to end, and kill those that do not within the grace of any command."""
        await _family(self.execution).end(GRACE_SECONDS)


async def left_over(execution: str) -> LeftOver | None:
    """What is left running of an execution that nobody drives; ``None`` where nothing is."""
    return await asyncio.to_thread(_look, execution)


def _look(execution: str) -> LeftOver | None:
    pids = _family(execution).marked()
    if not pids:
        return None
    keys = (variable_of(pid, STEP) for pid in pids)
    steps = dict.fromkeys(step_of(key) for key in keys if key)
    return LeftOver(execution, len(pids), tuple(steps) or ("its commands",))


def _family(execution: str) -> Family:
    return Family(None, f"{EXECUTION}={execution}")
