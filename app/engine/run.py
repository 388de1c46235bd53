"""One execution from its worktree to its receipt."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ..domain.errors import ParacleError
from ..domain.events import Kind
from ..domain.executions import Execution, Receipt
from ..domain.states import State
from ..git.isolation import Isolation
from ..git.workplaces import Workplace
from ..models.base import Model
from ..tools.base import AnyTool
from .dialogue import Dialogue
from .journal import Journal
from .meter import Meter
from .request import RunRequest
from .steps import Steps, describe_error

log = logging.getLogger(__name__)
# Where nobody set up logging, Python would print the records, tracebacks and all, on stderr.
log.addHandler(logging.NullHandler())


@dataclass(slots=True)
class Outcome:
    """How the work ended."""

    state: State
    answer: str = ""
    error: Mapping[str, Any] | None = None
    reason: str = ""


class Run:
    """Drives one execution. Made by the engine; :meth:`execute` is awaited once.

    To stop it, set ``stop_reason`` and cancel the task that awaits it.

    Args:
        execution: the row as it was queued.
    """

    def __init__(
        self,
        execution: Execution,
        request: RunRequest,
        model: Model,
        tools: Mapping[str, AnyTool],
        journal: Journal,
        isolation: Isolation,
    ) -> None:
        self.execution = execution
        self.stop_reason = "stopped"
        self._request = request
        self._model = model
        self._tools = tools
        self._journal = journal
        self._isolation = isolation
        self._meter = Meter(request.agent.spec.budget)
        self._steps = Steps(journal)
        self._commits: list[str] = []
        self._started: float | None = None

    async def execute(self) -> Receipt:
        """Work until the end, whatever it is, and leave the receipt.

        A failure of the work is an outcome, not an exception.

        Raises:
            StoreError: not even the end could be recorded; the execution will show as interrupted,
                with everything committed before.
        """
        place: Workplace | None = None
        outcome = Outcome(State.TERMINATED)
        try:
            place = await self._isolation.open(self.execution.id, datetime.now(UTC))
            await self._announce(place)
            outcome = Outcome(State.COMPLETED, answer=await self._work(place))
        except asyncio.CancelledError:
            outcome = Outcome(State.TERMINATED, reason=self.stop_reason)
        except Exception as error:
            outcome = self._failed(error)
        finishing = asyncio.ensure_future(self._finish(place, outcome))
        while not finishing.done():
            # A second stop must not cut the account short.
            with suppress(asyncio.CancelledError):
                await asyncio.wait({finishing})
        return finishing.result()

    async def _announce(self, place: Workplace) -> None:
        for warning in place.warnings:
            self._journal.emit(Kind.LOG, level="warning", text=warning)
        self._started = time.time()
        await self._journal.commit(
            Kind.STARTED,
            model=self._model.name,
            branch=place.branch,
            base_commit=place.base_commit,
            worktree=str(place.worktree),
            isolation=place.isolation,
            repository=str(place.repository),
        )
        self._started = time.time()

    async def _work(self, place: Workplace) -> str:
        dialogue = Dialogue(
            self._request,
            self._model,
            self._tools,
            place,
            self._isolation,
            self._journal,
            self._steps,
            self._meter,
            self._commits,
        )
        clock = asyncio.timeout(self._meter.seconds_allowed)
        try:
            async with clock:
                return await dialogue.hold()
        except TimeoutError:
            if not clock.expired():
                raise
            raise self._meter.out_of_time() from None

    async def _finish(self, place: Workplace | None, outcome: Outcome) -> Receipt:
        receipt = self._receipt(outcome)
        if place is not None:
            receipt = replace(
                receipt,
                branch=place.branch,
                repository=str(place.repository),
                base_commit=place.base_commit,
                tip=place.base_commit,
                worktree=str(place.worktree),
            )
        try:
            if place is not None:
                receipt = await self._close(place, receipt)
            await self._journal.settle()
        except Exception as error:
            # What went wrong first is what the person needs to know.
            outcome = outcome if outcome.error else self._failed(error)
            commits = tuple(self._commits)
            receipt = replace(
                receipt,
                state=outcome.state,
                error=outcome.error,
                commits=commits,
                tip=commits[-1] if commits else receipt.base_commit,
            )
        seconds = time.time() - self._started if self._started is not None else 0.0
        receipt = replace(receipt, seconds=round(seconds, 3))
        data = receipt.to_dict()
        match outcome.state:
            case State.COMPLETED:
                await self._journal.end(Kind.COMPLETED, receipt=data)
            case State.FAILED:
                await self._journal.end(Kind.FAILED, receipt=data, error=outcome.error)
            case _:
                await self._journal.end(Kind.TERMINATED, receipt=data, reason=outcome.reason)
        return receipt

    def _failed(self, error: Exception) -> Outcome:
        if not isinstance(error, ParacleError):
            log.error("execution %s failed inside Paracle", self.execution.id, exc_info=error)
        return Outcome(State.FAILED, error=describe_error(error))

    async def _close(self, place: Workplace, receipt: Receipt) -> Receipt:
        """Keep what is left in the worktree, count what changed, and put the worktree away."""
        trailers = {"Paracle-Execution": place.execution, "Assisted-by": f"paracle:{self._model.name}"}
        rest = await self._isolation.commit(
            place, f"chore({receipt.agent}): keep unfinished changes", trailers
        )
        if rest is not None:
            self._commits.append(rest.sha)
        tip = self._commits[-1] if self._commits else place.base_commit
        files = (
            await self._isolation.changes(place.repository, place.base_commit, tip) if self._commits else ()
        )
        removed = await self._isolation.close(place)
        return replace(
            receipt,
            tip=tip,
            commits=tuple(self._commits),
            files=files,
            worktree="" if removed else str(place.worktree),
        )

    def _receipt(self, outcome: Outcome) -> Receipt:
        agent = self._request.agent
        return Receipt(
            execution=self.execution.id,
            agent=agent.name,
            state=outcome.state,
            config_hash=agent.config_hash(),
            model=self._model.name,
            offline=not self._model.asks_a_model,
            inputs=dict(self._request.inputs),
            answer=outcome.answer,
            seconds=0.0,
            steps=self._steps.count,
            tool_calls=dict(self._meter.tool_calls),
            refused=self._meter.refused,
            usage=self._meter.usage,
            branch="",
            base_commit="",
            tip="",
            commits=(),
            files=(),
            allowed=agent.spec.permissions.write,
            worktree="",
            error=outcome.error,
        )
