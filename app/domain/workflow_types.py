"""The types of what steps take and give, and which of them fit together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import UsageError
from .inputs import InputType, parse_type

Type = InputType | None
"""A type, or None where it is not known before something has run."""

TEXT = InputType("text")
INT = InputType("int")
NUMBER = InputType("number")
BOOL = InputType("bool")
LIST = InputType("any", is_list=True)
"""A list of whatever."""

_UNCHECKED = frozenset({"any", "object", "list"})
_NAMED = re.compile(r"(?:list\[)?[A-Z]\w*\]?\Z")
_WORDS = frozenset({"text", "path"})


@dataclass(frozen=True, slots=True)
class Signature:
    """What something that a step can call takes and gives.

    Attributes:
        inputs: name → type of all that it takes.
        required: the inputs that it cannot do without.
        outputs: name → type of all that it gives.
    """

    inputs: Mapping[str, Type] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    outputs: Mapping[str, Type] = field(default_factory=dict)


APPROVAL = Signature(outputs={"approved": BOOL, "reason": TEXT})
SCRIPT = Signature(outputs={"exit_code": INT, "stdout": TEXT, "stderr": TEXT})


def output_type(written: str) -> Type:
    """The type of an output as a file declares it.

    Besides the types of inputs there are ``probability``, ``any``, ``object``, ``list``, and names with a
    capital letter, alone or in ``list[…]``, for shapes of the project's own.

    Raises:
        UsageError: it is none of these.
    """
    name = written.strip()
    if name == "probability":
        return NUMBER
    if name in _UNCHECKED or _NAMED.match(name):
        return LIST if name.startswith("list") else None
    if name.startswith("list[") and name[5:-1].strip() in _UNCHECKED:
        return LIST
    try:
        return parse_type(name)
    except UsageError as error:
        raise UsageError(
            error.title.replace("an input type", "a type"), hint=f"{error.hint}, or any"
        ) from None


def fits(given: Type, wanted: Type) -> bool:
    """Whether a value of one type can be given where the other is wanted; unknown types always fit."""
    if given is None or wanted is None:
        return True
    if wanted.is_list:
        if given.is_list:
            return "any" in (given.scalar, wanted.scalar) or _scalar_fits(given.scalar, wanted.scalar)
        # A single value counts as a list of one, but a figure is no path and no line of text.
        if wanted.scalar in _WORDS:
            return given.scalar in _WORDS
        return _scalar_fits(given.scalar, wanted.scalar)
    if given.is_list:
        return False
    if wanted.choices:
        return set(given.choices) <= set(wanted.choices) if given.choices else given.scalar in _WORDS
    return _scalar_fits(given.scalar, wanted.scalar)


def _scalar_fits(given: str, wanted: str) -> bool:
    if wanted == "text":
        return True
    if wanted == "path":
        return given in _WORDS
    return given == wanted or (given, wanted) == ("int", "number")


def item_type(of: Type) -> Type:
    """The type of one item of a list; None where it is not known."""
    if of is None or not of.is_list or of.scalar == "any":
        return None
    return InputType(of.scalar)


def list_of(item: Type) -> Type:
    """The type of a list of such items."""
    if item is None or item.is_list or item.choices:
        return LIST
    return InputType(item.scalar, is_list=True)


def mend(given: Type, wanted: Type) -> str:
    """How to make the one type out of the other, where a filter does it."""
    if given is None or wanted is None:
        return ""
    if given.is_list and not wanted.is_list:
        return "write '| join(\", \")' for a text, or '| first' for one of them"
    filters = {"int": "| int", "number": "| float", "text": "| string", "path": "| string"}
    if not wanted.is_list and not wanted.choices and wanted.scalar in filters:
        return f"write '{filters[wanted.scalar]}' behind it if that is what is meant"
    return ""
