"""How a person speaks to an agent at work, and puts another model in its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..models.base import Model
from .inbox import Inbox
from .voices import Voices


class Turns(Protocol):
    """What is asked of the dialogue at work."""

    @property
    def next_turn(self) -> int:
        """The first turn that another model can answer."""


@dataclass(slots=True)
class Steering:
    """The ends of a dialogue that a person can reach.

    ``open_model`` gives the model of a name, or raises what keeps it from being had; ``turns`` is the
    dialogue, once it is held.
    """

    voices: Voices
    inbox: Inbox
    open_model: Callable[[str], Model]
    turns: Turns | None = None
