"""Durable steps: what is about to be done is on the disk before it is done, what came of it after."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..domain.conversation import Usage
from ..domain.errors import ParacleError
from ..domain.events import Kind
from .journal import Journal

ActionKind = Literal["model", "tool"]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step's work gives: plain JSON data, a short line, and the usage of a model call."""

    value: Any
    summary: str = ""
    usage: Usage | None = None


class Steps:
    """Numbers and records the steps of one execution.

    A step's result shares a commit with the intent of the step after it. Where no step follows at
    once the journal commits the result within 20 ms.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._last = 0

    @property
    def count(self) -> int:
        """How many steps have begun."""
        return self._last

    async def run(
        self,
        action: ActionKind,
        name: str,
        arguments: Mapping[str, Any],
        work: Callable[[int], Awaitable[StepResult]],
        *,
        idempotent: bool,
    ) -> StepResult:
        """Commit the intent, do the work, record the result.

        Args:
            work: called with the step's number once the intent is on the disk.
            idempotent: recorded with the intent, for recovery: whether doing it again is harmless.

        Raises:
            Whatever the work raises, after ``step.failed`` is recorded.
            StoreError: the intent cannot be written; the work is not begun.
        """
        self._last += 1
        step = self._last
        begun = time.perf_counter()
        try:
            await self._journal.commit(
                Kind.STEP_STARTED,
                step=step,
                action=action,
                name=name,
                arguments=dict(arguments),
                idempotent=idempotent,
            )
            begun = time.perf_counter()
            result = await work(step)
        except BaseException as error:
            self._journal.emit(
                Kind.STEP_FAILED,
                step=step,
                action=action,
                name=name,
                seconds=round(time.perf_counter() - begun, 6),
                error=describe_error(error),
            )
            raise
        self._journal.emit(
            Kind.STEP_COMPLETED,
            step=step,
            action=action,
            name=name,
            seconds=round(time.perf_counter() - begun, 6),
            result=result.value,
            summary=result.summary,
            usage=asdict(result.usage) if result.usage else None,
        )
        return result


def describe_error(error: BaseException) -> dict[str, object]:
    """An error as an event records it. Anything but a typed error is told without its innards."""
    if isinstance(error, ParacleError):
        return error.to_dict()
    title = "Stopped" if type(error).__name__ == "CancelledError" else "Something went wrong inside Paracle"
    return {"code": "internal", "title": title, "detail": type(error).__name__, "hint": ""}
