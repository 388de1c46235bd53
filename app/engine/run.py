"""One execution from its worktree to its receipt."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..domain.checks import Check
from ..domain.errors import ParacleError, ToolError
from ..domain.events import Kind
from ..domain.executions import Execution, Receipt
from ..domain.states import State
from ..git.isolation import Isolation
from ..git.tasks import to_the_end
from ..git.workplaces import Workplace
from ..store.approvals import Approvals
from .admission import hooks_of
from .asking import Asking
from .by_hand import ByHand
from .checking import check
from .clock import Clock
from .closing import Closing
from .control import Control
from .gate import Gate
from .hooks import HookRegistry
from .journal import Journal
from .meter import Meter
from .past import Past, PastStep
from .preparing import prepare
from .reopening import reopen
from .request import AnyRequest
from .steps import Steps, describe_error
from .tasks import Answer, Task
from .work import Work

log = logging.getLogger(__name__)
# Where nobody set up logging, Python would print the records, tracebacks and all, on stderr.
log.addHandler(logging.NullHandler())

AGAIN, LEAVE = "again", "leave"
"""What can be answered about a step that may have happened once."""


@dataclass(slots=True)
class Outcome:
    """How the work ended."""

    state: State
    answer: Answer = field(default_factory=Answer)
    error: Mapping[str, Any] | None = None
    reason: str = ""


class Run:
    """Drives one execution. Made by the engine; :meth:`execute` is awaited once.

    To stop it, set ``stop_reason`` and cancel the task that awaits it; to :meth:`leave` it, call that first.

    Args:
        execution: the row as it was queued.
        task: what is to be done.
        past: what was done before this process drove it.
        hooks: the program's own; the project's come with the request.
    """

    def __init__(
        self,
        execution: Execution,
        request: AnyRequest,
        task: Task,
        journal: Journal,
        isolation: Isolation,
        approvals: Approvals,
        past: Past | None = None,
        hooks: HookRegistry | None = None,
    ) -> None:
        self.execution = execution
        self.stop_reason = "stopped"
        self._leave_reason = ""
        self.place: Workplace | None = None
        self._request = request
        self._task = task
        self._journal = journal
        self._isolation = isolation
        self._past = past or Past()
        self._meter = Meter(request.budget)
        self._gate = Gate()
        self._clock = Clock(self._meter.seconds_left(self._past.seconds))
        self._hooks = hooks_of(request, hooks or HookRegistry(), execution.id, self._warn)
        self.asking = Asking(journal, approvals, self._gate, self._clock, self._past.approvals, self._hooks)
        self._commits = [sha for sha, _ in self._past.commits]
        self.by_hand = ByHand(execution.short, journal, isolation, self._clock, request.folder, self._commits)
        self.control = Control(
            execution.short,
            journal,
            self._gate,
            self._clock,
            task.steering,
            self.by_hand,
            waits=self.asking.is_waiting,
        )
        self._steps = Steps(journal, self._gate, self._past, self._settle_doubt, self._hooks)
        self._closing = Closing(isolation, request.name, task, self._past, self._commits)
        self._by_setup = self._past.commits_of("setup")
        self._checks: list[Check] = []
        self._is_checked = False
        self._degraded = list(self._past.degraded)
        self._started: float | None = None

    @property
    def stands_still(self) -> bool:
        """Whether it is paused or waits for a person, or for a command of one."""
        return self._gate.is_closed or self.asking.is_waiting() or self.by_hand.is_at_work

    def leave(self, reason: str) -> None:
        """Let the cancellation that follows interrupt it rather than stop it.

        What is under way then is decided about when it goes on, and what it has asked stays open. One that is
        about to end does so.
        """
        self._leave_reason = reason
        self._steps.is_left = self.asking.is_left = True

    async def execute(self) -> Receipt:
        """Work until the end, whatever it is, and give the receipt; for one that is left, that so far.

        A failure of the work is an outcome, not an exception.

        Raises:
            StoreError: not even the end could be recorded; the execution will show as interrupted,
                with everything committed before.
        """
        outcome = Outcome(State.TERMINATED)
        try:
            await self._do(outcome)
            await self.by_hand.close()
            # What came to its end while the execution was paused is told once it goes on.
            await self._gate.passing()
        except asyncio.CancelledError:
            outcome = replace(outcome, state=State.TERMINATED, error=None, reason=self.stop_reason)
        self.control.ending = True
        # A failure of what was cancelled is none of the work: whoever goes on meets those that are.
        is_left = self._leave_reason and outcome.state is not State.COMPLETED
        finish = self._interrupt(self.place) if is_left else self._finish(self.place, outcome)
        finishing = asyncio.ensure_future(finish)
        while not finishing.done():
            # A second stop must not cut the account short.
            with suppress(asyncio.CancelledError):
                await asyncio.wait({finishing})
        return finishing.result()

    async def _do(self, outcome: Outcome) -> None:
        """Do all there is to do, and note how it ended; a stop leaves what was noted so far."""
        try:
            # Nobody runs commands in a worktree that is not ready, or judged already.
            async with self.by_hand.writing.alone():
                place = self.place = await self._open()
                self._hooks.worktree = place.root
                await self._announce(place)
                await self._prepare(place)
                self.by_hand.place = place
            outcome.answer = await self._work(place)
            await self.by_hand.close()
            await self._check(place)
        except Exception as error:
            failed = self._failed(error)
            outcome.state, outcome.error = failed.state, failed.error
        else:
            outcome.state = State.COMPLETED

    async def _open(self) -> Workplace:
        if self._past.started is not None:
            return await reopen(
                self.execution,
                self._request.name,
                self._past.started,
                self._past,
                self._isolation,
                self._journal,
                self._commits,
            )
        if self._request.follows is not None:
            return await self._isolation.reopen(self.execution.id, self._request.follows.earlier)
        if self.execution.state is not State.QUEUED:
            # It was interrupted before it had begun, and its place may be half made or ready.
            await self._isolation.take_back(self.execution.id)
        return await self._isolation.open(
            self.execution.id,
            datetime.now(UTC),
            with_changes=self._request.with_changes,
            fork=self._past.fork,
        )

    async def _announce(self, place: Workplace) -> None:
        for warning in place.warnings:
            self._journal.emit(Kind.LOG, level="warning", text=warning)
        self._started = time.time()
        if self._past.started is not None:
            return
        # One that was taken up can be paused before it begins.
        await self._gate.passing()
        await self._journal.commit(
            Kind.STARTED,
            model=self.execution.model,
            branch=place.branch,
            base_commit=place.base_commit,
            worktree=str(place.worktree),
            isolation=place.isolation,
            repository=str(place.repository),
            with_changes=self._request.with_changes,
            follows=self._request.follows.execution if self._request.follows else "",
            origin=self._origin,
        )
        self._started = time.time()

    async def _prepare(self, place: Workplace) -> None:
        request = self._request
        if await prepare(
            place,
            request.preparation,
            request.folder,
            self._isolation,
            self._journal,
            self._steps,
            self._commits,
        ):
            self._by_setup += 1

    async def _work(self, place: Workplace) -> Answer:
        work = Work(
            place,
            self._isolation,
            self._journal,
            self._steps,
            self.asking,
            self._commits,
            degraded=self._degraded,
            writing=self.by_hand.writing,
        )
        try:
            async with self._clock:
                return await self._task.perform(work, self._meter)
        except TimeoutError:
            if not self._clock.expired:
                raise
            raise self._meter.out_of_time() from None

    async def _check(self, place: Workplace) -> None:
        """Let the project's checks judge the work, once all of it is committed."""
        request = self._request
        if not request.preparation.checks:
            return
        await to_the_end(self._closing.keep_rest(place))
        taken_over = self._past.fork is not None and self._past.fork.commit != place.base_commit
        if len(self._commits) > self._by_setup or taken_over:
            # From here on, what is in no commit is the checks'.
            self._is_checked = True
            await check(
                place, request.preparation.checks, request.folder, self._journal, self._steps, self._checks
            )

    async def _settle_doubt(self, past: PastStep) -> None:
        """Ask about a step that was under way when its process ended, and that may not happen twice."""
        answer = await self.asking.ask(
            # Leave to do it once more is no leave to do it for ever.
            f"{past.key}/again-{past.step}",
            f"{past.name} was under way when its process ended, and may have done its work. Do it again?",
            detail=past.brief,
            options=(AGAIN, LEAVE),
            step=past.step,
        )
        if answer["answer"] != AGAIN:
            raise ToolError(
                f"{past.name} was cut off and not done again",
                detail=f"{answer['by']} decided so" + (f": {answer['reason']}" if answer["reason"] else ""),
            )

    async def _finish(self, place: Workplace | None, outcome: Outcome) -> Receipt:
        await self.by_hand.close(now=True)
        self._steps.give_up()
        receipt = self._receipt(outcome)
        if place is not None:
            receipt = self._closing.locate(receipt, place)
        try:
            if place is not None:
                receipt = await self._closing.close(place, receipt, is_judged=self._is_checked)
            await self._journal.settle()
            await self.asking.withdraw_rest()
        except Exception as error:
            # What went wrong first is what the person needs to know.
            outcome = outcome if outcome.error else self._failed(error)
            commits = tuple(self._commits)
            receipt = replace(
                receipt,
                state=outcome.state,
                error=outcome.error,
                commits=commits,
                tip=commits[-1] if commits else receipt.tip,
            )
        receipt = replace(receipt, seconds=self._seconds())
        await self._tell_hooks(receipt, outcome)
        data = receipt.to_dict()
        match outcome.state:
            case State.COMPLETED:
                await self._journal.end(Kind.COMPLETED, receipt=data)
            case State.FAILED:
                await self._journal.end(Kind.FAILED, receipt=data, error=outcome.error)
            case _:
                await self._journal.end(Kind.TERMINATED, receipt=data, reason=outcome.reason)
        return receipt

    async def _interrupt(self, place: Workplace | None) -> Receipt:
        """Let go of it as it stands; gives what there is to tell so far."""
        await self.by_hand.close(now=True)
        receipt = self._receipt(Outcome(State.INTERRUPTED))
        if place is not None:
            receipt = replace(self._closing.locate(receipt, place), commits=tuple(self._commits))
            with suppress(ParacleError):  # its branch has them all the same
                receipt = replace(receipt, files=await self._closing.changes(place))
        await self._journal.end(Kind.INTERRUPTED, reason=self._leave_reason, left=True)
        return replace(receipt, seconds=self._seconds())

    def _seconds(self) -> float:
        worked = time.time() - self._started if self._started is not None else 0.0
        return round(self._past.seconds + worked, 3)

    async def _tell_hooks(self, receipt: Receipt, outcome: Outcome) -> None:
        """Tell the hooks after an execution how it ends; the end itself is recorded behind what they do."""
        if not self._hooks.at("execution.after"):
            return
        self._hooks.worktree = Path(receipt.worktree) if receipt.worktree else None
        about = self._hooks.occasion("execution", receipt.agent, receipt.inputs)
        error = outcome.error
        if outcome.state is State.TERMINATED:
            error = {"code": "terminated", "title": "Stopped", "detail": outcome.reason, "hint": ""}
        value = {
            "state": str(receipt.state),
            "answer": receipt.answer,
            "outputs": dict(receipt.outputs),
            "branch": receipt.branch,
            "commits": list(receipt.commits),
            "files": [change.path for change in receipt.files],
        }
        await self._hooks.after(about, receipt.seconds, value, error)

    def _warn(self, text: str) -> None:
        self._journal.emit(Kind.LOG, level="warning", text=text)

    def _failed(self, error: Exception) -> Outcome:
        if not isinstance(error, ParacleError):
            log.error("execution %s failed inside Paracle", self.execution.id, exc_info=error)
        return Outcome(State.FAILED, error=describe_error(error))

    def _receipt(self, outcome: Outcome) -> Receipt:
        request = self._request
        # A failure may have kept it from coming to them again.
        self._meter.count(self._steps.own_record)
        return Receipt(
            execution=self.execution.id,
            agent=request.name,
            state=outcome.state,
            config_hash=request.config_hash(),
            model=self._task.model,
            offline=self._task.offline,
            inputs=dict(request.inputs),
            answer=outcome.answer.text,
            seconds=0.0,
            steps=max(0, self._steps.count - self._past.inherited_steps),
            tool_calls=dict(self._meter.tool_calls),
            refused=self._meter.refused,
            usage=self._meter.usage,
            branch="",
            base_commit="",
            tip="",
            commits=(),
            files=(),
            allowed=request.allowed,
            worktree="",
            error=outcome.error,
            with_changes=request.with_changes,
            follows=request.follows.execution if request.follows else "",
            checks=tuple(self._checks),
            outputs=outcome.answer.outputs,
            degraded=tuple(self._degraded),
            origin=self._origin,
            ledger=self._steps.ledger,
        )

    @property
    def _origin(self) -> dict[str, Any] | None:
        return self._request.origin.to_dict() if self._request.origin else None
