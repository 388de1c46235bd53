"""What an agent and its model say to each other, independent of any provider's format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of what the model says; pieces follow one another without a separator."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool. ``id`` is unique within the conversation."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Malformed:
    """Output that was meant as a tool call and cannot be read. The engine tells the model so."""

    raw: str
    reason: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model call used. Money in micro-dollars."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_micro: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost_micro + other.cost_micro,
        )

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Outputs:
    """What an answer gives by name, besides its words; values are plain JSON data."""

    values: Mapping[str, Any]


Part = Text | ToolCall | Malformed | Usage | Outputs
"""What a model's answer is made of, in the order it arrives."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a tool call. ``error`` is the error's title and detail, empty where it worked."""

    call: ToolCall
    value: Any = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of the model and the results of the tools it asked for."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    malformed: tuple[Malformed, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolSchema:
    """A tool as a model is told of it. ``parameters`` is a JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a person to an agent at work, said before the turn of this number (from 1)."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """All a model needs for its next answer."""

    instructions: str
    task: str
    inputs: Mapping[str, Any]
    tools: tuple[ToolSchema, ...] = ()
    turns: tuple[Turn, ...] = field(default_factory=tuple)
    said: tuple[Said, ...] = ()
    """What a person has said meanwhile, in order."""
