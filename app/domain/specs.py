"""What project files say, as frozen values: the agent spec and its parts.

These models are the one definition of each field; the project layer reads files into them,
publishes their JSON Schema, and every other layer reads the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from .errors import UsageError
from .inputs import InputType, coerce, parse_type

NAME = re.compile(r"[a-z][a-z0-9-]*\Z")


class Frozen(BaseModel):
    """The base of all file values: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


class Answer(StrEnum):
    """What a permission says to a request."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


def _answer(value: Any) -> Any:
    # YAML 1.1 reads a bare ``on``/``yes``/``no`` as a boolean.
    return {True: Answer.ALLOW, False: Answer.DENY}.get(value, value) if isinstance(value, bool) else value


Permission = Annotated[Answer, BeforeValidator(_answer)]


class Permissions(Frozen):
    """What an agent may do beyond reading the files of its own worktree."""

    write: tuple[str, ...] = Field(
        (), description="Globs of paths below the project that may be written. Empty: none."
    )
    shell: Permission = Field(
        Answer.DENY,
        description="May it run commands (run_command)? With allow, those that the file itself names run "
        "once you trust them (paracle trust).",
    )
    network: Permission = Field(Answer.DENY, description="May it reach the network? No built-in tool does.")

    @field_validator("write")
    @classmethod
    def _below_the_project(cls, globs: tuple[str, ...]) -> tuple[str, ...]:
        for glob in globs:
            if glob.startswith(("/", "~")) or ".." in glob.split("/"):
                raise ValueError(f"'{glob}' leads out of the project; paths are relative to its folder")
        return globs

    def narrowed_by(self, child: Permissions) -> Permissions:
        """These permissions cut down by a child's; a child never gains anything.

        A child's ``write`` globs count only where the parent names the same glob or one that
        covers it (``**``, ``dir/**``), since the intersection of two globs has no general form.
        """
        order = [Answer.DENY, Answer.ASK, Answer.ALLOW]

        def least(one: Answer, other: Answer) -> Answer:
            return min(one, other, key=order.index)

        kept = tuple(glob for glob in child.write if any(_covers(parent, glob) for parent in self.write))
        return Permissions(
            write=kept, shell=least(self.shell, child.shell), network=least(self.network, child.network)
        )


def _covers(parent: str, child: str) -> bool:
    if parent in (child, "**", "**/*"):
        return True
    return parent.endswith("/**") and child.startswith(parent[:-2])


class Budget(Frozen):
    """The most an execution may use; without a value there is no limit of that kind."""

    usd: float | None = Field(None, ge=0, description="Dollars for model calls.")
    tokens: int | None = Field(None, ge=0, description="Input and output tokens together.")
    minutes: float | None = Field(None, gt=0, description="Wall-clock minutes.")
    tool_calls: int | None = Field(None, ge=0, description="Tool calls.")


class Input(Frozen):
    """One declared input of an agent."""

    type: str = Field("text", description="text, int, number, bool, path, list[…] or a choice a|b|c.")
    default: Any = Field(None, description="The value where none is given.")
    description: str = Field("", description="Shown in the form and in errors.")
    required: bool = Field(False, description="A run without it is refused.")

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        try:
            return str(parse_type(value))
        except UsageError as error:
            raise ValueError(f"{error.title}; {error.hint}") from None

    @model_validator(mode="after")
    def _default_fits(self) -> Input:
        if self.default is not None:
            try:
                coerce("default", self.parsed, self.default)
            except UsageError as error:
                more = "; ".join(part for part in (error.title, error.hint) if part)
                raise ValueError(f"the default does not fit: {more}") from None
        return self

    @property
    def parsed(self) -> InputType:
        """The type as a value."""
        return parse_type(self.type)


class Cache(Frozen):
    """How long an answer of the model may be used again."""

    ttl: str = Field(description="A duration such as 30m, 1h or 7d.", pattern=r"^\d+[smhd]$")


class Action(Frozen):
    """One action of a playbook: exactly one of tool, write, ask or say."""

    tool: str | None = Field(None, description="Call this tool with the arguments in 'with'.")
    write: str | None = Field(None, description="Write this file from 'template' or 'text'.")
    ask: str | None = Field(None, description="Ask the person this question.")
    say: str | None = Field(None, description="The answer of the run; a template.")
    with_: Mapping[str, Any] = Field(
        default_factory=dict, alias="with", description="Arguments of the tool; text values are templates."
    )
    save: str | None = Field(
        None, pattern=r"^[a-z_][a-z0-9_]*$", description="Keep the result under this name."
    )
    template: str | None = Field(None, description="A .j2 file beside the spec, in templates/.")
    text: str | None = Field(None, description="The text to write; a template.")
    when: str | None = Field(None, description="An expression; the action is left out where it is false.")
    for_each: str | None = Field(None, description="An expression giving a list; 'item' is each in turn.")

    @model_validator(mode="after")
    def _one_verb(self) -> Action:
        verbs = [name for name in ("tool", "write", "ask", "say") if getattr(self, name) is not None]
        if len(verbs) != 1:
            said = " and ".join(verbs) or "none"
            raise ValueError(f"an action has exactly one of tool, write, ask, say; this one has {said}")
        if self.write is not None and (self.template is None) == (self.text is None):
            raise ValueError("'write' needs exactly one of 'template' and 'text'")
        if self.write is None and (self.template is not None or self.text is not None):
            raise ValueError("'template' and 'text' belong to 'write'")
        if self.tool is None and self.with_:
            raise ValueError("'with' belongs to 'tool'")
        return self

    @property
    def verb(self) -> Literal["tool", "write", "ask", "say"]:
        """Which of the four it is."""
        if self.tool is not None:
            return "tool"
        if self.write is not None:
            return "write"
        return "ask" if self.ask is not None else "say"


class AgentSpec(Frozen):
    """A resolved agent spec: what the front matter of an agent's file says once inheritance is applied."""

    name: str = Field(description="Equal to the file's name; [a-z][a-z0-9-]*.")
    description: str = Field("", description="One sentence: what it does.")
    extends: str | None = Field(None, description="The parent agent.")
    model: str | None = Field(None, description="offline, script:FILE or provider:name.")
    fallback_models: tuple[str, ...] = Field(
        (),
        description="Models to ask when the first cannot answer. No model of this version is asked for one.",
    )
    temperature: float | None = Field(None, ge=0, le=2, description="From 0 to 2; for language models.")
    inputs: Mapping[str, Input] = Field(
        default_factory=dict, description="What a run wants to know, by name."
    )
    tools: tuple[str, ...] = Field((), description="The tools it may call.")
    skills: tuple[str, ...] = Field(
        (), description="Folders of agents/skills/ it knows; checked to exist, told to language models."
    )
    permissions: Permissions = Permissions()
    budget: Budget = Budget()
    cache: Cache | None = Field(None, description="For language models; offline and script models need none.")
    output: Mapping[str, str] = Field(
        default_factory=dict, description="Name → type of what it returns, for workflows."
    )
    playbook: tuple[Action, ...] = Field((), description="What it does, action by action, when offline.")

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not NAME.match(value):
            raise ValueError("a name is lower-case letters, digits and dashes and begins with a letter")
        return value
