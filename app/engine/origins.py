"""What an execution takes over from another: its record up to a step, and the commit of that moment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..domain.events import Event, Kind
from ..git.workplaces import Fork
from ..store.store import Store
from .asking import WITHDRAWN
from .past import Past, read_past

_TURN = re.compile(r"turn-(\d+)(?:~\d+)?(?:/(\d+))?")
_OF_THE_PLACE = ("setup", "check")
"""Actions that are about one work tree, and are done again in another."""

_CONVERSATION = (Kind.MODEL, Kind.SAID, Kind.RETRIED)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an execution comes from.

    Attributes:
        execution: Whose record it begins with.
        before: The key of the first step that it does not take over; empty where it takes all over.
        model: What answers from there on; empty where that is as it was.
    """

    execution: str
    before: str = ""
    model: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The value as plain JSON data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Record:
    """The events of an execution with those that it took over before them, in order; text and log left out.

    ``base`` is the commit that its files began with, empty where it never had any; ``private`` the
    repository of an execution in a folder without git.
    """

    events: tuple[Event, ...]
    base: str = ""
    private: Path | None = None

    def place_of(self, key: str) -> int | None:
        """The index of the event with which a step began first."""
        return next((n for n, event in enumerate(self.events) if _begins(event, key)), None)

    def before(self, key: str) -> Record:
        """What was recorded before a step: the steps that had ended then, with their commits.

        A step that was under way at that moment is left out. Its commit came after, so the commits that stay
        are the first ones of the branch. Setup and checks are left out, since they are about the work tree.
        """
        place = self.place_of(key) if key else len(self.events)
        head = self.events[:place]
        ended = {event.payload["step"] for event in head if event.kind in _ENDS}
        steps = {
            event.payload["step"]
            for event in head
            if event.kind is Kind.STEP_STARTED and event.payload["action"] not in _OF_THE_PLACE
        } & ended
        # What was taken back because the execution ended is nobody's answer, and is asked again.
        answered = {
            event.payload["approval"]
            for event in head
            if event.kind is Kind.ANSWERED and event.payload["answer"] != WITHDRAWN
        }
        kept = [event for event in head if _stays(event, steps, answered)]
        # A commit is told a moment after its step has ended, when the next one may have begun.
        kept += [
            event
            for event in self.events[place:]
            if event.kind is Kind.COMMIT and event.payload["step"] in steps
        ]
        return Record(tuple(kept), self.base, self.private)

    @property
    def fork(self) -> Fork:
        """Where the branch of an execution begins that takes this over."""
        commits = [event.payload["sha"] for event in self.events if event.kind is Kind.COMMIT]
        return Fork(commits[-1] if commits else self.base, self.base, self.private)

    @property
    def next_turn(self) -> int:
        """The first turn of the dialogue of an agent's run that nobody has answered here."""
        answered = 0
        for event in self.events:
            if event.kind is Kind.STEP_STARTED and (found := _TURN.fullmatch(event.payload.get("key", ""))):
                answered = max(answered, int(found[1]))
        return answered + 1


_ENDS = (Kind.STEP_COMPLETED, Kind.STEP_FAILED)


def record_of(store: Store, execution: str) -> Record:
    """The whole record of an execution.

    Raises:
        StoreError: it cannot be read.
    """
    own: list[Event] = []
    while batch := store.telling_events(execution, after=own[-1].seq if own else 0):
        own += batch
    started = next((event.payload for event in own if event.kind is Kind.STARTED), None)
    private = Path(started["repository"]) if started and started["isolation"] == "copy" else None
    origin = origin_of(own[0].payload) if own else None
    if origin is None:
        return Record(tuple(own), started["base_commit"] if started else "", private)
    earlier = inherited(store, origin)
    return Record((*earlier.events, *own), earlier.base, private or earlier.private)


def inherited(store: Store, origin: Origin) -> Record:
    """What an execution takes over from its origin.

    Raises:
        StoreError: it cannot be read.
    """
    return record_of(store, origin.execution).before(origin.before)


def past_of(store: Store, events: Sequence[Event], origin: Origin | None) -> Past:
    """What an execution has done, what it takes over included.

    Args:
        events: its own, in order; none before it is queued.

    Raises:
        StoreError: the origin cannot be read.
    """
    if origin is None:
        return read_past(events)
    record = inherited(store, origin)
    switch = (record.next_turn, origin.model) if origin.model else None
    return read_past(events, record.events, switch, record.fork)


def origin_of(queued: Mapping[str, Any]) -> Origin | None:
    """The origin in the payload of an execution's first event."""
    data = queued.get("origin")
    return Origin(**data) if data else None


def _begins(event: Event, key: str) -> bool:
    return event.kind is Kind.STEP_STARTED and event.payload.get("key") == key


def _stays(event: Event, steps: set[int], answered: set[str]) -> bool:
    match event.kind:
        case Kind.COMMIT if event.payload.get("command"):
            return True  # What a person has changed by then is part of the files of that moment.
        case Kind.STEP_STARTED | Kind.STEP_COMPLETED | Kind.STEP_FAILED | Kind.COMMIT:
            return event.payload["step"] in steps
        case Kind.ASKED | Kind.ANSWERED:
            return event.payload["approval"] in answered
        case Kind.RETRIED if event.payload["step"] is not None:
            return event.payload["step"] in steps
    return event.kind in _CONVERSATION
