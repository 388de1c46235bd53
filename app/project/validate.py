"""A YAML mapping checked against a model: the value, or every problem at its place in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ..domain.problems import Problem
from .source import finding
from .yamldoc import Node

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]

MAX_PROBLEMS = 100
"""The most problems told of one file; nobody reads more, and each suggestion costs time."""

_MAPPINGS = {"dict_type", "mapping_type", "model_type", "model_attributes_type"}
_LISTS = {"tuple_type", "list_type", "set_type", "frozen_set_type"}
_NUMBERS = {"float_type", "float_parsing", "decimal_parsing", "finite_number"}
_WHOLE = {"int_type", "int_parsing", "int_from_float", "int_parsing_size"}
_BOOLS = {"bool_type", "bool_parsing"}
_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def validate(model: type[Model], node: Node, path: Path) -> tuple[Model | None, tuple[Problem, ...]]:
    """Read a mapping into ``model``.

    A number or yes/no where text is expected counts as the text that was written, so that
    ``version: 1.10`` and ``when: true`` need no quotes.

    Returns:
        The value and no problem, or None and every problem of the mapping.
    """
    data = node.data
    try:
        return model.model_validate(data), ()
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=True)
    for found in errors:
        at = node.get(*found["loc"])
        if found["type"] == "string_type" and at is not None and at.written is not None:
            data = _with(data, found["loc"], at.written)
    if data is not node.data:
        try:
            return model.model_validate(data), ()
        except ValidationError as error:
            errors = error.errors(include_url=False, include_context=True)
    problems = [_problem(model, node, path, found) for found in errors[:MAX_PROBLEMS]]
    if len(errors) > MAX_PROBLEMS:
        problems.append(finding(path, f"there are {len(errors) - MAX_PROBLEMS:,} more problems like these"))
    return None, tuple(problems)


def nearest(word: str, known: Sequence[str], otherwise: str = "") -> str:
    """``did you mean 'x'?``, or a hint naming what there is."""
    close = get_close_matches(word.lower(), known, 1)
    if close:
        return f"did you mean '{close[0]}'?"
    return otherwise or (f"known here: {', '.join(known)}" if known else "")


def _with(data: Any, place: Sequence[str | int], value: str) -> Any:
    """A copy of nested data in which one value differs."""
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(data, list) and isinstance(step, int):
        return [_with(item, rest, value) if at == step else item for at, item in enumerate(data)]
    return {key: _with(item, rest, value) if key == step else item for key, item in data.items()}


def _problem(model: type[BaseModel], root: Node, path: Path, found: Mapping[str, Any]) -> Problem:
    place: Place = tuple(found["loc"])
    node = root.at(place)
    message, hint = _words(model, place, found)
    # A wrong key is shown at the key, a wrong value at the value.
    line, column = node.line, node.column
    if found["type"] == "extra_forbidden":
        line, column = node.key_line, node.key_column
    return finding(path, message, hint, line=line, column=column)


def _words(model: type[BaseModel], place: Place, found: Mapping[str, Any]) -> tuple[str, str]:
    kind, context = found["type"], found.get("ctx", {})
    name = _dotted(place)
    about = _description(model, place)
    got = _kind(found.get("input"))
    if kind == "extra_forbidden":
        return f"'{place[-1]}' is not a known key", nearest(str(place[-1]), _keys(model, place[:-1]))
    if kind == "missing":
        return f"'{name}' is missing", about
    if kind in _MAPPINGS:
        return f"'{name}' must be a mapping of 'key: value', not {got}", about
    if kind in _LISTS:
        return f"'{name}' must be a list, not {got}", f"write it as {place[-1]}: [a, b]"
    if kind == "string_type":
        return f"'{name}' must be text, not {got}", about
    if kind in _WHOLE:
        return f"'{name}' must be a whole number, not {got}", about
    if kind in _NUMBERS:
        return f"'{name}' must be a number, not {got}", about
    if kind in _BOOLS:
        return f"'{name}' must be true or false, not {got}", about
    if kind in ("enum", "literal_error"):
        choices = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
        return f"'{name}' cannot be {got}", f"choose one of: {choices}"
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        return f"'{name}' must be {words} {context[key]:g}, not {got}", about
    if kind == "string_pattern_mismatch":
        return f"'{name}' cannot be {got}", about or f"it must match {context.get('pattern')}"
    if kind == "value_error":
        message, _, hint = str(context["error"]).partition("; ")
        return (f"'{name}': {message}" if name else message), hint or about
    return f"'{name}' is not valid: {found['msg']}", about


def _dotted(place: Place) -> str:
    """``playbook[2].when``: a place as people write it, list items counted from 1."""
    text = ""
    for step in place:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _kind(value: Any) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}'" if len(value) <= 40 else f"'{value[:39]}…'"
        case int() | float():
            return str(value)
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
    return type(value).__name__


def _keys(model: type[BaseModel], place: Place) -> list[str]:
    """The keys a mapping at ``place`` may have; none where any are allowed."""
    kind = _type_at(model, place)
    if not isinstance(kind, type) or not issubclass(kind, BaseModel):
        return []
    return [info.alias or name for name, info in kind.model_fields.items()]


def _description(model: type[BaseModel], place: Place) -> str:
    """What the schema says about the field at ``place``, if it is a field."""
    if not place or not isinstance(place[-1], str):
        return ""
    kind = _type_at(model, place[:-1])
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            if place[-1] in (name, info.alias):
                return info.description or ""
    return ""


def _type_at(model: Any, place: Place) -> Any:
    kind = model
    for step in place:
        kind = _one(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields = kind.model_fields.items()
            kind = next((info.annotation for name, info in fields if step in (name, info.alias)), None)
        elif isinstance(step, str):
            kind = (get_args(kind) or (None,))[-1]
        else:
            kind = (get_args(kind) or (None,))[0]
    return _one(kind)


def _one(kind: Any) -> Any:
    """``X`` of ``X | None``."""
    if get_origin(kind) in (Union, UnionType):
        return next(arg for arg in get_args(kind) if arg is not NoneType)
    return kind
