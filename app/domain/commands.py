"""Commands as people write them on one line, and the words that are run for them."""

from __future__ import annotations

import shlex

_FOR_A_SHELL = frozenset("|&;<>()$`*?~#\n")
"""Characters that a shell reads and a program does not."""


def words_of(text: str) -> tuple[str, ...]:
    """The program and its arguments that ``text`` means: its words, or ``sh -c`` where only a shell reads it.

    Raises:
        ValueError: it is empty, holds a NUL character, or a quote in it is not closed.
    """
    if not text.strip():
        raise ValueError("it is empty")
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    if _FOR_A_SHELL & set(text) or _begins_with_a_setting(text):
        return ("sh", "-c", text)
    try:
        return tuple(shlex.split(text))
    except ValueError:
        raise ValueError("a quote in it is not closed, or a backslash ends it") from None


def checked_command(text: str) -> str:
    """``text``, where :func:`words_of` can make something of it; for the fields of files that hold commands.

    Raises:
        ValueError: it cannot; the text says why and, behind a semicolon, what to write.
    """
    try:
        words_of(text)
    except ValueError as error:
        hint = "write a program and its arguments, such as pytest -q"
        raise ValueError(f"this cannot be run: {error}; {hint}") from None
    return text


def _begins_with_a_setting(text: str) -> bool:
    """Whether the first word is ``NAME=value``, which a shell puts into the environment."""
    name, equals, _ = text.split(maxsplit=1)[0].partition("=")
    return bool(equals) and name.isidentifier()
