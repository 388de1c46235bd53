"""Asking a model for a turn: durably, again where that may help, and another model where it does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..domain.backoff import wait_before
from ..domain.breaker import Breaker, Circuit
from ..domain.conversation import (
    Conversation,
    Malformed,
    Outputs,
    Said,
    Text,
    ToolCall,
    Turn,
    Usage,
)
from ..domain.errors import ModelError
from ..domain.events import Kind
from ..domain.occasions import Decision, step_of
from ..domain.words import duration, one_line
from ..models.base import Model
from .breakers import Breakers
from .inbox import Inbox
from .meter import Meter
from .past import StepResult, stood_in
from .patience import Patience
from .prose import LineBreaker, Speech
from .turns import turn_of, turn_value
from .voices import Voices
from .work import Work


class HostResting(ModelError):
    """The host has failed so often that it is left alone for a while."""

    code = "circuit_open"


@dataclass(slots=True)
class ModelCalls:
    """One dialogue's questions to its models.

    ``fallbacks`` are the names of the models to ask when the one at hand cannot answer, ``open_model`` makes
    one of a name, ``agent`` is whose calls they are, and ``scope`` stands before the keys of the steps.
    """

    work: Work
    voices: Voices
    inbox: Inbox
    meter: Meter
    breakers: Breakers
    fallbacks: tuple[str, ...]
    open_model: Callable[[str], Model]
    agent: str
    scope: str = ""
    turn: int = 1
    asking: bool = False

    @property
    def next_turn(self) -> int:
        """The first turn that another model can answer; the one at hand, while nobody is asked for it yet."""
        return self.turn + 1 if self.asking else self.turn

    @property
    def model(self) -> Model:
        """The model that answers the turn at hand."""
        return self.voices.at(self.turn)

    async def ask(self, conversation: Conversation) -> tuple[Conversation, Turn]:
        """The next turn, with the conversation as the model was told it.

        Raises:
            ModelError: no model can answer.
            BudgetExceeded: there is no budget left to ask.
            Vetoed: a hook said no.
        """
        self.turn, self.asking = len(conversation.turns) + 1, False
        key = f"{self.scope}turn-{self.turn}"
        recorded = self.work.steps.recorded(key)
        if recorded is None or not recorded.has_ended:
            # Before the model is chosen: another may be put in its place while the run stands still.
            await self.work.steps.gate.passing()
        self.asking = True
        if not self.model.asks_a_model:
            return conversation, await self._listen(self.model, conversation, None, [])
        conversation = replace(conversation, said=(*conversation.said, *self._said(key)))
        return await self._first_answer(key, conversation)

    def _said(self, key: str) -> list[Said]:
        """What this turn reads of a person: what the record says it has read, and what waits."""
        recorded = self.work.steps.recorded(key)
        if recorded is not None and recorded.has_ended:
            said = tuple(recorded.arguments.get("said", ()))
        else:
            # Hooks are asked again about a turn that was cut off.
            said = (*(recorded.asked.get("said", ()) if recorded else ()), *self.inbox.take())
        return [Said(self.turn, text) for text in said]

    async def _first_answer(self, key: str, conversation: Conversation) -> tuple[Conversation, Turn]:
        """The answer of the model at hand, else of the first fallback that has one."""
        model, tried = self.model, 1
        left = list(self.fallbacks)
        while True:
            while left and left[0] == model.name:
                left.pop(0)
            named = key if tried == 1 else f"{key}~{tried}"
            try:
                return await self._step(named, model, conversation, is_last=not left)
            except ModelError as error:
                if not left:
                    raise
                before, model = model, await asyncio.to_thread(self.open_model, left.pop(0))
                tried += 1
                await self._fall_back(f"{key}~{tried}", before, model, error)

    async def _fall_back(self, key: str, before: Model, model: Model, error: ModelError) -> None:
        words = stood_in(before.name, model.name, self.turn)
        if words not in self.work.degraded:
            self.work.degraded.append(words)
        if self.work.steps.recorded(key) is not None:
            return
        self.voices.switch(self.turn + 1, model)
        self.work.journal.emit(Kind.LOG, level="warning", text=f"{before.name}: {error}")
        await self.work.journal.commit(
            Kind.MODEL, by="fallback", model=model.name, before=before.name, turn=self.turn + 1
        )

    async def _step(
        self, key: str, model: Model, conversation: Conversation, *, is_last: bool
    ) -> tuple[Conversation, Turn]:
        steps = self.work.steps
        recorded = steps.recorded(key)
        if recorded is None:
            self.meter.before_model_call()
        told = conversation

        async def work(step: int) -> StepResult:
            usage: list[Usage] = []
            turn = await self._persist(model, told, step, usage, is_last=is_last)
            words = one_line(turn.text) or ", ".join(wanted.name for wanted in turn.calls)
            return StepResult(turn_value(turn), words, sum(usage, Usage()))

        async def do(decision: Decision) -> StepResult:
            nonlocal told
            if decision.has_changed:
                told = _retold(conversation, self.turn, decision.arguments.get("said", ()))
            asked = decision.asked
            return await steps.run(
                "model", model.name, asked, work, key=key, idempotent=True, decision=decision
            )

        said = [one.text for one in conversation.said if one.turn == self.turn]
        arguments = {"turn": self.turn, "said": said} if said else {"turn": self.turn}
        within = step_of(self.scope.rstrip("/"))
        result = await steps.around(
            "model", model.name, arguments, do, key=key, agent=self.agent, step=within
        )
        if recorded is not None and recorded.has_ended and not recorded.inherited:
            self.meter.count([recorded])
        return told, turn_of(result.value)

    async def _persist(
        self, model: Model, conversation: Conversation, step: int, usage: list[Usage], *, is_last: bool
    ) -> Turn:
        """Ask, and ask again after faults that may pass.

        A host that is left alone is waited for once, and only where no other model can answer.
        """
        breaker, patience = self.breakers.of(model.host), self.breakers.patience
        attempt = waited_for = 0
        while True:
            attempt += 1
            try:
                return await self._guarded(breaker, model, conversation, step, usage)
            except ModelError as error:
                if isinstance(error, HostResting):
                    attempt -= 1  # Nobody was asked.
                if not error.may_pass or attempt > patience.attempts:
                    raise
                rest = breaker.wait(time.monotonic())
                has_waited = waited_for not in (0, breaker.openings)
                if rest and (not is_last or has_waited or rest > patience.longest_wait):
                    raise
                wait = rest or _wait(error, attempt, patience)
                if not (rest and waited_for):
                    await self.work.journal.commit(
                        Kind.RETRIED, step=step, attempt=attempt, wait=round(wait, 3), error=error.to_dict()
                    )
                if rest:
                    waited_for = breaker.openings
                    await self.breakers.rest(model.host)
                else:
                    await asyncio.sleep(wait)
                await self.work.steps.gate.passing()

    async def _guarded(
        self, breaker: Breaker, model: Model, conversation: Conversation, step: int, usage: list[Usage]
    ) -> Turn:
        """Ask, unless the model's host is to be left alone; it learns from what comes of it."""
        if wait := breaker.wait(time.monotonic()):
            self._tell_breaker(model.host, Circuit.OPEN, step, wait)
            raise HostResting(
                f"{model.host} has failed again and again, and is left alone",
                detail=f"for another {duration(wait)}",
                hint="name fallback_models in the agent's spec, or try again later",
                may_pass=True,
            )
        if breaker.state(time.monotonic()) is Circuit.HALF_OPEN:
            self._tell_breaker(model.host, Circuit.HALF_OPEN, step)
        breaker.begin(time.monotonic())
        try:
            turn = await self._listen(model, conversation, step, usage)
        except ModelError as error:
            if not error.may_pass or error.retry_after is not None:
                # It has answered, if only with a refusal or a time to come back.
                self._answered(breaker, model.host, step)
            elif breaker.failed(time.monotonic()):
                self._tell_breaker(model.host, Circuit.OPEN, step, breaker.cool_seconds)
            raise
        except BaseException:
            breaker.left()
            raise
        else:
            self._answered(breaker, model.host, step)
        finally:
            self.breakers.tell(model.host)
        return turn

    def _answered(self, breaker: Breaker, host: str, step: int) -> None:
        if breaker.state(time.monotonic()) is not Circuit.CLOSED:
            self._tell_breaker(host, Circuit.CLOSED, step)
        breaker.succeeded()

    def _tell_breaker(self, host: str, state: Circuit, step: int, wait: float = 0.0) -> None:
        self.work.journal.emit(Kind.BREAKER, step=step, host=host, state=str(state), wait=round(wait, 3))

    async def _listen(
        self, model: Model, conversation: Conversation, step: int | None, usage: list[Usage]
    ) -> Turn:
        heard = _Heard(self.work, self.meter, step, usage)
        loop, silence = asyncio.get_running_loop(), self.breakers.patience.silence
        try:
            async with asyncio.timeout(silence if step is not None else None) as watchdog:
                async for part in model.respond(conversation):
                    if step is not None:
                        watchdog.reschedule(loop.time() + silence)
                    await heard.take(part)
        except TimeoutError:
            if not watchdog.expired():
                raise
            raise ModelError(
                f"{model.name} has given no sign for {duration(silence)}", may_pass=True
            ) from None
        finally:
            # Whatever was said before a stop or a fault was paid for, and is kept.
            heard.finish()
        return heard.turn


