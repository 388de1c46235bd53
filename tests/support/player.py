"""Plays an agent's playbook over a folder with the real tools, without engine, store or git."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from paracle.app.domain.agents import ResolvedAgent
from paracle.app.domain.conversation import Conversation, Text, ToolCall, ToolResult, Turn
from paracle.app.domain.errors import ToolError
from paracle.app.domain.inputs import bind_inputs
from paracle.app.models.registry import open_model
from paracle.app.project.project import Project
from paracle.app.tools.base import ToolContext
from paracle.app.tools.registry import builtin_tools, call, tool_names


@dataclass(frozen=True)
class Played:
    """What came of a run."""

    answer: str
    calls: tuple[ToolCall, ...]


def agent_of(root: Path, name: str) -> ResolvedAgent:
    """The agent as a run in ``root`` would have it."""
    return Project.open(root, known_tools=tool_names()).agent(name)


async def play(root: Path, name: str, **inputs: Any) -> Played:
    """Run the agent offline in ``root``; its files are written there."""
    agent = agent_of(root, name)
    declared = {key: (one.parsed, one.required, one.default) for key, one in agent.spec.inputs.items()}
    conversation = Conversation(agent.instructions, "", bind_inputs(declared, inputs))
    model = open_model("offline", agent, variables=Project.open(root).variables(), folder=root)
    tools = builtin_tools(agent.spec.tools)
    context = ToolContext(root, agent.spec.permissions, log=lambda line: None)
    while True:
        (part,) = [part async for part in model.respond(conversation)]
        if isinstance(part, Text):
            return Played(part.text, tuple(turn.calls[0] for turn in conversation.turns))
        assert isinstance(part, ToolCall)
        result = await _result(tools, part, context)
        conversation = replace(conversation, turns=(*conversation.turns, Turn("", (part,), (result,))))


async def _result(tools: Mapping[str, Any], wanted: ToolCall, context: ToolContext) -> ToolResult:
    try:
        outcome = await call(tools[wanted.name], wanted.arguments, context)
    except ToolError as error:
        return ToolResult(wanted, error=str(error))
    return ToolResult(wanted, outcome.value)


def write_files(root: Path, files: Mapping[str, str]) -> Path:
    """Make files below ``root`` and return it."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root
