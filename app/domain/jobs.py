"""Executions that wait in the queue: what is said about each, and when its turn may come."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .errors import UsageError
from .executions import Execution
from .states import State

TAKE_UPS = 3
"""How often an execution is taken up whose process has died: one that kills every worker must end."""

HIGHEST = 1_000_000
"""Priorities lie between minus this and this."""

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DELAY = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_LONGEST = 366 * 86400.0


@dataclass(frozen=True, slots=True)
class Order:
    """How an execution is to wait.

    Attributes:
        priority: The higher, the earlier; among equals the first come.
        not_before: Seconds since the epoch; 0 where it may begin at once.
        after: The execution that must have ended first, however it ends; empty for none.
        follows: Whether it goes on with the branch of ``after``.
        dedup: While a job of this key has not ended, another one is not queued; empty for none.
    """

    priority: int = 0
    not_before: float = 0.0
    after: str = ""
    follows: bool = False
    dedup: str = ""


class Standing(StrEnum):
    """Why a job is where it is."""

    DUE = "due"
    DELAYED = "delayed"
    BEHIND = "behind"
    STUCK = "stuck"
    AT_WORK = "at_work"
    LOST = "lost"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Job:
    """An execution of the queue that has not ended.

    Attributes:
        number: Counts the jobs of the project, from 1.
        execution: The row; queued, at work or interrupted.
        is_taken: Whether some process has taken it.
        attempts: How often it was taken up after its process had died.
        ahead: The execution that must have ended first; ``None`` where there is none.
    """

    number: int
    execution: Execution
    order: Order
    is_taken: bool
    attempts: int = 0
    ahead: Execution | None = None

    @property
    def waits(self) -> bool:
        """Whether it has not been taken yet, and can be moved and cancelled."""
        return self.execution.state is State.QUEUED and not self.is_taken

    @property
    def may_be_taken_up(self) -> bool:
        """Whether a worker goes on with it by itself, now that its process has died."""
        return self.execution.state is State.INTERRUPTED and self.attempts < TAKE_UPS

    def standing(self, now: float) -> Standing:
        """Why it is where it is, at a moment in seconds since the epoch."""
        if self.execution.state is State.INTERRUPTED:
            return Standing.LOST if self.may_be_taken_up else Standing.LEFT
        if not self.waits:
            return Standing.AT_WORK
        if self.ahead is not None and not self.ahead.state.is_final:
            return Standing.STUCK if self.ahead.state is State.INTERRUPTED else Standing.BEHIND
        return Standing.DELAYED if self.order.not_before > now else Standing.DUE

    def to_dict(self, now: float) -> dict[str, Any]:
        """The job as plain data."""
        return {
            "number": self.number,
            "standing": str(self.standing(now)),
            "priority": self.order.priority,
            "not_before": self.order.not_before or None,
            "after": self.order.after,
            "follows": self.order.follows,
            "dedup": self.order.dedup,
            "attempts": self.attempts,
            "execution": self.execution.to_dict(),
        }


class Stays(StrEnum):
    """How long a worker stays that nobody stops."""

    FOR_GOOD = "for_good"
    WHILE_HOPEFUL = "while_hopeful"
    """As long as there is a job whose turn will come by itself."""
    WHILE_DUE = "while_due"
    """As long as something is due."""


@dataclass(frozen=True, slots=True)
class WorkerSign:
    """A worker that is alive. ``process`` is 0 where it cannot be told from here, as in another container.

    ``busy`` counts the executions that it has at work; what is paused or waits for a person takes none of the
    ``slots``. It may be more than these for a while, once several of such go on. ``is_background`` says that
    it ends by itself, once nothing is left for it.
    """

    owner: str
    process: int
    slots: int
    busy: int
    since: float
    is_background: bool

    def to_dict(self) -> dict[str, Any]:
        """The worker as plain data."""
        return {
            "process": self.process or None,
            "slots": self.slots,
            "busy": self.busy,
            "since": self.since,
            "background": self.is_background,
        }


def hopeful(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """The jobs whose turn will come by itself; what waits behind something that a person must see to is not.

    A job that is at work is in nobody's way: it belongs to whoever has taken it.
    """
    everything = {job.execution.id: job for job in jobs}
    found: dict[str, Job] = {}
    before = -1
    while before != len(found):
        before = len(found)
        for identifier, job in everything.items():
            if identifier not in found and _has_hope(job, everything, found):
                found[identifier] = job
    return tuple(found.values())


def _has_hope(job: Job, everything: dict[str, Job], found: dict[str, Job]) -> bool:
    if not job.waits:
        return job.may_be_taken_up
    ahead = job.ahead
    if ahead is None or ahead.state.is_final or ahead.id in found:
        return True
    behind = everything.get(ahead.id)
    return ahead.state.is_live and not (behind is not None and behind.waits)


def parse_delay(written: str) -> float:
    """Seconds from ``90``, ``90s``, ``10m``, ``2h`` or ``1d``.

    Raises:
        UsageError: it is nothing of the kind, or longer than a year.
    """
    found = _DELAY.fullmatch(written.strip().lower())
    seconds = float(found[1]) * _UNITS[found[2]] if found else -1.0
    if not 0 <= seconds <= _LONGEST:
        raise UsageError(f"'{written}' is not a delay", hint="write 90s, 10m, 2h or 1d; at most 366d")
    return seconds


def check_priority(priority: int) -> None:
    """Refuse a priority out of range.

    Raises:
        UsageError: it is.
    """
    if abs(priority) > HIGHEST:
        raise UsageError(
            f"{priority} is too far from 0 for a priority", hint=f"at most {HIGHEST:,}, at least -{HIGHEST:,}"
        )
