"""What an execution is there to do: hold a dialogue with an agent, or go through a workflow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from ..models.base import Model
from ..models.registry import open_model
from ..tools.registry import builtin_tools
from .breakers import Breakers
from .dialogue import Dialogue
from .inbox import Inbox
from .meter import Meter
from .model_calls import ModelCalls
from .outputs import outputs_of
from .past import Past
from .request import RunRequest
from .steering import Steering
from .voices import Voices
from .work import Work


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: words for people, and values by name."""

    text: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)


class Task(Protocol):
    """The work of one execution. Made before anything starts, so that it can refuse."""

    @property
    def model(self) -> str:
        """The name of the model that answers, or would."""

    @property
    def offline(self) -> bool:
        """Whether no language model was asked, nor a script in its place."""

    @property
    def steering(self) -> Steering | None:
        """How a person can speak to it; ``None`` where there is no one to speak to."""

    async def perform(self, work: Work, meter: Meter) -> Answer:
        """Do it, to the end.

        Raises:
            ParacleError: it cannot be done, or may not be.
        """


class AgentTask:
    """One agent's dialogue.

    Raises:
        UsageError, ModelError, NotFound: a model or a tool cannot be had.
    """

    def __init__(self, request: RunRequest, past: Past, breakers: Breakers) -> None:
        self._request = request
        self._breakers = breakers
        opened = partial(open_model, agent=request.agent, variables=request.variables, folder=request.folder)
        voices = Voices(opened(request.model), [(turn, opened(name)) for turn, name in past.models])
        self.steering = Steering(voices, Inbox(past.said), opened)
        self._tools = builtin_tools(request.agent.spec.tools)

    @property
    def _newest(self) -> Model:
        return self.steering.voices.newest

    @property
    def model(self) -> str:
        """The name of the model that answers last."""
        return self._newest.name

    @property
    def offline(self) -> bool:
        """Whether the agent's playbook answers."""
        return not self._newest.asks_a_model

    async def perform(self, work: Work, meter: Meter) -> Answer:
        """Hold the dialogue; see :class:`Task`."""
        request = self._request
        steering = self.steering
        models = ModelCalls(
            work,
            steering.voices,
            steering.inbox,
            meter,
            self._breakers,
            request.agent.spec.fallback_models,
            steering.open_model,
            request.agent.name,
        )
        steering.turns = models
        dialogue = Dialogue(work, request.agent, request.inputs, models, self._tools, meter)
        turn = await dialogue.hold()
        return Answer(turn.text, {**turn.outputs, **outputs_of(request.agent, turn, {})})
