"""Durable steps: what is about to be done is on the disk before it is done, what came of it after."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any, Literal

from ..domain.conversation import Usage
from ..domain.errors import ParacleError
from ..domain.events import Kind
from ..domain.occasions import Decision
from .gate import Gate
from .hooks import Hooks
from .journal import Journal
from .past import Past, PastStep, StepResult

ActionKind = Literal["model", "tool", "check", "setup", "command", "step"]

HOLD = 0.005
"""The longest that steps follow each other without leaving the event loop to others, in seconds."""

Doubt = Callable[[PastStep], Awaitable[None]]
"""Asked before a step is done again that may have happened once and may not happen twice.

Raises:
    ParacleError: it shall not be done again.
"""


class Steps:
    """Numbers and records the steps of one execution.

    Once ``is_left`` is set, nothing more is recorded of a step that is cancelled: it is under way, as after a
    crash, and is decided about when the execution goes on.

    A step's result shares a commit with the intent of the step after it. Where no step follows at
    once the journal commits the result within 20 ms.

    Args:
        gate: what every step passes before it begins.
        past: what the execution has done already; none of it is done again.
        doubt: decides about steps that were under way when their process ended.
        hooks: asked before and told after what :meth:`around` does.
    """

    def __init__(
        self,
        journal: Journal,
        gate: Gate | None = None,
        past: Past | None = None,
        doubt: Doubt | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self._journal = journal
        self.gate = gate or Gate()
        self._past = past or Past()
        self._doubt = doubt or _refuse
        self._hooks = hooks
        self._keys = sorted(self._past.steps)
        self._last = self._past.last_step
        # What is next recorded by the task that has just ended a step follows from that: others that begin
        # at the same moment do so in tasks of their own, and want to share its commit.
        self._by: asyncio.Task[Any] | None = None
        self._acting = 0
        self._turned = time.perf_counter()
        self._taken: set[str] = set()
        self._ledger: dict[str, Usage] = {}
        self.is_left = False
        for step in self._past.steps.values():
            if step.result is not None and not step.inherited:
                self._count(step.name, step.result)

    @property
    def count(self) -> int:
        """The highest number given so far."""
        return self._last

    @property
    def unkept(self) -> int:
        """The step of the record whose changes may be in no commit; see :attr:`.Past.unkept`."""
        return self._past.unkept

    @property
    def ledger(self) -> dict[str, Usage]:
        """What each model's answers have used, as far as this execution has paid for them."""
        return dict(self._ledger)

    def failed_tries(self, key: str) -> int:
        """How many tries of a workflow's step have failed already."""
        return self._past.retries.get(key, 0)

    def recorded(self, key: str) -> PastStep | None:
        """The step of this key in the record."""
        return self._past.steps.get(key)

    @property
    def own_record(self) -> list[PastStep]:
        """The steps of the record that this execution has done itself."""
        return [step for step in self._past.steps.values() if not step.inherited]

    def recorded_below(self, key: str, marks: str = "/[~") -> list[PastStep]:
        """The steps of the record, done by this execution, that a workflow's step of this key is made of.

        Args:
            marks: what may follow the key in theirs; only ``/`` for those of a single try.
        """
        found: list[PastStep] = []
        for mark in marks:
            begins = f"{key}{mark}"
            for name in self._keys[bisect_left(self._keys, begins) :]:
                if not name.startswith(begins):
                    break
                found.append(self._past.steps[name])
        return [step for step in found if not step.inherited]

    async def around(
        self,
        action: ActionKind,
        name: str,
        arguments: Mapping[str, Any],
        do: Callable[[Decision], Awaitable[StepResult]],
        *,
        key: str,
        agent: str = "",
        step: str = "",
    ) -> StepResult:
        """Do something within its hooks. What is recorded asks no hook and tells none.

        Args:
            do: does it as the hooks decided, which includes handing the decision to :meth:`run`.
            agent, step: for the hooks; see :class:`.Occasion`.

        Raises:
            Whatever ``do`` raises.
        """
        hooks, recorded, about = self._hooks, self._past.steps.get(key), None
        before = hooks.at(f"{action}.before") if hooks is not None else ()
        if recorded is not None and (recorded.has_ended or action != "model"):
            decision = Decision.of_record(arguments, recorded.arguments, recorded.hooks)
        elif hooks is None or not before:
            decision = Decision(arguments, arguments)
        else:
            if self.gate.is_closed:
                await self.gate.passing()
                before = hooks.at(f"{action}.before")
            about = hooks.occasion(action, name, arguments, agent=agent, step=step, key=key)
            decision = await hooks.before(about, before)
        is_over = recorded is not None and recorded.has_ended
        if hooks is None or is_over or decision.veto is not None:
            return await do(decision)
        if not hooks.at(f"{action}.after"):
            return await do(decision)
        if about is None or decision.has_changed:
            about = hooks.occasion(action, name, decision.arguments, agent=agent, step=step, key=key)
        begun = time.perf_counter()
        try:
            result = await do(decision)
        except Exception as error:
            seconds = time.perf_counter() - begun
            if hooks.tells_others(about):
                await self._journal.settle()
            await hooks.after(about, seconds, error=describe_error(error))
            raise
        seconds = time.perf_counter() - begun
        # Nothing outside learns of what is not on the disk.
        if hooks.tells_others(about):
            await self._journal.settle()
        await hooks.after(about, seconds, result.value)
        return result

    async def run(
        self,
        action: ActionKind,
        name: str,
        arguments: Mapping[str, Any],
        work: Callable[[int], Awaitable[StepResult]],
        *,
        key: str,
        idempotent: bool,
        looks: bool = False,
        decision: Decision | None = None,
    ) -> StepResult:
        """Commit the intent, do the work, record the result; or give the outcome that is recorded.

        Args:
            work: called with the step's number once the intent is recorded.
            key: names the step within the execution, the same whenever the execution goes on.
            idempotent: recorded with the intent, for recovery: whether doing it again is harmless.
            looks: it changes nothing, here or elsewhere, but by the steps that it is made of. Its intent need
                not be on the disk before it begins, only before anything that acts does.
            decision: what hooks have made of it. What one of them refused is recorded, and not done.

        Raises:
            Whatever the work raises, after ``step.failed`` is recorded.
            StoreError: the intent cannot be written; the work is not begun.
        """
        if time.perf_counter() - self._turned > HOLD:
            await self._let_others()
        veto = decision.veto if decision else None
        past = self._past.steps.get(key)
        if past is not None and past.has_ended:
            return past.outcome(action, name, arguments)
        if past is not None and not past.idempotent and key not in self._taken:
            await self._settle_doubt(past)
        self._taken.add(key)
        if self.gate.is_closed:
            await self.gate.passing()
        self._last += 1
        step = self._last
        begun = time.perf_counter()
        self._acting += not looks
        try:
            await self._recording(looks)(
                Kind.STEP_STARTED,
                step=step,
                key=key,
                action=action,
                name=name,
                arguments=dict(decision.arguments if decision else arguments),
                idempotent=idempotent or veto is not None,
                **(decision.marks if decision else {}),
            )
            if decision and veto is not None:
                raise decision.refusal(action)
            begun = time.perf_counter()
            result = await work(step)
        except BaseException as error:
            self._fail(step, action, name, time.perf_counter() - begun, error)
            raise
        finally:
            if not looks:
                self._acting -= 1
                self._by = asyncio.current_task()
        self._journal.emit(
            Kind.STEP_COMPLETED,
            step=step,
            action=action,
            name=name,
            seconds=_since(begun),
            result=result.value,
            summary=result.summary,
            usage=asdict(result.usage) if result.usage else None,
        )
        self._count(name, result)
        return result

    async def _let_others(self) -> None:
        """Leave the loop to others: steps that wait for nothing, such as those of the record, never would."""
        self._turned = time.perf_counter()
        await asyncio.sleep(0)

    def _recording(self, looks: bool) -> Callable[..., Awaitable[None]]:
        """How the intent of a step is recorded."""
        if looks:
            return self._journal.run_ahead
        if self._acting == 1 and self._by in (None, asyncio.current_task()):
            return self._journal.commit_alone
        return self._journal.commit

    def _count(self, name: str, result: StepResult) -> None:
        if result.usage is not None:
            self._ledger[name] = self._ledger.get(name, Usage()) + result.usage

    def give_up(self) -> None:
        """Record as failed what was under way when an earlier process ended, and was not come to again."""
        for past in self._past.steps.values():
            if not past.has_ended and not past.inherited and past.key not in self._taken:
                left = ParacleError(f"{past.name} was cut off when its process ended, and not done again")
                self._fail(past.step, past.action, past.name, 0.0, left)

    async def _settle_doubt(self, past: PastStep) -> None:
        try:
            await self._doubt(past)
        except BaseException as error:
            self._taken.add(past.key)
            self._fail(past.step, past.action, past.name, 0.0, error)
            raise

    def _fail(self, step: int, action: str, name: str, seconds: float, error: BaseException) -> None:
        if self.is_left and isinstance(error, asyncio.CancelledError):
            return
        self._journal.emit(
            Kind.STEP_FAILED,
            step=step,
            action=action,
            name=name,
            seconds=round(seconds, 6),
            error=describe_error(error),
        )


def _since(begun: float) -> float:
    """Seconds since then, to the microsecond. It is asked for with every step, and ``round`` is slow."""
    return int((time.perf_counter() - begun) * 1e6) / 1e6


async def _refuse(past: PastStep) -> None:
    raise ParacleError(f"Nobody can say whether {past.name} may be done again")


def describe_error(error: BaseException) -> dict[str, object]:
    """An error as an event records it. Anything but a typed error is told without its innards."""
    if isinstance(error, ParacleError):
        return error.to_dict()
    title = "Stopped" if type(error).__name__ == "CancelledError" else "Something went wrong inside Paracle"
    return {"code": "internal", "title": title, "detail": type(error).__name__, "hint": ""}
