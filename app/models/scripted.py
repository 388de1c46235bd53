"""The ``script:FILE`` model: answers with the turns of a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from ..domain.conversation import Conversation, Malformed, Part, Text, ToolCall, Usage
from ..domain.errors import ModelError
from ..domain.words import MICRO, plural
from .script import Flood, Script, ScriptedTurn

_BURST: Final = 100
"""Lines of a flood between two chances for others to run."""


class ScriptModel:
    """Answers with one turn of the script after another, whatever it is asked.

    Where the script stands follows from the conversation's turns, so a new instance continues an
    interrupted run. Only the faults met since the last turn are remembered here: each is met once.
    """

    asks_a_model = True

    def __init__(self, script: Script, name: str) -> None:
        self.name = name
        self.host = name
        self._turns = script.turns
        # The n-th answer that becomes a turn of a conversation is the n-th that does not break off.
        self._lasting = [index for index, turn in enumerate(script.turns) if not turn.breaks_off]
        self._faults = (0, 0)

    async def respond(self, conversation: Conversation) -> AsyncIterator[Part]:
        """The next turn, at the script's pace. See :class:`~.base.Model`."""
        taken = len(conversation.turns)
        turn = self._next(taken)
        if turn.breaks_off:
            self._faults = (taken, self._met(taken) + 1)
        await asyncio.sleep(turn.delay)
        for number, chunk in enumerate(turn.text):
            if number and turn.chunk_delay:
                await asyncio.sleep(turn.chunk_delay)
            yield Text(chunk)
        if turn.malformed is not None:
            yield Malformed(turn.malformed, "it is no tool call")
        for number, call in enumerate(turn.tool_calls, 1):
            yield ToolCall(f"call-{taken + 1}-{number}", call.tool, dict(call.with_))
        if turn.flood is not None:
            async for line in _pour(turn.flood):
                yield line
        if turn.usage is not None:
            cost = round(turn.usage.cost_usd * MICRO)
            yield Usage(turn.usage.input_tokens, turn.usage.output_tokens, cost)
        if turn.rate_limit is not None:
            raise ModelError(
                "The script says to ask again later",
                detail=f"rate limit in {self.name}",
                retry_after=turn.rate_limit.retry_after,
            )
        if turn.error is not None:
            raise ModelError(turn.error, detail=f"an error written in {self.name}")
        if turn.fault == "timeout":
            await asyncio.Event().wait()  # Whoever asked is to lose patience.
        if turn.fault is not None:
            words = {"server_error": "The server fails", "dropped": "The connection was lost"}[turn.fault]
            raise ModelError(words, detail=f"a fault written in {self.name}", may_pass=True)

    def _met(self, taken: int) -> int:
        turns, faults = self._faults
        return faults if turns == taken else 0

    def _next(self, taken: int) -> ScriptedTurn:
        begin = self._lasting[taken - 1] + 1 if 0 < taken <= len(self._lasting) else 0
        index = begin + self._met(taken)
        if taken > len(self._lasting) or index >= len(self._turns):
            raise ModelError(
                "The script has come to its end and the run has not",
                detail=f"{self.name} has {plural(len(self._turns), 'turn')}",
                hint="a run ends with a turn that has text and no tool calls; add one to the script",
            )
        return self._turns[index]


async def _pour(flood: Flood) -> AsyncIterator[Text]:
    clock = asyncio.get_running_loop().time
    begun = clock()
    before, mark, after = flood.text.partition("{n}")
    for number in range(1, flood.lines + 1):
        yield Text(f"{before}{number}{after}\n" if mark else f"{before}\n")
        if number % _BURST == 0 or flood.per_second is not None:
            due = begun + number / flood.per_second if flood.per_second else 0.0
            # Below a few milliseconds a sleep costs more than the lines it would space out.
            if number % _BURST == 0 or due - clock() > 0.005:
                await asyncio.sleep(max(0.0, due - clock()))
