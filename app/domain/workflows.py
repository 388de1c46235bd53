"""What a workflow's file says, as frozen values: its steps and what holds for all of them.

What the fields mean together:

- A step starts as soon as every step in its ``depends_on`` is done: it completed, it failed and says
  ``on_error: continue``, or its fallback completed in its place.
- Behind a step that failed or was skipped a step is skipped too, unless its own ``when`` reads that step's
  ``status``: then ``when`` decides.
- A step that another one names as its fallback starts only when that one has failed. What it gives stands
  for what the failed one would have given.
- Where there is a ``for_each``, ``outputs.<name>`` is the list of what each turn gave.
- A step that was skipped, or that failed with ``on_error: continue``, gives ``none`` for each of its outputs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from .problems import Problem, Severity
from .specs import Budget, Frozen, Input, Permissions

Kind = Literal["agent", "tool", "workflow", "approval", "script"]

STEP_ID = re.compile(r"[a-z][a-z0-9_]*\Z")
MAX_STEPS = 1000
FALLBACK = "fallback:"

_KEYS: dict[str, Kind] = {
    "agent": "agent", "tool": "tool", "workflow": "workflow", "approval": "approval", "run": "script",
}  # fmt: skip
_BELONGS: dict[str, tuple[str, ...]] = {
    "inputs": ("agent", "workflow"),
    "with": ("tool",),
    "env": ("run",),
    "model": ("agent",),
    "default": ("approval",),
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\Z")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MARKS = ("{{", "{%", "{#")


def _seconds(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str):
        return value
    found = _DURATION.match(value.strip())
    if found is None:
        raise ValueError(f"'{value[:40]}' is not a duration; write 90 or 90s, 5m, 2h, 1d")
    return float(found[1]) * _UNITS[found[2] or "s"]


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _retry(value: Any) -> Any:
    return {"attempts": value} if isinstance(value, int) and not isinstance(value, bool) else value


def _without_empty(data: Any) -> Any:
    # A key with nothing behind it says nothing.
    if not isinstance(data, Mapping):
        return data
    return {key: value for key, value in data.items() if value is not None}


_DURATION_SCHEMA = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\d+(\.\d+)?\s*(ms|s|m|h|d)?$"}]
}
_WORDS_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Seconds = Annotated[float, BeforeValidator(_seconds), WithJsonSchema(_DURATION_SCHEMA)]
"""A time in seconds, also written as 90s, 5m, 2h or 1d."""

Ids = Annotated[tuple[str, ...], BeforeValidator(_listed), WithJsonSchema(_WORDS_SCHEMA)]
"""Several ids; a single one needs no brackets."""


class Retry(Frozen):
    """How a step that failed is tried again. A bare number is ``attempts``."""

    attempts: int = Field(3, ge=1, le=20, description="How often it is tried in all, the first time too.")
    delay: Seconds = Field(1.0, ge=0, le=86400, description="The wait before the second try: 2, 30s, 5m.")
    backoff: float = Field(2.0, ge=1, le=10, description="Each further wait is the one before times this.")
    jitter: Seconds = Field(1.0, ge=0, le=3600, description="The most that chance adds to each wait: 2, 30s.")


Retries = Annotated[Retry, BeforeValidator(_retry, json_schema_input_type=int | Retry)]


class Step(Frozen):
    """One step: exactly one of agent, tool, workflow, approval and run says what it does."""

    id: str = Field(
        description="Its name in expressions: lower-case letters, digits and '_', a letter first."
    )
    description: str = Field("", description="One sentence: what it is for.")
    agent: str | None = Field(None, description="Run this agent.")
    tool: str | None = Field(None, description="Call this tool with the arguments in 'with'.")
    workflow: str | None = Field(None, description="Run this workflow.")
    approval: str | None = Field(None, description="Ask a person this question and wait; a template.")
    run: str | None = Field(
        None, description="Run this script with sh. It is no template: values reach it through 'env'."
    )
    depends_on: Ids = Field((), description="The steps that must be done before it starts.")
    when: str | None = Field(None, description="An expression; the step is skipped where it is false.")
    for_each: str | None = Field(
        None, description="An expression giving a list; the step runs once for each 'item' of it."
    )
    max_parallel: int | None = Field(
        None, ge=1, le=100, description="How many turns of 'for_each' run at once; else the concurrency."
    )
    batch_size: int | None = Field(
        None, ge=1, description="So many items for each turn of 'for_each': 'item' is a list of them."
    )
    inputs: Mapping[str, Any] = Field(
        default_factory=dict, description="Inputs of the agent or workflow; text values are templates."
    )
    with_: Mapping[str, Any] = Field(
        default_factory=dict, alias="with", description="Arguments of the tool; text values are templates."
    )
    env: Mapping[str, str] = Field(
        default_factory=dict, description="Environment variables of the script; the values are templates."
    )
    outputs: Mapping[str, str] = Field(
        default_factory=dict,
        description="Name → type of what it gives besides what its agent, tool or workflow declares.",
    )
    model: str | None = Field(None, description="The model, instead of the agent's own.")
    retry: Retries | None = Field(None, description="Try again after a failure: a number of tries, or how.")
    timeout: Seconds | None = Field(None, gt=0, description="The most that one try may take: 90, 5m, 2h.")
    on_error: str | None = Field(
        None,
        pattern=r"^(fail|continue|fallback:[a-z][a-z0-9_]*)$",
        description="fail, continue, or fallback:STEP, which runs in its place. Else as the workflow says.",
    )
    default: Literal["approve", "reject"] | None = Field(
        None, description="The answer to the approval when its timeout has passed: approve or reject."
    )
    idempotent: bool = Field(
        False, description="Doing it twice is the same as once: a crash may repeat it without asking."
    )
    key: str | None = Field(
        None, description="Names the effect, so that it can be repeated safely; a template."
    )

    _empty = model_validator(mode="before")(_without_empty)

    @field_validator("id")
    @classmethod
    def _plain_id(cls, value: str) -> str:
        if STEP_ID.match(value):
            return value
        better = re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_0123456789")[:60]
        hint = f"; write '{better}'" if better else ""
        raise ValueError(
            f"'{value[:60]}' is not lower-case letters, digits and '_' ('-' is a minus in expressions){hint}"
        )

    @field_validator("for_each", mode="before", json_schema_input_type=str | list[Any] | None)
    @classmethod
    def _written_list(cls, value: Any) -> Any:
        # A list written out is an expression too.
        return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _one_kind(self) -> Step:
        said = [key for key in _KEYS if getattr(self, key) is not None]
        if len(said) != 1:
            found = " and ".join(said) or "none"
            raise ValueError(f"a step has exactly one of {', '.join(_KEYS)}; this one has {found}")
        for key, owners in _BELONGS.items():
            if getattr(self, "with_" if key == "with" else key) and said[0] not in owners:
                instead = next((name for name, of in _BELONGS.items() if said[0] in of), "")
                hint = (
                    f"; '{said[0]}' takes '{instead}'" if key in ("inputs", "with", "env") and instead else ""
                )
                raise ValueError(
                    f"'{key}' belongs to {' and '.join(owners)}, this step has '{said[0]}'{hint}"
                )
        self._check_details()
        return self

    def _check_details(self) -> None:
        for name in ("max_parallel", "batch_size"):
            if getattr(self, name) is not None and self.for_each is None:
                raise ValueError(f"'{name}' belongs to 'for_each'")
        if self.run is not None and any(mark in self.run for mark in _MARKS):
            raise ValueError(
                "'run' is no template, since what an agent wrote could become a command; "
                "give the value a name in 'env' and write $NAME"
            )
        if self.approval is not None:
            if (self.timeout is None) != (self.default is None):
                raise ValueError(
                    "'timeout' and 'default' of an approval need each other; "
                    "add 'default: reject' and 'timeout: 1h', or leave both out"
                )
            if self.retry is not None:
                raise ValueError("an approval is asked once; take 'retry' out")

    def turns(self, items: Sequence[Any]) -> list[Any]:
        """What each turn of ``for_each`` has as its ``item``: one of the items, or a list of some."""
        if self.batch_size is None:
            return list(items)
        return [list(items[at : at + self.batch_size]) for at in range(0, len(items), self.batch_size)]

    @property
    def kind(self) -> Kind:
        """Which of the five it is."""
        return next(kind for key, kind in _KEYS.items() if getattr(self, key) is not None)

    @property
    def key_word(self) -> str:
        """The key of the file that says what it does: the kind, but ``run`` for a script."""
        return "run" if self.kind == "script" else self.kind

    @property
    def target(self) -> str:
        """The agent, tool or workflow it calls; empty for an approval and a script."""
        return self.agent or self.tool or self.workflow or ""

    @property
    def fallback(self) -> str | None:
        """The step that runs in its place when it fails."""
        said = self.on_error or ""
        return said.removeprefix(FALLBACK) if said.startswith(FALLBACK) else None

    @property
    def attempts(self) -> int:
        """How often it is tried at the most."""
        return self.retry.attempts if self.retry else 1


class WorkflowSpec(Frozen):
    """What the file of a workflow says."""

    name: str = Field("", description="Equal to the file's name; [a-z][a-z0-9-]*. May be left out.")
    description: str = Field("", description="One sentence: what it does.")
    version: str = Field("", description="The workflow's own version, in any form.")
    inputs: Mapping[str, Input] = Field(
        default_factory=dict, description="What a run wants to know, by name."
    )
    steps: tuple[Step, ...] = Field(
        description="What is done. The order is that of 'depends_on'.",
        json_schema_extra={"minItems": 1, "maxItems": MAX_STEPS},
    )
    outputs: Mapping[str, Any] = Field(
        default_factory=dict, description="Name → what the run gives; text values are templates."
    )
    concurrency: int = Field(5, ge=1, le=100, description="How many steps run at once at the most.")
    adaptive: bool = Field(
        False,
        description="Run fewer steps at once while they get slower for it, never more than concurrency.",
    )
    on_error: Literal["fail", "continue"] = Field(
        "fail", description="What steps that do not say it themselves do when they fail: fail or continue."
    )
    timeout: Seconds | None = Field(None, gt=0, description="The most that a run may take: 90, 5m, 2h.")
    budget: Budget = Field(Budget(), description="The most that a run may use, all steps together.")
    permissions: Permissions = Field(
        Permissions(), description="What its tool and run steps may do. Agents have their own."
    )

    _empty = model_validator(mode="before")(_without_empty)

    @field_validator("inputs", mode="before")
    @classmethod
    def _bare_input(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {name: {} if item is None else item for name, item in value.items()}

    @field_validator("steps")
    @classmethod
    def _some(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        # Pydantic's own limits count the steps that are in order, and so speak of too few beside each error.
        if not steps:
            raise ValueError("there is no step; write '- {id: first, agent: NAME}' below it")
        if len(steps) > MAX_STEPS:
            raise ValueError(f"there are {len(steps)} steps, {MAX_STEPS} are the most; call another workflow")
        return steps

    def step(self, id: str) -> Step:
        """The step of that id.

        Raises:
            KeyError: there is none.
        """
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)

    def on_error_of(self, step: Step) -> str:
        """What the step does when it fails: its own word, else the workflow's."""
        return step.on_error or self.on_error


