"""The document of ``script:FILE``: what a model answers, turn by turn, in a file.

It serves tests, lessons and the replay of recorded runs. A turn gives, in this order: a wait, text,
malformed output, tool calls, a flood of lines, usage; and then, perhaps, a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from ..domain.specs import Frozen
from .script_source import problems_of, read_source

FORMAT: Final = "paracle-script/1"

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


def _chunks(value: Any) -> Any:
    """One text is one chunk; chunks without text are none."""
    if isinstance(value, str):
        value = (value,)
    return tuple(chunk for chunk in value if chunk != "") if isinstance(value, list | tuple) else value


class ScriptedCall(Frozen):
    """A tool call of a turn."""

    tool: Annotated[str, StringConstraints(min_length=1)] = Field(description="The tool's name.")
    with_: Mapping[str, Any] = Field(default_factory=dict, alias="with", description="Its arguments.")


class ScriptedUsage(Frozen):
    """What a turn reports to have used."""

    input_tokens: int = Field(0, ge=0)
    output_tokens: int = Field(0, ge=0)
    cost_usd: float = Field(0, ge=0, le=1_000_000, allow_inf_nan=False)


class RateLimit(Frozen):
    """The provider says: not now."""

    retry_after: Seconds = Field(description="Seconds after which asking again makes sense.")


class Flood(Frozen):
    """Very many lines of text without writing them down."""

    lines: int = Field(ge=1, le=100_000_000)
    per_second: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="None: as fast as they are taken."
    )
    text: str = Field("line {n}", description="One line; {n} is its number from 1.")


class ScriptedTurn(Frozen):
    """One answer of the model."""

    text: Annotated[tuple[str, ...], BeforeValidator(_chunks)] = Field(
        (), description="Text, or a list of chunks."
    )
    tool_calls: tuple[ScriptedCall, ...] = ()
    usage: ScriptedUsage | None = None
    delay: Seconds = Field(0, description="Seconds before the first chunk.")
    chunk_delay: Seconds = Field(0, description="Seconds between chunks.")
    malformed: str | None = Field(None, description="Raw output meant as a tool call that cannot be read.")
    flood: Flood | None = None
    rate_limit: RateLimit | None = Field(None, description="The turn breaks off with this refusal.")
    error: str | None = Field(None, description="The turn breaks off with this error.")
    fault: Literal["timeout", "server_error", "dropped"] | None = Field(
        None,
        description="The turn breaks off, and asking again may help: nothing more comes; the server fails;"
        " the connection is lost.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> ScriptedTurn:
        if not self.model_fields_set - {"usage", "delay", "chunk_delay"}:
            raise ValueError(
                "a turn has at least one of text, tool_calls, malformed, flood, rate_limit, error and fault"
            )
        if sum(end is not None for end in (self.rate_limit, self.error, self.fault)) > 1:
            raise ValueError("a turn breaks off with one of rate_limit, error and fault")
        return self

    @property
    def breaks_off(self) -> bool:
        """Whether it ends in a fault and so never becomes a turn of the conversation."""
        return any(end is not None for end in (self.rate_limit, self.error, self.fault))


class Script(Frozen):
    """A whole script."""

    format: Literal["paracle-script/1"] = FORMAT
    agent: str = Field("", description="Which agent it was recorded from or written for.")
    task: str = ""
    inputs: Mapping[str, Any] = Field(default_factory=dict)
    note: str = Field("", description="Where it comes from; for readers only.")
    turns: tuple[ScriptedTurn, ...]


def load_script(path: Path) -> Script:
    """Read a script.

    Raises:
        NotFound: there is no such file.
        ProjectError: the file is no script; its problems name every line that is wrong.
    """
    node, data = read_source(path)
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        raise problems_of(path, node, error, _known_keys()) from None


def _known_keys() -> list[str]:
    models = (Script, ScriptedTurn, ScriptedCall, ScriptedUsage)
    return [field.alias or name for model in models for name, field in model.model_fields.items()]


def dump_script(script: Script) -> str:
    """The script as YAML text for people: fixed order, defaults left out, long text as it reads.

    :func:`load_script` gives an equal value for a file with this text. A lone surrogate, which no text
    file can hold, becomes a question mark.
    """
    import yaml

    from .script_dumper import ScriptDumper

    data = script.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"format", "turns"})
    document = {"format": script.format, **data, "turns": [_turn_data(turn) for turn in script.turns]}
    text: str = yaml.dump(document, Dumper=ScriptDumper, sort_keys=False, allow_unicode=True, width=100)
    return text.encode("utf-8", "replace").decode()


def _turn_data(turn: ScriptedTurn) -> dict[str, Any]:
    data = turn.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if len(turn.text) == 1:
        data["text"] = turn.text[0]
    if not data.keys() - {"usage", "delay", "chunk_delay"}:
        data["text"] = ""
    return data
