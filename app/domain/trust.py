"""Which commands a project carries, and whether its user trusts exactly those."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .words import plural

if TYPE_CHECKING:
    from .hooks import HookSpec


class CommandKind(StrEnum):
    """When a command that a project carries would be run."""

    SETUP = "setup"
    EXEC = "exec"
    CHECK = "check"
    HOOK = "hook"
    SCRIPT = "script"
    CALL = "call"
    MODEL = "model"


_NOUNS = {
    CommandKind.SETUP: "setup command",
    CommandKind.EXEC: "allowed command",
    CommandKind.CHECK: "check",
    CommandKind.HOOK: "hook",
    CommandKind.SCRIPT: "script",
    CommandKind.CALL: "call",
    CommandKind.MODEL: "scripted model",
}


@dataclass(frozen=True, slots=True)
class CarriedCommand:
    """Something in a project that would run on its user's machine, and where it is written.

    Attributes:
        text: What is written there.
        names: The texts of it in which it can name files of the project.
        files: The files that it names and what they hold: ``build.sh sha256:…``.
    """

    kind: CommandKind
    text: str
    path: Path
    line: int
    names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.path}:{self.line}"

    @property
    def shown(self) -> str:
        """What is written there, and a line for each file that it names."""
        return "\n".join((self.text, *(f"# {file}" for file in self.files)))

    @property
    def content(self) -> tuple[str, str]:
        """What trust is about: neither its place nor anything else in the file."""
        return str(self.kind), self.shown

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data."""
        return {"kind": str(self.kind), "text": self.shown, "path": str(self.path), "line": self.line}


Content = tuple[str, str]
"""The kind and the text of a command, as they are remembered."""


def fingerprint(contents: Sequence[Content]) -> str:
    """The SHA-256 over kinds and texts in their order; the order in which commands run is part of it."""
    return hashlib.sha256(json.dumps([list(one) for one in contents]).encode()).hexdigest()


class Standing(StrEnum):
    """How a project stands with its user."""

    NOTHING = "nothing to trust"
    TRUSTED = "trusted"
    NEW = "not trusted yet"
    CHANGED = "changed since it was trusted"
    WITHHELD = "not trusted while a file has errors"


@dataclass(frozen=True, slots=True)
class Trust:
    """A project's commands beside what its user has trusted.

    Attributes:
        commands: What it carries now.
        standing: Whether that may run.
        removed: What was trusted and is not there any more.
        added: What is there now and was not trusted.
        problem: Why what was trusted before is not known; empty where it is.
        withheld: Why not all commands are known, such as errors in the file that holds them.
    """

    commands: tuple[CarriedCommand, ...]
    standing: Standing
    added: tuple[CarriedCommand, ...] = ()
    removed: tuple[Content, ...] = ()
    problem: str = ""
    withheld: str = ""

    @property
    def fingerprint(self) -> str:
        """What is trusted when this is."""
        return fingerprint([command.content for command in self.commands])

    @property
    def allows(self) -> bool:
        """Whether what the project carries may run."""
        return self.standing is Standing.TRUSTED

    def texts(self, kind: CommandKind) -> tuple[str, ...]:
        """The commands of one kind as they run, in their order."""
        return tuple(command.text for command in self.commands if command.kind is kind)

    @property
    def counts(self) -> str:
        """``1 setup command, 2 checks and 1 script``."""
        return self.count_of(*CommandKind)

    def count_of(self, *kinds: CommandKind) -> str:
        """:attr:`counts` of some kinds alone."""
        parts = [plural(len(texts), _NOUNS[kind]) for kind in kinds if (texts := self.texts(kind))]
        return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:]))) or "no commands"

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data."""
        return {
            "standing": str(self.standing),
            "trusted": self.allows,
            "fingerprint": self.fingerprint,
            "commands": [command.to_dict() for command in self.commands],
            "added": [command.to_dict() for command in self.added],
            "removed": [{"kind": kind, "text": text} for kind, text in self.removed],
            "problem": self.problem or self.withheld,
        }


def compare(
    commands: Sequence[CarriedCommand], trusted: Sequence[Content] | None, problem: str = ""
) -> Trust:
    """How a project's commands stand to those that were trusted; ``None``: never any."""
    now = [command.content for command in commands]
    if not commands:
        return Trust((), Standing.NOTHING, removed=tuple(trusted or ()), problem=problem)
    if trusted is None:
        return Trust(tuple(commands), Standing.NEW, added=tuple(commands), problem=problem)
    if fingerprint(now) == fingerprint(trusted):
        return Trust(tuple(commands), Standing.TRUSTED)
    return Trust(
        tuple(commands),
        Standing.CHANGED,
        added=tuple(command for command in commands if command.content not in set(trusted)),
        removed=tuple(content for content in trusted if content not in set(now)),
        problem=problem,
    )


@dataclass(frozen=True, slots=True)
class TrustedProject:
    """A project that its user trusts. ``time`` is seconds since the epoch."""

    folder: str
    time: float
    contents: tuple[Content, ...]

    @property
    def fingerprint(self) -> str:
        """What is trusted there."""
        return fingerprint(self.contents)

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data; :meth:`from_dict` reads it back."""
        commands = [{"kind": kind, "text": text} for kind, text in self.contents]
        return {
            "folder": self.folder,
            "time": self.time,
            "fingerprint": self.fingerprint,
            "commands": commands,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrustedProject:
        """Read what :meth:`to_dict` wrote.

        Raises:
            ValueError: the fingerprint is not that of the commands.
            KeyError, TypeError: it is something else.
        """
        contents = tuple((str(one["kind"]), str(one["text"])) for one in data["commands"])
        found = cls(str(data["folder"]), float(data["time"]), contents)
        if found.fingerprint != data["fingerprint"]:
            raise ValueError(f"the fingerprint of {found.folder} does not fit")
        return found


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a project asks for around an execution, cut down to what may be done.

    Attributes:
        copy: Patterns, in gitignore's syntax, of ignored files that a fresh work tree gets.
        setup: Commands that make a fresh work tree ready. Empty where the project is not trusted.
        checks: Commands that judge what the agent has done. The same.
        hooks: Hooks that are asked and told around what happens. The same.
        notes: What is not done and why, one sentence each, for the execution's account.
    """

    copy: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    hooks: tuple[HookSpec, ...] = ()
    notes: tuple[str, ...] = ()
