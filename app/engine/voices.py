"""Which model answers which turn of an execution."""

from __future__ import annotations

from collections.abc import Iterable

from ..models.base import Model


class Voices:
    """The models of one execution. A later one takes over at a turn; the conversation stays.

    Args:
        first: answers from the first turn.
        later: the models switched to, each with its first turn.
    """

    def __init__(self, first: Model, later: Iterable[tuple[int, Model]] = ()) -> None:
        self._voices = [(1, first), *later]

    @property
    def newest(self) -> Model:
        """The model that answers from now on."""
        return self._voices[-1][1]

    def at(self, turn: int) -> Model:
        """The model that answers a turn; turns count from 1."""
        return next(model for first, model in reversed(self._voices) if first <= turn)

    def switch(self, turn: int, model: Model) -> None:
        """Let another model answer from ``turn`` on."""
        self._voices.append((turn, model))
