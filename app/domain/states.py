"""The life of an execution: one table of legal transitions, everything else refused."""

from __future__ import annotations

from enum import StrEnum

from .errors import Conflict


class State(StrEnum):
    """What an execution is doing."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    INTERRUPTED = "interrupted"
    COMPLETED = "completed"
    FAILED = "failed"
    TERMINATED = "terminated"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to the execution."""
        return not TRANSITIONS[self]

    @property
    def is_live(self) -> bool:
        """Whether some process should be driving the execution now."""
        return self in LIVE

    @property
    def glyph(self) -> str:
        """The sign shown beside the word; never a replacement for it."""
        return _LOOK[self][0]

    @property
    def word(self) -> str:
        """The word a person reads."""
        return _LOOK[self][1]

    @property
    def predicate(self) -> str:
        """The word with its verb, for sentences about an execution: ``is done``, ``waits for you``."""
        return _PREDICATES.get(self, f"is {self.word}")

    @classmethod
    def named(cls, written: str) -> State | None:
        """The state that a person names, by the word that lists show or the one that programs read."""
        name = written.strip().lower().replace("-", " ")
        return next((state for state in cls if name in (state.value, state.word)), None)


TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.FAILED, State.TERMINATED, State.INTERRUPTED}),
    State.RUNNING: frozenset(
        {
            State.PAUSED,
            State.WAITING,
            State.COMPLETED,
            State.FAILED,
            State.TERMINATED,
            State.INTERRUPTED,
        }
    ),
    State.PAUSED: frozenset({State.RUNNING, State.TERMINATED, State.INTERRUPTED}),
    State.WAITING: frozenset({State.RUNNING, State.FAILED, State.TERMINATED, State.INTERRUPTED}),
    State.INTERRUPTED: frozenset({State.RUNNING, State.WAITING, State.TERMINATED}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset(),
    State.TERMINATED: frozenset(),
}

LIVE = frozenset({State.QUEUED, State.RUNNING, State.PAUSED, State.WAITING})

_LOOK: dict[State, tuple[str, str]] = {
    State.QUEUED: ("○", "queued"),
    State.RUNNING: ("●", "running"),
    State.PAUSED: ("⏸", "paused"),
    State.WAITING: ("◐", "needs you"),
    State.INTERRUPTED: ("◌", "interrupted"),
    State.COMPLETED: ("✓", "done"),
    State.FAILED: ("✗", "failed"),
    State.TERMINATED: ("■", "stopped"),
}

_PREDICATES = {State.WAITING: "waits for you", State.FAILED: "has failed"}


def check_transition(current: State, target: State) -> None:
    """Refuse a transition that the table does not name.

    Raises:
        Conflict: ``current → target`` is not legal.
    """
    if target in TRANSITIONS[current]:
        return
    legal = ", ".join(sorted(state.word for state in TRANSITIONS[current])) or "nothing, it has ended"
    raise Conflict(
        f"An execution that {current.predicate} cannot become '{target.word}'",
        hint=f"it can become: {legal}",
    )
