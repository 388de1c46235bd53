"""Using a tool, durably: asked about where permissions say so, recorded, and its changes committed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

from ..domain.events import Kind
from ..domain.occasions import Decision
from ..domain.specs import Permissions
from ..git.tasks import to_the_end
from ..tools.base import AnyTool, ToolContext
from ..tools.registry import call
from .left_over import marks_of
from .past import StepResult
from .work import Work


@dataclass(frozen=True, slots=True)
class ToolCaller:
    """Uses tools for one agent, or one step of a workflow.

    Attributes:
        who: For people, and for the scope of commits.
        model: What asks for the calls, for the commits' trailer.
        agent, step: Whose calls they are, for hooks.
    """

    work: Work
    who: str
    permissions: Permissions
    model: str
    agent: str = ""
    step: str = ""

    async def use(
        self, key: str, tool: AnyTool, arguments: Mapping[str, Any], *, idempotent: bool
    ) -> StepResult:
        """Use a tool as one step.

        Args:
            key: the step's.
            idempotent: a crash may have it done again without anyone being asked.

        Raises:
            ToolRefused: its permissions, a person, or a hook said no.
            ToolError: it could not do what it was asked.
            StoreError, GitError: the account or the work cannot be kept.
        """

        async def do(decision: Decision) -> StepResult:
            permissions = await self._permit(key, tool, decision)
            if not tool.writes_path:
                return await self._run(key, tool, decision, permissions, idempotent=idempotent)
            # Held until the commit, so that it holds what its own step has changed.
            async with self.work.writing.file:
                return await self._run(key, tool, decision, permissions, idempotent=idempotent)

        return await self.work.steps.around(
            "tool", tool.name, arguments, do, key=key, agent=self.agent, step=self.step
        )

    async def _permit(self, key: str, tool: AnyTool, decision: Decision) -> Permissions:
        if decision.veto is not None:
            return self.permissions
        if decision.has_changed:
            # A person says yes to what is asked, and to no other change that a hook may make next time.
            asked = json.dumps(dict(decision.arguments), sort_keys=True)
            key = f"{key}/{hashlib.sha256(asked.encode()).hexdigest()[:12]}"
        return await self.work.permit(key, self.who, tool, decision.arguments, self.permissions, self.step)

    async def _run(
        self, key: str, tool: AnyTool, decision: Decision, permissions: Permissions, *, idempotent: bool
    ) -> StepResult:
        steps, journal, arguments = self.work.steps, self.work.journal, decision.arguments
        recorded = steps.recorded(key)
        number = recorded.step if recorded is not None and recorded.has_ended else 0
        is_command = tool.writes and not tool.writes_path

        async def work(step: int) -> StepResult:
            nonlocal number
            number = step
            context = ToolContext(
                root=self.work.place.root,
                permissions=permissions,
                log=lambda line: journal.emit(Kind.LOG, level="info", text=line, step=step),
                variables=marks_of(journal.execution, key),
            )
            if is_command:
                await at_work.enter_async_context(self.work.writing.command(step))
            outcome = await call(tool, arguments, context)
            return StepResult(outcome.value, outcome.summary)

        async def keep() -> None:
            async with self.work.writing.file if is_command else nullcontext():
                await self.work.keep(key, self.who, tool, arguments, number, self.model)

        # A command counts as at work until what it changed is committed.
        async with AsyncExitStack() as at_work:
            try:
                return await steps.run(
                    "tool",
                    tool.name,
                    decision.asked,
                    work,
                    key=key,
                    idempotent=idempotent,
                    looks=idempotent and not tool.writes,
                    decision=decision,
                )
            finally:
                # A command that failed half-way has changed files all the same.
                if tool.writes and number:
                    # A stop waits for it: a commit of which the receipt does not know would be lost.
                    await to_the_end(keep())
