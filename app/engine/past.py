"""What an execution has done before this process drives it, read from its events.

A run that goes on is the same run from its beginning: the dialogue is held again, and every step that has an
outcome in the record gives that outcome instead of being done. What comes after the record is new.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..domain.by_hand import ManualCommand
from ..domain.conversation import Usage
from ..domain.errors import Conflict, ModelError, OutsideRoot, ParacleError, ToolError, ToolRefused
from ..domain.events import Event, Kind, brief_arguments
from ..domain.occasions import Vetoed
from ..git.workplaces import Fork


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step's work gives: plain JSON data, a short line, and the usage of a model call."""

    value: Any
    summary: str = ""
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class PastStep:
    """One step of the record. Without ``result`` and ``error`` it was under way when the process ended."""

    step: int
    key: str
    action: str
    name: str
    arguments: Mapping[str, Any]
    idempotent: bool
    result: StepResult | None = None
    error: Mapping[str, Any] | None = None
    inherited: bool = False
    """Whether another execution has done it, and paid for it."""
    hooks: Mapping[str, Any] = field(default_factory=dict)
    """What hooks have changed or refused: ``by``, ``asked``, ``veto``; empty where that is nothing."""

    @property
    def asked(self) -> Mapping[str, Any]:
        """The arguments before any hook changed them."""
        asked: Mapping[str, Any] = self.hooks.get("asked", self.arguments)
        return asked

    @property
    def has_ended(self) -> bool:
        """Whether its outcome is known; it is never done again then."""
        return self.result is not None or self.error is not None

    @property
    def brief(self) -> str:
        """What it was asked, on one line."""
        return brief_arguments(self.arguments)

    def outcome(self, action: str, name: str, arguments: Mapping[str, Any]) -> StepResult:
        """The recorded result.

        What an answer of another execution was, whichever model gave it, stays; a call or a step of it must
        be the very same here.

        Raises:
            Conflict: the step that is asked for is another one.
            ParacleError: what the step raised.
        """
        is_answer = self.inherited and self.action == "model"
        if self.action != action or (self.name != name and not is_answer):
            raise Conflict(
                "The run does not fit its record",
                detail=f"at {self.key} the record has {self.action} {self.name}, the run comes to {name}",
                hint="start a new run; this one was recorded by another version",
            )
        if self.inherited and not is_answer and json.loads(json.dumps(dict(arguments))) != self.asked:
            raise Conflict(
                f"{name} is asked for something else here than in the record",
                detail=f"at {self.key} the record has {self.brief}, the run comes to"
                f" {brief_arguments(arguments)}",
                hint=f"begin before it: --from {self.key}",
            )
        if self.result is None:
            raise revived(self.error or {})
        return self.result


@dataclass(frozen=True, slots=True)
class Past:
    """The record of an execution, as what goes on needs it.

    Attributes:
        steps: By key; of several attempts at one, the last.
        last_step: The highest number given.
        started: The payload of the event that began the work; ``None`` where it never began.
        commits: The commits recorded, each with its step.
        models: The models switched to, each with the first turn that it answers.
        said: Messages of a person that no turn has read.
        seconds: How long it was at work.
        approvals: What was asked by id, with the answer where there is one.
        retries: By key, how many tries of a workflow's step have failed.
        degraded: What was done otherwise than asked for, a sentence each.
        fork: Where its branch begins, where it takes over what another execution has done.
        cut_off: The command of a person that was at work when the process ended.
    """

    steps: Mapping[str, PastStep] = field(default_factory=dict)
    last_step: int = 0
    started: Mapping[str, Any] | None = None
    commits: tuple[tuple[str, int], ...] = ()
    models: tuple[tuple[int, str], ...] = ()
    said: tuple[str, ...] = ()
    seconds: float = 0.0
    approvals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    retries: Mapping[str, int] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()
    fork: Fork | None = None
    cut_off: ManualCommand | None = None

    @property
    def inherited_steps(self) -> int:
        """The highest number that another execution has given."""
        return max((step.step for step in self.steps.values() if step.inherited), default=0)

    def commits_of(self, action: str) -> int:
        """How many of the commits hold what steps of an action have done."""
        steps = {step.step for step in self.steps.values() if step.action == action}
        return sum(step in steps for _, step in self.commits)

    @property
    def unkept(self) -> int:
        """The last step that ended, where no commit of it is recorded; 0 where there is one.

        A process may have died between a step's result and the commit of what it changed.
        """
        ended = [
            step.step
            for step in self.steps.values()
            if step.has_ended and step.action == "tool" and not step.inherited
        ]
        last = max(ended, default=0)
        return 0 if any(step == last for _, step in self.commits) else last


