"""What executions ask a person, across all of them, and the answers. Any face and any process may give one.

Each call here may block, and may be made from any thread that runs no event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..domain.errors import Conflict, NotFound, UsageError
from ..domain.events import Event, Kind
from ..domain.executions import Execution
from ..store.approvals import Approvals
from . import runs
from .control import person
from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that waits for its answer.

    Attributes:
        id: ``<execution>:<number>``, the number counting everything that the execution has asked.
        execution: The row of who asks.
        key: Names the question within the execution.
        options: What can be answered; the first says yes, the last no.
        default: The answer at ``expires`` (seconds since the epoch), where there is such a time.
        since: When it was asked, the same.
    """

    id: str
    execution: Execution
    key: str
    question: str
    detail: str
    options: tuple[str, ...]
    default: str
    expires: float | None
    since: float

    @property
    def short(self) -> str:
        """The id as a person types it."""
        return f"{self.execution.short}:{self.number}"

    @property
    def number(self) -> int:
        """Which of the execution's questions it is, from 1."""
        return int(self.id.rpartition(":")[2])

    def answer_for(self, word: str) -> str:
        """The option that a word stands for: ``approve`` and ``reject`` fit every question."""
        return {"approve": self.options[0], "reject": self.options[-1]}.get(word, word)

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data."""
        return {**asdict(self), "execution": self.execution.to_dict()}


def waiting(workspace: Workspace) -> tuple[Asked, ...]:
    """Everything that waits for a person, the oldest question first.

    Raises:
        StoreError: the store cannot be read.
    """
    if not workspace.has_store:
        return ()
    approvals = Approvals(workspace.store)
    found = [_asked(row, asked) for row in workspace.store.asking() for asked in approvals.open_in(row.id)]
    return tuple(sorted(found, key=lambda asked: asked.since))


def answer(workspace: Workspace, wanted: str, answer: str, reason: str = "") -> Asked:
    """Answer a question. The execution goes on with it as soon as its process sees it.

    Args:
        wanted: a question's id, whose execution may be shortened, with its number or its key; or an execution
            that asks only one; empty where only one question waits at all.
        answer: one of its options; ``approve`` and ``reject`` stand for the first and the last.

    Raises:
        NotFound: nothing of that id waits.
        Conflict: several questions do, or somebody else has answered meanwhile.
        UsageError: it cannot be answered so.
    """
    asked = find(workspace, wanted)
    said = asked.answer_for(answer)
    if said not in asked.options:
        raise UsageError(
            f"'{answer}' does not answer that",
            detail=asked.question,
            hint=f"say one of: {', '.join(asked.options)}",
        )
    answer_in(workspace, asked.execution.id, asked.key, said, reason)
    return asked


def answer_in(workspace: Workspace, execution: str, key: str, answer: str, reason: str = "") -> None:
    """Answer the question of a key within an execution, with one of its options.

    Raises:
        NotFound: it was never asked.
        Conflict: somebody else has answered otherwise, or the execution has ended.
    """
    by = person()
    held = asyncio.run(Approvals(workspace.store).answer(execution, key, answer, by=by, reason=reason))
    if (held["answer"], held["by"], held["reason"]) != (answer, by, reason):
        raise _answered_already(held)


def asked_before(workspace: Workspace, execution: str, seq: int) -> tuple[Event, ...]:
    """The events, up to a number, that ask something which nobody has answered yet."""
    if not seq:
        return ()
    row = workspace.store.execution(execution)
    found: dict[str, Event] = {}
    for event in runs.pages(workspace, row, {Kind.ASKED, Kind.ANSWERED}):
        if event.kind is Kind.ANSWERED:
            found.pop(event.payload["approval"], None)
        elif event.seq <= seq:
            found[event.payload["approval"]] = event
    return tuple(found.values())


def find(workspace: Workspace, wanted: str) -> Asked:
    """The question that ``wanted`` names; see :func:`answer`.

    Raises:
        NotFound: there is none.
        Conflict: there are several, or it has its answer.
    """
    execution, _, number = wanted.partition(":")
    if execution == "last":
        execution = runs.find(workspace, execution).id
    found = [
        asked
        for asked in waiting(workspace)
        if asked.execution.id.startswith(execution) and number in ("", str(asked.number), asked.key)
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        if held := _given(workspace, execution, number):
            raise _answered_already(held)
        words = f"Nothing waits as '{wanted}'" if wanted else "Nothing waits for an answer"
        raise NotFound(words, hint="'paracle approvals list' shows what does")
    raise Conflict(
        f"'{wanted}' stands for {len(found)} questions" if wanted else f"{len(found)} questions wait",
        hint=f"name one: {', '.join(asked.short for asked in found)}",
    )


def _given(workspace: Workspace, execution: str, number: str) -> Mapping[str, Any] | None:
    """The answer that a question of this number or key has, if it has one."""
    if not (execution and number and workspace.has_store):
        return None
    try:
        row = runs.find(workspace, execution)
    except (NotFound, Conflict):
        return None
    asked: list[str] = []
    answers: dict[str, Mapping[str, Any]] = {}
    for event in runs.pages(workspace, row, {Kind.ASKED, Kind.ANSWERED}):
        if event.kind is Kind.ASKED:
            asked.append(event.payload["approval"])
        else:
            answers[event.payload["approval"]] = event.payload
    if not number.isdecimal():
        return answers.get(number)
    return answers.get(asked[int(number) - 1]) if 0 < int(number) <= len(asked) else None


def _answered_already(held: Mapping[str, Any]) -> Conflict:
    return Conflict(
        f"{held['by']} has answered already",
        detail=f"{held['answer']} {held['reason']}".strip(),
        hint="'paracle approvals list' shows what waits",
    )


def _asked(row: Execution, data: Any) -> Asked:
    return Asked(
        f"{row.id}:{data['number']}",
        row,
        data["approval"],
        data["question"],
        data["detail"],
        tuple(data["options"]),
        data["default"],
        data["expires"],
        data["time"],
    )
