"""Commands that a person runs in the worktree of an execution: which ones may be, and what came of one."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .words import duration, plural


def prefix_of(text: str) -> tuple[str, ...]:
    """The words with which a command begins that an entry of the allow list allows.

    Raises:
        ValueError: there are none, or they cannot be told; the text says why.
    """
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        raise ValueError("a quote in it is not closed, or a backslash ends it") from None
    if not words or not words[0]:
        raise ValueError("it is empty")
    return words


def checked_prefix(text: str) -> str:
    """``text``, where :func:`prefix_of` can make something of it; for the field that holds the allow list.

    Raises:
        ValueError: it cannot; the text says why and, behind a semicolon, what to write.
    """
    try:
        prefix_of(text)
    except ValueError as error:
        hint = "write the words that a command begins with, such as git status"
        raise ValueError(f"this allows no command: {error}; {hint}") from None
    return text


def is_allowed(argv: Sequence[str], allowed: Iterable[str]) -> bool:
    """Whether a command begins with an entry of the allow list, word for word."""
    return any(tuple(argv[: len(words)]) == words for words in map(prefix_of, allowed))


@dataclass(frozen=True, slots=True)
class ManualCommand:
    """A command that a person wants to be run.

    Attributes:
        command: Its id, of the asker's choice.
        argv: The program and its arguments; no shell reads them.
        by: Who wants it.
        seconds: After which it is stopped.
    """

    command: str
    argv: tuple[str, ...]
    by: str
    seconds: float

    @property
    def line(self) -> str:
        """The command on one line, quoted as a shell would have it."""
        return shlex.join(self.argv)

    def to_dict(self) -> dict[str, Any]:
        """The value as plain JSON data; :meth:`from_dict` reads it back."""
        return {**asdict(self), "argv": list(self.argv)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ManualCommand:
        """Read what :meth:`to_dict` wrote; other keys are passed over."""
        return cls(data["command"], tuple(data["argv"]), data["by"], data["seconds"])


@dataclass(frozen=True, slots=True)
class ManualEnd:
    """How a person's command has ended.

    Attributes:
        exit: Minus the signal's number where a signal ended it; 127 where it cannot be started; ``None``
            where it did not come to an end of its own, or was never begun.
        seconds: How long it took.
        timed_out: It was stopped because its time was up.
        output: The end of what it printed.
        files: How many files it has changed.
        commit: The commit that holds the changes; empty where there are none.
        problem: Why it has no exit code, or why its changes could not be committed; empty where all is well.
    """

    exit: int | None = None
    seconds: float = 0.0
    timed_out: bool = False
    output: str = ""
    files: int = 0
    commit: str = ""
    problem: str = ""

    @property
    def words(self) -> str:
        """``exit 0, 1.2 s, 2 files changed``."""
        if self.timed_out:
            how = f"stopped after {duration(self.seconds)}"
        elif self.exit is None:
            how = ""
        elif self.exit < 0:
            how = f"killed by signal {-self.exit}, {duration(self.seconds)}"
        else:
            how = f"exit {self.exit}, {duration(self.seconds)}"
        changed = f"{plural(self.files, 'file')} changed" if self.files else ""
        return ", ".join(filter(None, (how, self.problem, changed)))

    def to_dict(self) -> dict[str, Any]:
        """The value as plain JSON data; :meth:`from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ManualEnd:
        """Read what :meth:`to_dict` wrote; other keys are passed over."""
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})