class _Heard:
    """Collects the parts of one answer, and tells them as they come."""

    def __init__(self, work: Work, meter: Meter, step: int | None, usage: list[Usage]) -> None:
        self._work = work
        self._meter = meter
        self._step = step
        self._usage = usage
        self._said = Speech()
        self._lines = LineBreaker()
        self._calls: list[ToolCall] = []
        self._malformed: list[Malformed] = []
        self._outputs: dict[str, Any] = {}

    async def take(self, part: object) -> None:
        match part:
            case Text(text):
                self._said.add(text)
                self._tell(self._lines.feed(text))
                await self._work.journal.relieve()
            case ToolCall():
                self._calls.append(part)
            case Outputs(values):
                self._outputs |= values
            case Malformed():
                self._malformed.append(part)
                told = f"unreadable: {one_line(part.raw)}"
                self._work.journal.emit(Kind.LOG, level="warning", text=told, step=self._step)
            case Usage():
                # An answer that breaks off afterwards was paid for as well.
                self._meter.spend(part)
                self._usage.append(part)

    def finish(self) -> None:
        self._tell(self._lines.finish())

    @property
    def turn(self) -> Turn:
        return Turn(self._said.text, tuple(self._calls), (), tuple(self._malformed), self._outputs)

    def _tell(self, pieces: list[tuple[str, bool]]) -> None:
        for text, end in pieces:
            self._work.journal.emit(Kind.TEXT, step=self._step, text=text, end=end)


def _retold(conversation: Conversation, turn: int, texts: Iterable[str]) -> Conversation:
    """The conversation with other messages for one turn."""
    others = (one for one in conversation.said if one.turn != turn)
    return replace(conversation, said=(*others, *(Said(turn, text) for text in texts)))


def _wait(error: ModelError, attempt: int, patience: Patience) -> float:
    if error.retry_after is not None:
        # A little spread keeps many runs from asking again in the same instant.
        first = min(error.retry_after, patience.longest_wait)
        return wait_before(1, first=first, jitter=first / 10)
    return wait_before(
        attempt, first=patience.first_wait, most=patience.longest_wait, jitter=patience.first_wait
    )
