"""The agent loop: ask the model, do what it asks for, tell it what came of it, until it is done."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from ..domain.conversation import (
    Conversation,
    Malformed,
    Text,
    ToolCall,
    ToolResult,
    Turn,
    Usage,
)
from ..domain.errors import ModelError, ToolError, ToolRefused
from ..domain.events import Kind
from ..domain.words import one_line
from ..git.isolation import Isolation
from ..git.tasks import to_the_end
from ..git.workplaces import Workplace
from ..models.base import Model
from ..tools.base import AnyTool, ToolContext
from ..tools.registry import call, schema_of
from .journal import Journal
from .meter import Meter
from .prose import LineBreaker, Speech
from .request import RunRequest
from .steps import StepResult, Steps

ATTEMPTS = 5
"""How often a model call is made again after an answer that says when to ask again."""

LONGEST_WAIT = 60.0
MALFORMED_IN_A_ROW = 3


@dataclass(slots=True)
class Dialogue:
    """One agent at work. Owns the conversation; everything durable goes through its parts."""

    request: RunRequest
    model: Model
    tools: Mapping[str, AnyTool]
    place: Workplace
    isolation: Isolation
    journal: Journal
    steps: Steps
    meter: Meter
    commits: list[str] = field(default_factory=list)

    async def hold(self) -> str:
        """Run to the end.

        Returns:
            The answer: the text of the last turn.

        Raises:
            ModelError: the model cannot answer.
            BudgetExceeded: the next call would go over the budget.
            StoreError, GitError: the account or the work cannot be kept.
        """
        conversation = Conversation(
            instructions=self.request.agent.instructions,
            task=self.request.task,
            inputs=self.request.inputs,
            tools=tuple(schema_of(tool) for tool in self.tools.values()),
        )
        spoiled = 0
        while True:
            turn = await self._turn(conversation)
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
            else:
                return turn.text
            results = await self._act(turn.calls)
            conversation = replace(
                conversation, turns=(*conversation.turns, replace(turn, results=tuple(results)))
            )

    # The model's part

    async def _turn(self, conversation: Conversation) -> Turn:
        if not self.model.asks_a_model:
            return await self._listen(conversation, None)
        self.meter.before_model_call()
        heard: list[Turn] = []

        async def work(step: int) -> StepResult:
            turn, usage = await self._ask(conversation, step)
            heard.append(turn)
            words = one_line(turn.text) or ", ".join(wanted.name for wanted in turn.calls)
            return StepResult(_turn_value(turn), words, usage)

        await self.steps.run(
            "model", self.model.name, {"turn": len(conversation.turns) + 1}, work, idempotent=True
        )
        return heard[0]

    async def _ask(self, conversation: Conversation, step: int) -> tuple[Turn, Usage]:
        attempt = 0
        usage: list[Usage] = []
        while True:
            attempt += 1
            try:
                return await self._listen(conversation, step, usage), sum(usage, Usage())
            except ModelError as error:
                if error.retry_after is None or attempt > ATTEMPTS:
                    raise
                # A little spread keeps many runs from asking again in the same instant.
                wait = min(error.retry_after, LONGEST_WAIT) * (1 + random.random() / 10)
                await self.journal.commit(
                    Kind.RETRIED, step=step, attempt=attempt, wait=round(wait, 3), error=error.to_dict()
                )
                await asyncio.sleep(wait)

    async def _listen(
        self, conversation: Conversation, step: int | None, usage: list[Usage] | None = None
    ) -> Turn:
        said = Speech()
        calls: list[ToolCall] = []
        malformed: list[Malformed] = []
        breaker = LineBreaker()
        try:
            async for part in self.model.respond(conversation):
                match part:
                    case Text(text):
                        said.add(text)
                        self._tell(breaker.feed(text), step)
                        await self.journal.relieve()
                    case ToolCall():
                        calls.append(part)
                    case Malformed():
                        malformed.append(part)
                        self.journal.emit(
                            Kind.LOG, level="warning", text=f"unreadable: {one_line(part.raw)}", step=step
                        )
                    case Usage():
                        # An answer that breaks off afterwards was paid for as well.
                        self.meter.usage += part
                        if usage is not None:
                            usage.append(part)
        finally:
            # Whatever was said before a stop or a fault was paid for, and is kept.
            self._tell(breaker.finish(), step)
        return Turn(said.text, tuple(calls), (), tuple(malformed))

    def _tell(self, pieces: list[tuple[str, bool]], step: int | None) -> None:
        for text, end in pieces:
            self.journal.emit(Kind.TEXT, step=step, text=text, end=end)

    # The tools' part

    async def _act(self, calls: tuple[ToolCall, ...]) -> list[ToolResult]:
        """Run the calls of one turn: those that only look side by side, those that change in order."""
        results: list[ToolResult] = []
        waiting = list(calls)
        while waiting:
            together = [waiting.pop(0)]
            while waiting and self._only_looks(together[0]) and self._only_looks(waiting[0]):
                together.append(waiting.pop(0))
            if len(together) == 1:
                results.append(await self._call(together[0]))
                continue
            # One that may not be made ends the run, but not what is under way: it was counted.
            ended = await asyncio.gather(*map(self._call, together), return_exceptions=True)
            for outcome in ended:
                if isinstance(outcome, BaseException):
                    raise outcome
                results.append(outcome)
        return results

    def _only_looks(self, wanted: ToolCall) -> bool:
        tool = self.tools.get(wanted.name)
        return tool is not None and not tool.writes

    async def _call(self, wanted: ToolCall) -> ToolResult:
        self.meter.before_tool_call(wanted.name)
        tool = self.tools.get(wanted.name)

        async def work(step: int) -> StepResult:
            if tool is None:
                raise ToolRefused(
                    f"This agent may not use '{wanted.name}'",
                    hint=f"its tools are: {', '.join(self.tools) or 'none'}",
                )
            context = ToolContext(
                root=self.place.root,
                permissions=self.request.agent.spec.permissions,
                log=lambda line: self.journal.emit(Kind.LOG, level="info", text=line, step=step),
            )
            outcome = await call(tool, wanted.arguments, context)
            return StepResult(outcome.value, outcome.summary)

        try:
            result = await self.steps.run(
                "tool", wanted.name, wanted.arguments, work, idempotent=tool is None or tool.idempotent
            )
        except ToolError as error:
            self.meter.refused += error.exit_code == ToolRefused.exit_code
            return ToolResult(wanted, error=f"{error}" + (f" ({error.hint})" if error.hint else ""))
        finally:
            # A command that failed half-way has changed files all the same.
            if tool is not None and tool.writes:
                # A stop waits for it: a commit of which the receipt does not know would be lost.
                await to_the_end(self.keep(wanted.name, wanted.arguments, self.steps.count))
        return ToolResult(wanted, value=result.value)

    async def keep(self, name: str, arguments: Mapping[str, Any], step: int) -> None:
        """Commit what changed in the worktree, if anything did."""
        await self.journal.settle()
        spec = self.request.agent.spec
        trailers = {
            "Paracle-Execution": self.place.execution,
            "Paracle-Step": str(step),
            "Assisted-by": f"paracle:{self.model.name}",
        }
        commit = await self.isolation.commit(self.place, commit_message(spec.name, name, arguments), trailers)
        if commit is None:
            return
        self.commits.append(commit.sha)
        self.journal.emit(
            Kind.COMMIT,
            step=step,
            sha=commit.sha,
            message=one_line(commit.message.partition("\n")[0]),
            files=[
                {"path": file.path, "status": file.status, "added": file.added, "removed": file.removed}
                for file in commit.files
            ],
        )


def commit_message(agent: str, tool: str, arguments: Mapping[str, Any]) -> str:
    """A conventional message for what a tool call changed."""
    path = str(arguments.get("path", ""))
    scope = re.sub(r"[^a-z0-9-]", "-", agent)
    if not path:
        argv = arguments.get("argv")
        what = " ".join(map(str, argv)) if isinstance(argv, list | tuple) else tool
        return f"chore({scope}): {one_line('run ' + what, 60)}"
    pure = PurePosixPath(path)
    if pure.suffix in (".md", ".rst", ".txt"):
        kind = "docs"
    elif pure.name.startswith("test_") or "tests" in pure.parts:
        kind = "test"
    else:
        kind = "feat" if tool == "write_file" else "fix"
    return f"{kind}({scope}): {one_line(('write ' if tool == 'write_file' else 'edit ') + path, 60)}"


def _turn_value(turn: Turn) -> dict[str, Any]:
    return {
        "text": turn.text,
        "calls": [{"id": one.id, "name": one.name, "arguments": dict(one.arguments)} for one in turn.calls],
        "malformed": [{"raw": one.raw, "reason": one.reason} for one in turn.malformed],
    }