def read_past(
    events: Iterable[Event],
    taken_over: Iterable[Event] = (),
    switch: tuple[int, str] | None = None,
    fork: Fork | None = None,
) -> Past:
    """The record, from an execution's events in order; text and log lines may be left out.

    Args:
        taken_over: what it begins with of another execution.
        switch: the model that answers after that, with its first turn.
        fork: where its branch begins then.
    """
    reader = _Reader()
    for event in taken_over:
        reader.take(event)
    if switch is not None:
        reader.models.append(switch)
    reader.inherits = False
    for event in events:
        reader.take(event)
    return Past(
        {step.key: step for step in reader.steps.values()},
        max(reader.steps, default=0),
        reader.started,
        tuple(reader.commits),
        tuple(reader.models),
        tuple(reader.said),
        reader.seconds,
        reader.approvals,
        reader.retries,
        tuple(reader.degraded),
        fork,
        reader.command,
    )


class _Reader:
    def __init__(self) -> None:
        self.inherits = True
        self.steps: dict[int, PastStep] = {}
        self.started: Mapping[str, Any] | None = None
        self.commits: list[tuple[str, int]] = []
        self.models: list[tuple[int, str]] = []
        self.said: list[str] = []
        self.approvals: dict[str, Mapping[str, Any]] = {}
        self.retries: dict[str, int] = {}
        self.degraded: list[str] = []
        self.seconds = 0.0
        self._since: float | None = None
        self.command: ManualCommand | None = None
        self._was_at_work = False

    def take(self, event: Event) -> None:
        payload = event.payload
        if not self.inherits:
            self._clock(event)
        match event.kind:
            case Kind.STARTED:
                self.started = payload
            case Kind.STEP_STARTED:
                self._begin(payload)
            case Kind.STEP_COMPLETED:
                usage = Usage(**payload["usage"]) if payload["usage"] else None
                self._end(payload, result=StepResult(payload["result"], payload["summary"], usage))
            case Kind.STEP_FAILED:
                self._end(payload, error=payload["error"])
            case Kind.COMMIT if not self.inherits:
                self.commits.append((payload["sha"], payload["step"] or 0))
            case Kind.MODEL:
                self.models.append((payload["turn"], payload["model"]))
                if payload["by"] == "fallback" and not self.inherits:
                    words = stood_in(payload["before"], payload["model"], payload["turn"] - 1)
                    self.degraded.append(words)
            case Kind.RETRIED if "key" in payload:
                self.retries[payload["key"]] = payload["attempt"]
            case Kind.COMMAND if not self.inherits:
                self.command = ManualCommand.from_dict(payload)
            case Kind.RAN if not self.inherits:
                self.command = None
            case Kind.SAID:
                self.said.append(payload["text"])
            case Kind.ASKED:
                self.approvals[payload["approval"]] = {**payload, "answer": None}
            case Kind.ANSWERED:
                asked = self.approvals.get(payload["approval"], {})
                self.approvals[payload["approval"]] = {**asked, **payload}

    def _clock(self, event: Event) -> None:
        """Only the time between a start or a going on and what follows it counts as work."""
        if self._since is not None:
            self.seconds += max(0.0, event.time - self._since)
        at_work = event.kind not in (Kind.QUEUED, Kind.PAUSED, Kind.INTERRUPTED, Kind.COMMAND)
        if self._since is None and event.kind not in (Kind.STARTED, Kind.RESUMED):
            # The agent's time stands still while a person's command keeps the worktree.
            at_work = event.kind is Kind.RAN and self._was_at_work
        if event.kind is Kind.COMMAND:
            self._was_at_work = self._since is not None
        elif event.kind in (Kind.RAN, Kind.PAUSED, Kind.INTERRUPTED):
            self._was_at_work = False
        self._since = event.time if at_work else None

    def _begin(self, payload: Mapping[str, Any]) -> None:
        number = payload["step"]
        # Runs recorded before steps had keys are read, and not gone on with.
        key = payload.get("key", str(number))
        arguments = payload["arguments"]
        self.steps[number] = PastStep(
            number,
            key,
            payload["action"],
            payload["name"],
            arguments,
            payload["idempotent"],
            inherited=self.inherits,
            hooks=payload.get("hooks", {}),
        )
        if payload["action"] == "model":
            # A turn has read what it names, whether or not it came to an answer.
            for text in self.steps[number].asked.get("said", ()):
                if text in self.said:
                    self.said.remove(text)

    def _end(
        self,
        payload: Mapping[str, Any],
        *,
        result: StepResult | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        begun = self.steps[payload["step"]]
        self.steps[begun.step] = PastStep(
            begun.step,
            begun.key,
            begun.action,
            begun.name,
            begun.arguments,
            begun.idempotent,
            result,
            error,
            begun.inherited,
            begun.hooks,
        )


def stood_in(before: str, model: str, turn: int) -> str:
    """The sentence for the receipt where a fallback model has answered."""
    return f"{before} could not answer turn {turn}; {model} did"


_KINDS = {kind.code: kind for kind in (ToolError, ToolRefused, OutsideRoot, ModelError, Vetoed)}


def revived(error: Mapping[str, Any]) -> ParacleError:
    """An error as an event has recorded it."""
    kind = _KINDS.get(error.get("code", ""), ParacleError)
    return kind(error.get("title", ""), detail=error.get("detail", ""), hint=error.get("hint", ""))
