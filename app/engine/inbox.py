"""What a person says to an agent at work, until its next turn reads it."""

from __future__ import annotations

from collections.abc import Iterable


class Inbox:
    """Messages in the order they came. ``closed`` once no turn follows that could read one."""

    def __init__(self, waiting: Iterable[str] = ()) -> None:
        self._waiting = list(waiting)
        self.closed = False

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, text: str) -> None:
        """Add a message, once it is on the disk."""
        self._waiting.append(text)

    def take(self) -> tuple[str, ...]:
        """All that wait; they wait no more."""
        taken, self._waiting = tuple(self._waiting), []
        return taken
