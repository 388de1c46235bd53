"""People's commands in the worktree of an interrupted execution, which stays interrupted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..domain.by_hand import ManualCommand, ManualEnd
from ..domain.errors import Conflict, ParacleError, StoreError
from ..domain.events import Kind
from ..domain.executions import Execution
from ..git.isolation import Isolation
from ..git.tasks import to_the_end
from ..git.workplaces import Workplace
from ..store.approvals import Approvals
from .asking import Asking
from .by_hand import ByHand, tell_end
from .clock import Clock
from .gate import Gate
from .journal import Journal
from .past import Past
from .reopening import reopen

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())

REASON = "it stands where it stood before the command"


class Visit:
    """Runs a command where a process that ended has worked. For the engine it is driven like a run.

    Whoever visits has taken the execution over, so that nobody goes on with it meanwhile, and gives it back
    interrupted. Where the visiting process dies, it is interrupted as well. To end a visit, cancel the task
    that awaits :meth:`execute`.

    Args:
        execution: taken over by this process.
        name: the agent's or workflow's.
        past: its record.
        started: the payload of the event that began its work.
        project: the project's folder.
    """

    def __init__(
        self,
        execution: Execution,
        name: str,
        past: Past,
        started: Mapping[str, Any],
        journal: Journal,
        approvals: Approvals,
        isolation: Isolation,
        project: Path,
    ) -> None:
        self.execution = execution
        self.place: Workplace | None = None
        self.stop_reason = ""
        self.asking = Asking(journal, approvals, Gate(), Clock(None))
        self._name = name
        self._past = past
        self._started = started
        self._journal = journal
        self._isolation = isolation
        self._commits = [sha for sha, _ in past.commits]
        self._by_hand = ByHand(execution.short, journal, isolation, Clock(None), project, self._commits)
        self.control = VisitControl(execution.short, self._by_hand)

    def leave(self, reason: str) -> None:
        """Nothing: whoever visits always leaves it interrupted."""

    @property
    def stands_still(self) -> bool:
        """Whether the execution's own work is held up; it always is."""
        return True

    async def execute(self, wanted: ManualCommand) -> None:
        """Run a command. Where the account cannot be kept, it is interrupted once this process has ended."""
        try:
            self._by_hand.place = self.place = await self._open()
            self._by_hand.take(wanted)
            await self._by_hand.close()
        except ParacleError as error:
            tell_end(self._journal, wanted, ManualEnd(problem=f"not run: {error}"))
        except asyncio.CancelledError:
            if self.place is None:
                tell_end(self._journal, wanted, ManualEnd(problem="not run: it was stopped before"))
        finally:
            await to_the_end(self._leave())

    async def _open(self) -> Workplace:
        return await reopen(
            self.execution,
            self._name,
            self._started,
            self._past,
            self._isolation,
            self._journal,
            self._commits,
        )

    async def _leave(self) -> None:
        await self._by_hand.close(now=True)
        try:
            await self._journal.end(Kind.INTERRUPTED, reason=REASON)
        except StoreError as error:
            log.warning("the end of a command in %s cannot be recorded: %s", self.execution.id, error)


class VisitControl:
    """What can be done to an execution in whose worktree nothing but a person's command is at work."""

    def __init__(self, name: str, by_hand: ByHand) -> None:
        self._name = name
        self._by_hand = by_hand

    async def take(self, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what is asked; see :meth:`.Control.take`.

        Raises:
            Conflict: it is not about the command.
        """
        if kind == "end exec":
            await self._by_hand.end(payload["command"])
            return {}
        raise Conflict(
            f"A command runs in the worktree of {self._name}",
            hint="try again when it has ended, or stop it: paracle runs stop",
        )
