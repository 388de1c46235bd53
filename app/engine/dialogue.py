"""The agent loop: ask the model, do what it asks for, tell it what came of it, until it is done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..domain.agents import ResolvedAgent
from ..domain.conversation import Conversation, ToolCall, ToolResult, Turn
from ..domain.errors import ModelError, ToolError, ToolRefused
from ..domain.events import brief_arguments
from ..domain.occasions import step_of
from ..domain.words import one_line
from ..tools.base import AnyTool
from ..tools.registry import schema_of
from .meter import Meter
from .model_calls import ModelCalls
from .past import StepResult
from .tool_calls import ToolCaller
from .work import Work

MALFORMED_IN_A_ROW = 3

SAME_IN_A_ROW = 3
"""Turns with the very same calls, one after another, at which a person is asked."""

LOOP_PATIENCE = 3600.0
"""Seconds after which a run that seems to go in circles is ended where nobody answers."""

GO_ON, STOP = "go on", "stop"


@dataclass(slots=True)
class Dialogue:
    """One agent at work. Owns the conversation; everything durable goes through its parts.

    ``scope`` stands before the keys of its steps, where an execution holds more than one dialogue.
    """

    work: Work
    agent: ResolvedAgent
    inputs: Mapping[str, Any]
    models: ModelCalls
    tools: Mapping[str, AnyTool]
    meter: Meter
    scope: str = ""
    _last: str = ""
    _same: int = 0

    async def hold(self) -> Turn:
        """Run to the end.

        Returns:
            The last turn: its text is the answer.

        Raises:
            ModelError: the model cannot answer, or a person has ended a loop.
            BudgetExceeded: the next call would go over the budget.
            StoreError, GitError: the account or the work cannot be kept.
        """
        conversation = Conversation(
            instructions=self.agent.instructions,
            task=str(self.inputs.get("task", "")),
            inputs=self.inputs,
            tools=tuple(schema_of(tool) for tool in self.tools.values()),
        )
        spoiled = 0
        while True:
            conversation, turn = await self.models.ask(conversation)
            if turn.malformed:
                spoiled += 1
                if spoiled == MALFORMED_IN_A_ROW:
                    raise ModelError(
                        "The model keeps answering in a form that cannot be read",
                        detail=f"{spoiled} times in a row: {turn.malformed[-1].reason}",
                        hint="choose another model; the log shows what it wrote",
                    )
            elif turn.calls:
                spoiled = 0
            elif not (self.models.inbox and self.models.model.asks_a_model):
                self.models.inbox.closed = True
                return turn
            results = await self._act(len(conversation.turns) + 1, turn.calls)
            turns = (*conversation.turns, replace(turn, results=tuple(results)))
            conversation = replace(conversation, turns=turns)

    async def _act(self, turn: int, calls: tuple[ToolCall, ...]) -> list[ToolResult]:
        """Run the calls of one turn: those that only look side by side, those that change in order."""
        results: list[ToolResult] = []
        waiting = [(f"{self.scope}turn-{turn}/{number}", wanted) for number, wanted in enumerate(calls, 1)]
        await self._break_loop(turn, calls)
        while waiting:
            together = [waiting.pop(0)]
            while waiting and self._only_looks(together[0][1]) and self._only_looks(waiting[0][1]):
                together.append(waiting.pop(0))
            # One that may not be made ends the run, but not what is under way: it was counted.
            ended = await asyncio.gather(*(self._call(*one) for one in together), return_exceptions=True)
            for outcome in ended:
                if isinstance(outcome, BaseException):
                    raise outcome
                results.append(outcome)
        return results

    def _only_looks(self, wanted: ToolCall) -> bool:
        tool = self.tools.get(wanted.name)
        return tool is not None and not tool.writes

    async def _break_loop(self, turn: int, calls: tuple[ToolCall, ...]) -> None:
        """Ask a person about a model that asks for the same, turn after turn."""
        this = json.dumps([(one.name, dict(one.arguments)) for one in calls], sort_keys=True, default=str)
        self._same = self._same + 1 if this == self._last else 1
        self._last = this
        if self._same < SAME_IN_A_ROW or not calls or not self.models.model.asks_a_model:
            return
        what = ", ".join(f"{one.name} {brief_arguments(one.arguments)}".rstrip() for one in calls)
        answer = await self.work.asking.ask(
            f"{self.scope}turn-{turn}/loop",
            f"{self.agent.name} asks for the same for the {SAME_IN_A_ROW}rd time in a row. Let it go on?",
            detail=one_line(what, 300),
            options=(GO_ON, STOP),
            default=STOP,
            seconds=LOOP_PATIENCE,
            within=step_of(self.scope.rstrip("/")),
        )
        if answer["answer"] != GO_ON:
            raise ModelError(
                "The run went in circles and was ended",
                detail=f"{one_line(what, 120)}; {answer['by']} decided so",
                hint="give the agent another task or another model",
            )
        self._same = 0

    async def _call(self, key: str, wanted: ToolCall) -> ToolResult:
        recorded = self.work.steps.recorded(key)
        is_own = recorded is None or not recorded.inherited
        if is_own:
            self.meter.before_tool_call(wanted.name, key)
        tool = self.tools.get(wanted.name)
        try:
            if tool is None:
                result = await self._refused(key, wanted)
            else:
                caller = ToolCaller(
                    self.work,
                    self.agent.name,
                    self.agent.spec.permissions,
                    self.models.model.name,
                    agent=self.agent.name,
                    step=step_of(self.scope.rstrip("/")),
                )
                result = await caller.use(key, tool, wanted.arguments, idempotent=tool.idempotent)
        except ToolError as error:
            if error.exit_code == ToolRefused.exit_code and is_own:
                self.meter.refuse()
            return ToolResult(wanted, error=f"{error}" + (f" ({error.hint})" if error.hint else ""))
        return ToolResult(wanted, value=result.value)

    async def _refused(self, key: str, wanted: ToolCall) -> StepResult:
        """Record a call of a tool that the agent does not have."""

        async def work(step: int) -> StepResult:
            raise ToolRefused(
                f"This agent may not use '{wanted.name}'",
                hint=f"its tools are: {', '.join(self.tools) or 'none'}",
            )

        return await self.work.steps.run(
            "tool", wanted.name, wanted.arguments, work, key=key, idempotent=True
        )
