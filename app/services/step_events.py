"""The events of one step of a workflow, picked out of those of its whole run."""

from __future__ import annotations

import threading
from dataclasses import replace

from ..domain.events import Event, Kind
from ..domain.step_keys import step_of
from .workspace import Workspace

PAGE = 1000
MOST = 3000
"""Events of a step that are picked at the most; the whole log has the rest."""


class StepEvents:
    """Reads on from where it stopped. For any thread; two that read at once get different events.

    Args:
        first: the number of the event that began the step.
    """

    def __init__(self, workspace: Workspace, execution: str, step: str, first: int) -> None:
        self.execution = execution
        self.step = step
        self._workspace = workspace
        self._after = first - 1
        self._numbers: set[int] = set()
        self._count = 0
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What the events say that they belong to: ``<execution>/<step>``."""
        return f"{self.execution}/{self.step}"

    def read(self) -> tuple[Event, ...]:
        """What came since the last reading, numbered from 1 through all readings.

        Raises:
            StoreError: the store cannot be read.
        """
        found: list[Event] = []
        with self._lock:
            store = self._workspace.store
            while self._count < MOST:
                events = store.events(self.execution, after=self._after, limit=PAGE, brief=True)
                if not events:
                    break
                self._after = events[-1].seq
                for event in filter(self._belongs, events):
                    self._count += 1
                    found.append(replace(event, execution=self.name, seq=self._count))
        return tuple(found)

    def _belongs(self, event: Event) -> bool:
        payload = event.payload
        key = payload.get("key") or payload.get("approval")
        if key is not None:
            is_ours = step_of(str(key)) == self.step
            if is_ours and event.kind is Kind.STEP_STARTED:
                self._numbers.add(payload["step"])
            return is_ours
        return payload.get("step") in self._numbers
