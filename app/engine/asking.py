"""Questions to a person: on the disk before anyone is shown them, answered by whatever face comes first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..domain.errors import Conflict, NotFound, StoreError
from ..domain.events import Kind
from ..domain.occasions import Decision
from ..git.tasks import to_the_end
from ..store.approvals import Approvals
from .clock import Clock
from .gate import Gate
from .hooks import Hooks
from .journal import Journal

WITHDRAWN = "withdrawn"
"""The answer to a question whose asker has ended without one. It is none of the options, and so no yes."""


class Asking:
    """The approvals of one execution.

    An answer is an event, so it may be given while no process waits for it: who goes on finds it. Once
    ``is_left`` is set, a question whose asker is cancelled stays open for that.

    Args:
        past: what was asked before, by id, with the answers.
        hooks: asked before a question is, and told its answer.
    """

    def __init__(
        self,
        journal: Journal,
        approvals: Approvals,
        gate: Gate,
        clock: Clock,
        past: Mapping[str, Mapping[str, Any]] | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        self._journal = journal
        self._approvals = approvals
        self._gate = gate
        self._clock = clock
        self._past = dict(past or {})
        self._hooks = hooks
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self.is_left = False
        self._needless: dict[str, str] = {}

    def is_waiting(self) -> bool:
        """Whether something waits for an answer now."""
        return bool(self._waiting)

    async def ask(
        self,
        key: str,
        question: str,
        *,
        detail: str = "",
        options: Sequence[str] = ("approve", "reject"),
        default: str = "",
        seconds: float | None = None,
        step: int | None = None,
        within: str = "",
    ) -> Mapping[str, Any]:
        """Ask and wait, however long it takes. Where a hook refuses the question, its answer is no.

        Args:
            key: names the question within the execution, the same whenever the execution goes on.
            options: what can be answered.
            default: the answer where ``seconds`` have gone by without one.
            within: the step of the workflow that asks.

        Returns:
            ``answer``, ``by`` and ``reason``.

        Raises:
            StoreError: it cannot be recorded.
        """
        asked = self._past.get(key)
        if asked is not None and asked["answer"] is not None:
            return asked
        words = {"question": question, "detail": detail}
        decision = Decision(words, words)
        if asked is None:
            await self._gate.passing()
            decision = await self._decide(key, words, within)
            # A paused run asks nobody; it may have been paused while a hook thought about it.
            await self._gate.passing()
            expires = time.time() + seconds if seconds is not None else None
        else:
            expires = asked["expires"]
        begun = time.perf_counter()
        future = self._waiting[key] = asyncio.get_running_loop().create_future()
        try:
            if asked is None:
                await self._journal.commit(
                    Kind.ASKED,
                    approval=key,
                    **decision.arguments,
                    options=list(options),
                    default=default,
                    expires=expires,
                    step=step,
                    **decision.marks,
                )
            if decision.veto is not None:
                return await self._refuse(key, options[-1], decision)
            await self.look()
            with self._clock.held():
                answer = await self._answered(key, future, expires, default)
        except asyncio.CancelledError:
            if not self.is_left:
                await to_the_end(self._withdraw(key))
            raise
        finally:
            del self._waiting[key]
        await self._tell(key, words, within, time.perf_counter() - begun, answer)
        return answer

    async def _decide(self, key: str, words: Mapping[str, str], within: str) -> Decision:
        if self._hooks is None or not self._hooks.at("approval.before"):
            return Decision(words, words)
        about = self._hooks.occasion("approval", words["question"], words, key=key, step=within)
        return await self._hooks.before(about)

    async def _refuse(self, key: str, answer: str, decision: Decision) -> Mapping[str, Any]:
        by = f"the hook '{decision.by[-1]}'"
        return await self._approvals.answer(
            self._journal.execution, key, answer, by=by, reason=decision.veto or ""
        )

    async def _tell(
        self, key: str, words: Mapping[str, str], within: str, seconds: float, answer: Mapping[str, Any]
    ) -> None:
        if self._hooks is None or not self._hooks.at("approval.after"):
            return
        about = self._hooks.occasion("approval", words["question"], words, key=key, step=within)
        given = {name: answer[name] for name in ("answer", "by", "reason")}
        await self._hooks.after(about, seconds, given)

    def needless(self, key: str, reason: str) -> None:
        """Say why a question is about to be withdrawn; who asks is cancelled next."""
        self._needless[key] = reason

    async def withdraw_rest(self) -> None:
        """Take back what an earlier process has asked, and what the execution ends without asking again."""
        for key, asked in self._past.items():
            if asked["answer"] is None:
                await self._withdraw(key)

    async def _withdraw(self, key: str) -> None:
        """Nobody waits for the answer any more: nobody is to be asked for it, nor the execution to show as
        waiting."""
        # Where the question cannot be recorded, or somebody has answered, there is nothing to take back; a
        # store that fails is told of by whatever is recorded next.
        reason = self._needless.get(key, "it is not needed any more")
        with suppress(NotFound, Conflict, StoreError):
            await self._journal.settle()
            await self._approvals.answer(self._journal.execution, key, WITHDRAWN, by="nobody", reason=reason)

    async def look(self) -> None:
        """Take up answers that have been given; called when anything was committed by anyone."""
        for key, future in tuple(self._waiting.items()):
            answer = await asyncio.to_thread(self._approvals.answer_to, self._journal.execution, key)
            if answer is not None and not future.done():
                future.set_result(answer)

    async def _answered(
        self, key: str, future: asyncio.Future[Mapping[str, Any]], expires: float | None, default: str
    ) -> Mapping[str, Any]:
        if expires is None:
            return await future
        try:
            async with asyncio.timeout(max(0.0, expires - time.time())):
                return await asyncio.shield(future)
        except TimeoutError:
            # Somebody may have answered at the same moment: whichever is on the disk first holds.
            return await self._approvals.answer(
                self._journal.execution, key, default, by="timeout", reason="nobody answered in time"
            )
