"""What a person can do to an execution at work. Every act is an event before it has an effect elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from ..domain.by_hand import ManualCommand
from ..domain.errors import Conflict, UsageError
from ..domain.events import Kind
from .by_hand import ByHand
from .clock import Clock
from .gate import Gate
from .journal import Journal
from .steering import Steering


class Control:
    """Pauses, steers and switches one execution, and runs commands in its worktree.

    Args:
        name: the execution's, in words to people.
        steering: the dialogue's ends; ``None`` where no single dialogue is held.
        by_hand: runs the commands.
        waits: whether the execution waits for a person's answer.
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        gate: Gate,
        clock: Clock,
        steering: Steering | None,
        by_hand: ByHand,
        *,
        waits: Callable[[], bool],
    ) -> None:
        self._name = name
        self._journal = journal
        self._gate = gate
        self._clock = clock
        self._steering = steering
        self._by_hand = by_hand
        self._waits = waits
        self.ending = False
        self._acting = asyncio.Lock()

    async def take(self, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what is asked, by the name under which another process asks for it.

        Raises:
            UsageError: there is no such control.
            Conflict: it makes no sense as the execution stands.
            StoreError: it cannot be recorded; it was not done.
        """
        match kind:
            case "exec":
                self._refuse_ending()
                self._by_hand.take(ManualCommand.from_dict(payload))
                return {}
            case "end exec":
                await self._by_hand.end(payload["command"])
                return {}
        # One after another: each is held against what the one before has left.
        async with self._acting:
            await self._act(kind, payload)
        return {}

    async def _act(self, kind: str, payload: Mapping[str, Any]) -> None:
        match kind:
            case "pause":
                await self.pause(payload["by"], payload["reason"])
            case "resume":
                await self.resume(payload["by"], payload["reason"])
            case "say":
                await self.say(payload["by"], payload["text"])
            case "model":
                await self.switch(payload["by"], payload["model"])
            case _:
                raise UsageError(f"There is no control '{kind}'", hint="use one version of Paracle for both")

    async def pause(self, by: str, reason: str = "") -> None:
        """Let no further model or tool call begin; what is under way goes on to its end."""
        self._refuse_ending()
        if self._gate.is_closed:
            raise Conflict(f"{self._name} is paused already")
        if self._waits():
            raise Conflict(
                f"{self._name} waits for an answer, and does nothing until then",
                hint="answer it with 'paracle approvals', or stop the execution",
            )
        self._gate.close()
        self._clock.hold()
        try:
            await self._journal.commit(Kind.PAUSED, by=by, reason=reason)
        except BaseException:
            self._clock.release()
            self._gate.open()
            raise

    async def resume(self, by: str, reason: str = "") -> None:
        """Go on after a pause."""
        self._refuse_ending()
        if not self._gate.is_closed:
            raise Conflict(f"{self._name} is not paused", hint="'paracle runs show' tells how it stands")
        await self._journal.commit(Kind.RESUMED, by=by, reason=reason, after="paused")
        self._clock.release()
        self._gate.open()

    async def say(self, by: str, text: str) -> None:
        """Tell the agent something, which its next turn reads."""
        steering = self._steered()
        if not text.strip():
            raise UsageError("There is nothing to say", hint="give the message as text")
        if not steering.voices.newest.asks_a_model:
            raise Conflict(
                f"{self._name} runs offline, and its playbook reads no messages",
                hint="switch to one that does with 'paracle runs model', or start a run with another task",
            )
        if steering.inbox.closed:
            raise Conflict(f"{self._name} has given its answer", hint="send it as the task of a next run")
        await self._journal.commit(Kind.SAID, by=by, text=text)
        steering.inbox.put(text)

    async def switch(self, by: str, model: str) -> None:
        """Let another model answer from the next turn on, with everything said so far."""
        steering = self._steered()
        before = steering.voices.newest.name
        opened = await asyncio.to_thread(steering.open_model, model)
        self._refuse_ending()
        if opened.name == before:
            raise Conflict(f"{before} answers already")
        turn = steering.turns.next_turn if steering.turns else 1
        steering.voices.switch(turn, opened)
        await self._journal.commit(Kind.MODEL, by=by, model=opened.name, before=before, turn=turn)

    def _steered(self) -> Steering:
        self._refuse_ending()
        if self._steering is None:
            raise Conflict(
                f"{self._name} is a workflow, and several agents may be at work in it",
                hint="change the step's model in the workflow's file, and retry from that step",
            )
        return self._steering

    def _refuse_ending(self) -> None:
        if self.ending:
            raise Conflict(f"{self._name} is about to end", hint="'paracle runs show' tells how it ended")
