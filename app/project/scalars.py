"""What a plain YAML word stands for.

A deliberately small part of YAML 1.1: null, booleans, whole numbers and decimal numbers. Dates,
``12:30`` as a number of minutes, infinities and "not a number" stay text: nothing in a project file
wants them, and each has surprised somebody.
"""

from __future__ import annotations

import math
import re

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_BOOL = {form: value for word, value in _WORDS.items() for form in (word, word.capitalize(), word.upper())}
_INT = re.compile(r"[-+]?(0|[1-9][0-9_]*)\Z")
_BASED = re.compile(r"[-+]?0(x[0-9a-fA-F]+|o[0-7]+|b[01]+)\Z")
_FLOAT = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?\Z")
_MAX_DIGITS = 400

Scalar = str | int | float | bool | None


def plain(word: str) -> Scalar:
    """The value of an unquoted word.

    Raises:
        ValueError: it is a number too large to be meant.
    """
    if word in _NULL:
        return None
    if word in _BOOL:
        return _BOOL[word]
    if word[0] not in "+-.0123456789":
        return word
    if _INT.match(word) or _BASED.match(word):
        if len(word) > _MAX_DIGITS:
            raise ValueError(f"a number of {len(word)} digits")
        return int(word.replace("_", ""), 10 if _INT.match(word) else 0)
    if _FLOAT.match(word):
        number = float(word.replace("_", ""))
        if not math.isfinite(number):
            raise ValueError("a number too large")
        return number
    return word
