"""Findings about project files, each with its place and its mend."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """``error`` keeps the file from being used, ``warning`` does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding. ``line`` and ``column`` count from 1; 0 means the file as a whole."""

    path: Path
    line: int
    column: int
    severity: Severity
    message: str
    hint: str = ""

    @property
    def place(self) -> str:
        """``file:line:column``, shortened to what is known."""
        if not self.line:
            return str(self.path)
        return f"{self.path}:{self.line}:{self.column}" if self.column else f"{self.path}:{self.line}"

    def to_dict(self) -> dict[str, object]:
        """The finding as plain data."""
        return {
            "path": str(self.path),
            "line": self.line,
            "column": self.column,
            "severity": str(self.severity),
            "message": self.message,
            "hint": self.hint,
        }

    def __str__(self) -> str:
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: {self.severity}: {self.message}{tail}"
