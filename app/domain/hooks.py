"""Hooks: what a project or a program wants to refuse, change or see around what executions do."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from .commands import checked_command
from .specs import Frozen
from .words import one_line
from .workflows import Seconds

Point = Literal[
    "execution.before", "execution.after", "step.before", "step.after", "model.before", "model.after",
    "tool.before", "tool.after", "approval.before", "approval.after", "merge.before", "merge.after",
]  # fmt: skip
"""Where a hook can be. A step is one of a workflow; a script of one is the tool ``script``."""

POINTS: tuple[Point, ...] = get_args(Point)
SECONDS = 10.0
"""The longest that a hook may take where it does not say."""

_SUBJECTS = {
    "execution": ("agent", "workflow"),
    "step": ("agent", "workflow", "step"),
    "model": ("agent", "workflow", "step"),
    "tool": ("agent", "workflow", "step", "tool"),
    "approval": ("agent", "workflow", "step"),
    "merge": ("agent", "workflow"),
}
"""What a hook can be narrowed to, by what happens."""


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Globs = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class HookMatch(Frozen):
    """What a hook is narrowed to. Each key that is there must fit; ``*``, ``?`` and ``[…]`` as in a shell."""

    agent: Globs = Field((), description="Agents, by their names.")
    workflow: Globs = Field((), description="Workflows, by their names.")
    tool: Globs = Field((), description="Tools, by their names; 'script' is the script of a workflow's step.")
    step: Globs = Field((), description="Steps of workflows, by their ids.")

    @cached_property
    def fits_all(self) -> bool:
        """Whether it narrows nothing, as most do not: asked before each that has something to fit."""
        return not (self.agent or self.workflow or self.tool or self.step)

    def fits(self, *, agent: str = "", workflow: str = "", tool: str = "", step: str = "") -> bool:
        """Whether something is meant; ``step`` may be the path of a step in a workflow that another calls."""
        last = step.rpartition("/")[2]
        return (
            _fits(self.agent, agent)
            and _fits(self.workflow, workflow)
            and _fits(self.tool, tool)
            and (_fits(self.step, step) or _fits(self.step, last))
        )


def _fits(globs: tuple[str, ...], name: str) -> bool:
    return not globs or (bool(name) and any(fnmatchcase(name, glob) for glob in globs))


class HookSpec(Frozen):
    """One hook of ``.parac/hooks.yaml``."""

    on: Point = Field(
        description="What it is about, before or after: tool.before, model.after, execution.before."
    )
    match: HookMatch = Field(HookMatch(), description="What it is narrowed to. Without it: everything.")
    run: Annotated[str, AfterValidator(checked_command)] = Field(
        description="The command, once you trust it (paracle trust). It works in the project's folder and "
        "reads one JSON object from its input. To refuse, it ends with 2 and says why on stderr, or prints "
        '{"veto": "reason"}; to change the input it prints {"arguments": {…}}.'
    )
    timeout: Seconds = Field(SECONDS, gt=0, le=3600, description="The most that it may take: 2, 30s, 1m.")
    on_failure: Literal["allow", "veto"] = Field(
        "allow", description="What it means that a before hook fails or takes too long: allow or veto."
    )
    description: str = Field("", description="One sentence: what it is for.")

    @model_validator(mode="after")
    def _fits_its_point(self) -> HookSpec:
        check_narrowing(self.on, self.match)
        if self.on_failure == "veto" and self.on.endswith(".after"):
            raise ValueError("an after hook can veto nothing; take 'on_failure' out, or write '.before'")
        return self

    @property
    def label(self) -> str:
        """What people call it."""
        return one_line(self.description or self.run, 60)


class HooksFile(Frozen):
    """What ``.parac/hooks.yaml`` says."""

    hooks: tuple[HookSpec, ...] = Field((), description="The hooks, in the order in which they are asked.")


def check_narrowing(on: str, match: HookMatch) -> None:
    """Refuse a hook that could never be asked.

    Raises:
        ValueError: it is narrowed to something that what it is about does not have.
    """
    kind = on.partition(".")[0]
    for key in HookMatch.model_fields:
        if getattr(match, key) and key not in _SUBJECTS[kind]:
            known = ", ".join(f"'{name}'" for name in _SUBJECTS[kind])
            raise ValueError(f"'match.{key}' never fits '{on}'; it can be narrowed by {known}")