@dataclass(frozen=True, slots=True)
class ResolvedWorkflow:
    """A workflow that can run: its spec, the file it came from, and the warnings about it."""

    spec: WorkflowSpec
    path: Path
    problems: tuple[Problem, ...] = ()
    is_legacy: bool = False

    @property
    def name(self) -> str:
        """The workflow's name."""
        return self.spec.name

    def to_dict(self) -> dict[str, Any]:
        """What a run needs of the workflow, as plain JSON data; :meth:`from_dict` reads it back."""
        spec = self.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {"spec": spec, "path": str(self.path), "is_legacy": self.is_legacy}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ResolvedWorkflow:
        """Read what :meth:`to_dict` wrote."""
        return cls(WorkflowSpec.model_validate(data["spec"]), Path(data["path"]), is_legacy=data["is_legacy"])

    def config_hash(self) -> str:
        """Sixteen hex digits that change whenever anything that the file says changes."""
        text = json.dumps(
            self.spec.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False
        )
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class WorkflowEntry:
    """One workflow as a list shows it, whether or not its file is in order."""

    name: str
    path: Path
    description: str = ""
    steps: int = 0
    problems: tuple[Problem, ...] = ()
    is_legacy: bool = False

    @property
    def is_broken(self) -> bool:
        """Whether the workflow cannot run as it stands."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)
