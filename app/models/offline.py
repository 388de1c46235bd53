"""The ``offline`` model: does what the agent's playbook says and asks no language model.

Each answer is one action that calls a tool; the last answer is text. The same conversation always
gets the same answer: where a playbook stands follows from the turns alone, so an execution that was
interrupted goes on in another process where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..domain.agents import ResolvedAgent
from ..domain.conversation import Conversation, Outputs, Part, Text, ToolCall, ToolResult, Turn
from ..domain.errors import ModelError
from .playbook import Play, Playbook, Played, check_playable


@dataclass(frozen=True, slots=True)
class _Position:
    """A play that has taken ``turns`` and whose next answer is ``answer``."""

    play: Play
    turns: tuple[Turn, ...]
    answer: ToolCall | Played


class OfflineModel:
    """Plays one agent's playbook.

    Raises:
        UsageError: the agent has no playbook, or one that this version cannot play.
    """

    name = "offline"
    host = "offline"
    asks_a_model = False

    def __init__(self, agent: ResolvedAgent, variables: Mapping[str, Any]) -> None:
        check_playable(agent)
        self._agent = agent
        self._variables = dict(variables)
        self._position: _Position | None = None

    async def respond(self, conversation: Conversation) -> AsyncIterator[Part]:
        """The next action's tool call, or the answer. See :class:`~.base.Model`."""
        # A play belongs to one thread at a time: should this wait be cancelled, the thread still
        # finishes with the old play, and the next question begins a new one.
        position, self._position = self._position, None
        # Rendering a report of a large project takes longer than the event loop may be held.
        self._position = await asyncio.to_thread(self._advance, position, conversation)
        answer = self._position.answer
        if isinstance(answer, ToolCall):
            yield answer
            return
        yield Text(answer.answer)
        if answer.outputs:
            yield Outputs(answer.outputs)

    def _advance(self, position: _Position | None, conversation: Conversation) -> _Position:
        turns = conversation.turns
        if position is None or not _continues(turns, position.turns):
            position = self._begin(conversation)
        play, answer = position.play, position.answer
        for turn in turns[len(position.turns) :]:
            answer = _send(play, answer, _result(turn, answer))
        return _Position(play, turns, answer)

    def _begin(self, conversation: Conversation) -> _Position:
        inputs = {"task": conversation.task, **conversation.inputs}
        play = Playbook(self._agent, {**self._variables, "inputs": inputs}).play()
        return _Position(play, (), _send(play, None, None))


def _continues(turns: tuple[Turn, ...], known: tuple[Turn, ...]) -> bool:
    """Whether ``turns`` goes on from ``known``. The last one speaks for all: turns are only appended."""
    return not known or (len(turns) >= len(known) and turns[len(known) - 1] is known[-1])


def _send(play: Play, asked: ToolCall | Played | None, result: ToolResult | None) -> ToolCall | Played:
    try:
        return next(play) if asked is None else play.send(result)  # type: ignore[arg-type]
    except StopIteration as end:
        played: Played = end.value
        return played


def _result(turn: Turn, asked: ToolCall | Played) -> ToolResult:
    """The result in ``turn`` of the call that the play waits for.

    Raises:
        ModelError: the turn is not one that this playbook brought about.
    """
    if isinstance(asked, ToolCall) and len(turn.results) == 1 and turn.results[0].call.name == asked.name:
        return turn.results[0]
    expected = f"a call of {asked.name}" if isinstance(asked, ToolCall) else "the end"
    found = ", ".join(result.call.name for result in turn.results) or "no tool's result"
    raise ModelError(
        "The run does not fit the agent's playbook",
        detail=f"the playbook comes to {expected} where the run has {found}",
        hint="the playbook was changed since the run began; start a new run",
    )
