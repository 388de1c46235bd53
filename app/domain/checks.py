"""What came of a check: a command of the project that says whether a change is good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .words import duration

TAIL = 4000
"""Characters of a command's output that are kept: its end, where test runners sum up."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check that was run.

    Attributes:
        command: As the project writes it.
        exit_code: Minus the signal's number where a signal ended it; 127 where the program is missing.
        seconds: How long it took.
        output_tail: The end of what it printed.
        timed_out: It was stopped because it took too long.
    """

    command: str
    ok: bool
    exit_code: int
    seconds: float
    output_tail: str
    timed_out: bool = False

    @property
    def glyph(self) -> str:
        """``✓`` or ``✗``."""
        return "✓" if self.ok else "✗"

    @property
    def word(self) -> str:
        """How it ended: ``passed``, ``failed``, ``timed out``."""
        if self.timed_out:
            return "timed out"
        return "passed" if self.ok else "failed"

    @property
    def figures(self) -> str:
        """``exit 1, 0.24 s``; no code where it passed or was stopped."""
        code = "" if self.ok or self.timed_out else f"exit {self.exit_code}, "
        return f"{code}{duration(self.seconds)}"

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data; :meth:`from_dict` reads it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Check:
        """Read what :meth:`to_dict` wrote."""
        return cls(**data)


def tail(*outputs: str) -> str:
    """The end of what a command printed, its streams one after the other."""
    text = "\n".join(part for output in outputs if (part := output.rstrip()))
    if len(text) <= TAIL:
        return text
    cut = text[-TAIL:]
    return "…\n" + (cut.partition("\n")[2] or cut)
