"""The types of an agent's inputs, and how text from a command line or a form becomes a value.

Types are written as in ``inputs: {paths: {type: list[path], default: ["."]}}``:
``text``, ``int``, ``number``, ``bool``, ``path``, ``list[T]`` of one of these, or a choice
``quick|deep``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from .errors import UsageError

SCALARS = ("text", "int", "number", "bool", "path")
ALIASES = {"string": "text", "str": "text", "integer": "int", "float": "number", "boolean": "bool"}
_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}


@dataclass(frozen=True, slots=True)
class InputType:
    """A parsed type. ``choices`` is set for a choice, ``is_list`` for ``list[scalar]``."""

    scalar: str
    is_list: bool = False
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.choices:
            return "|".join(self.choices)
        return f"list[{self.scalar}]" if self.is_list else self.scalar


def parse_type(written: str) -> InputType:
    """Read a type as it is written in a spec.

    Raises:
        UsageError: it is none of the types named in the module.
    """
    name = written.strip()
    if "|" in name:
        choices = tuple(part.strip() for part in name.split("|"))
        if all(choices):
            return InputType("text", choices=choices)
    inner, is_list = (
        (name[5:-1].strip(), True) if name.startswith("list[") and name[-1] == "]" else (name, False)
    )
    inner = ALIASES.get(inner, inner)
    if inner in SCALARS:
        return InputType(inner, is_list)
    close = get_close_matches(inner, SCALARS, 1)
    raise UsageError(
        f"'{written}' is not an input type",
        hint=f"did you mean '{close[0]}'?" if close else f"use {', '.join(SCALARS)}, list[…] or a|b|c",
    )


def coerce(name: str, kind: InputType, value: Any) -> Any:
    """Turn a value from YAML, JSON or the command line into what the type says.

    Text for a list is split at commas; a single value for a list becomes a list of one.

    Raises:
        UsageError: the value does not fit. The title names the input.
    """
    if kind.is_list:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        items = value if isinstance(value, list | tuple) else [value]
        return [_scalar(name, kind.scalar, item) for item in items]
    if kind.choices:
        if str(value) in kind.choices:
            return str(value)
        raise UsageError(
            f"Input '{name}' cannot be '{value}'", hint=f"choose one of: {', '.join(kind.choices)}"
        )
    return _scalar(name, kind.scalar, value)


def _scalar(name: str, scalar: str, value: Any) -> Any:
    written = str(value).strip()
    try:
        if isinstance(value, dict | list | tuple) or value is None:
            raise ValueError
        match scalar:
            case "int":
                return int(written)
            case "number":
                return float(written)
            case "bool":
                return _boolean(written)
            case _:
                return str(value)
    except ValueError:
        raise UsageError(f"Input '{name}' must be {_ARTICLE[scalar]}", detail=f"got: {value!r}") from None


_ARTICLE = {
    "int": "a whole number",
    "number": "a number",
    "bool": "true or false",
    "path": "a path",
    "text": "text",
}


def _boolean(written: str) -> bool:
    lowered = written.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError


def bind_inputs(
    declared: Mapping[str, tuple[InputType, bool, Any]], given: Mapping[str, Any], task: str = ""
) -> dict[str, Any]:
    """The inputs of one run: what was given, else the defaults, plus ``task``.

    Args:
        declared: name → (type, required, default).
        given: what the person or the calling step supplied.
        task: the free text of ``--task``; available as ``inputs.task``.

    Raises:
        UsageError: a required input is missing, an unknown one is given, or a value does not fit.
    """
    for name in given:
        if name not in declared and name != "task":
            close = get_close_matches(name, declared, 1)
            known = ", ".join(declared) or "none"
            raise UsageError(
                f"There is no input '{name}'",
                hint=f"did you mean '{close[0]}'?" if close else f"known here: {known}",
            )
    values: dict[str, Any] = {"task": task}
    missing = []
    for name, (kind, required, default) in declared.items():
        if name in given:
            values[name] = coerce(name, kind, given[name])
        elif required and not (name == "task" and task):
            missing.append(name)
        elif name != "task" or not task:
            values[name] = default
    if "task" in given and "task" not in declared:
        values["task"] = str(given["task"])
    if missing:
        raise UsageError(
            f"Input '{missing[0]}' is needed"
            if len(missing) == 1
            else f"Inputs {', '.join(missing)} are needed",
            hint=" ".join(f"--input {name}=…" for name in missing),
        )
    return values
