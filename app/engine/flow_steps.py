"""What a step of a workflow does, kind by kind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from ..domain import templates
from ..domain.errors import ParacleError
from ..domain.inputs import bind_inputs
from ..domain.occasions import step_of
from ..domain.specs import Input
from ..domain.words import one_line
from ..domain.workflows import ResolvedWorkflow, Step
from ..models.registry import open_model
from ..tools.base import AnyTool
from ..tools.registry import builtin_tools
from .asking import WITHDRAWN
from .breakers import Breakers
from .dialogue import Dialogue
from .inbox import Inbox
from .meter import Meter
from .model_calls import ModelCalls
from .outputs import outputs_of
from .request import WorkflowRequest
from .scripts import RunScript
from .tool_calls import ToolCaller
from .voices import Voices
from .work import Work

CallWorkflow = Callable[[str, Mapping[str, Any], str], Awaitable[Mapping[str, Any]]]
"""Runs another workflow: its name, its inputs, the key of the step that calls it."""


class Rejected(ParacleError):
    """A person said no."""

    code = "rejected"


class NotNeeded(ParacleError):
    """A question was withdrawn: whatever its answer, nothing would come of it."""


class StepWork:
    """Does one step of a workflow. Everything durable in it is a step of its own below the step's key."""

    def __init__(
        self,
        request: WorkflowRequest,
        workflow: ResolvedWorkflow,
        work: Work,
        meter: Meter,
        breakers: Breakers,
        call_workflow: CallWorkflow,
    ) -> None:
        self._request = request
        self._workflow = workflow
        self._work = work
        self._meter = meter
        self._breakers = breakers
        self._call_workflow = call_workflow

    async def perform(self, step: Step, key: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do it; gives its outputs by name.

        Raises:
            ParacleError: it failed.
        """
        match step.kind:
            case "agent":
                return await self._agent(step, key, variables)
            case "tool":
                return await self._tool(step, key, variables)
            case "script":
                return await self._script(step, key, variables)
            case "approval":
                return await self._approval(step, key, variables)
            case "workflow":
                called = self._request.workflows[step.target]
                inputs = self._inputs(step, called.spec.inputs, key, variables)
                return await self._call_workflow(step.target, inputs, key)

    async def _agent(self, step: Step, key: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        request = self._request
        agent = request.agents[step.target]
        inputs = self._inputs(step, agent.spec.inputs, key, variables)
        name = step.model or agent.spec.model or request.model
        opened = partial(open_model, agent=agent, variables=request.variables, folder=request.folder)
        meter = Meter(agent.spec.budget, self._meter)
        voices = Voices(await asyncio.to_thread(opened, name))
        fallbacks = agent.spec.fallback_models
        models = ModelCalls(
            self._work, voices, Inbox(), meter, self._breakers, fallbacks, opened, agent.name, f"{key}/"
        )
        tools = builtin_tools(agent.spec.tools)
        turn = await Dialogue(self._work, agent, inputs, models, tools, meter, f"{key}/").hold()
        return {"answer": turn.text, **outputs_of(agent, turn, step.outputs)}

    def _inputs(
        self, step: Step, declared: Mapping[str, Input], key: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        given = templates.evaluate_all(step.inputs, variables, name=f"{key}.inputs")
        types = {name: (spec.parsed, spec.required, spec.default) for name, spec in declared.items()}
        return bind_inputs(types, {name: value for name, value in given.items() if value is not None})

    async def _tool(self, step: Step, key: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        arguments = templates.evaluate_all(step.with_, variables, name=f"{key}.with")
        (tool,) = builtin_tools((step.target,)).values()
        value = await self._use(step, key, tool, arguments)
        return dict(value)

    async def _script(self, step: Step, key: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        env = templates.evaluate_all(step.env, variables, name=f"{key}.env")
        tool = RunScript(self._request.folder)
        arguments = {"script": step.run, "env": {name: str(value) for name, value in env.items()}}
        value = await self._use(step, key, tool, arguments)
        return {name: value[name] for name in ("exit_code", "stdout", "stderr")}

    async def _use(
        self, step: Step, key: str, tool: AnyTool, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Use a tool with the workflow's permissions."""
        recorded = self._work.steps.recorded(f"{key}/call")
        if recorded is None or not recorded.inherited:
            self._meter.before_tool_call(tool.name, f"{key}/call")
        who = f"{self._workflow.name}.{step.id}"
        permissions = self._workflow.spec.permissions
        caller = ToolCaller(self._work, who, permissions, "workflow", step=step_of(key))
        again = tool.idempotent or step.idempotent or step.key is not None
        value = (await caller.use(f"{key}/call", tool, arguments, idempotent=again)).value
        assert isinstance(value, Mapping)
        return value

    async def _approval(self, step: Step, key: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        question = templates.render(step.approval or "", variables, name=f"{key}.approval")
        answer = await self._work.asking.ask(
            key,
            one_line(question, 300),
            detail=question if "\n" in question.strip() else "",
            default=step.default or "",
            seconds=step.timeout,
            within=step_of(key),
        )
        if answer["answer"] == WITHDRAWN:
            raise NotNeeded("not asked any more", detail=answer["reason"])
        if answer["answer"] != "approve":
            raise Rejected(f"{answer['by']} said no", detail=answer["reason"])
        return {"approved": True, "reason": answer["reason"]}
