"""The conflicts of a waiting merge, as people and programs see them: what is decided, and what is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .conflict_blocks import Side
from .diffs import shown
from .words import plural

Kind = Literal["text", "binary", "large", "deleted", "mode", "link", "submodule", "rename"]
"""Text is decided block by block, everything else as a whole file."""

BY_HAND = "hand"
"""What was taken where a person edited the file."""

_TEXTS = ("ours", "base", "theirs", "lead", "trail")


@dataclass(frozen=True, slots=True)
class ConflictBlock:
    """One thing to decide: a block of a file, or the file as a whole.

    Attributes:
        number: As git left the file, from 1; 0 is the file as a whole.
        line: The line of its opening marker in the file as it is now, from 1; 0 where it is resolved.
        last: The line of its closing marker; the same.
        ours: The lines of the target, without their ends; of a whole file, what there is to say about it.
        base: Those of the common ancestor.
        theirs: Those of the execution's branch.
        took: What it was resolved by: a side, ``both`` or ``hand``; empty while it is open.
        lead: A few lines of the file before it, while it is open.
        trail: A few lines behind it.
    """

    number: int
    line: int
    last: int
    ours: tuple[str, ...]
    base: tuple[str, ...]
    theirs: tuple[str, ...]
    took: str = ""
    lead: tuple[str, ...] = ()
    trail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConflictFile:
    """A file that was in conflict.

    Attributes:
        path: From the top of the repository, with bytes that are no text as surrogate escapes.
        kind: What it is that conflicts.
        blocks: What there is to decide, in the order of the file; one block 0 where it is the whole file.
        has: The sides that have the file.
        why: What still has to be decided, in words; empty once nothing has.
        stray: The line of a marker that belongs to no whole block; 0 for none.
    """

    path: str
    kind: Kind
    blocks: tuple[ConflictBlock, ...]
    has: tuple[Side, ...]
    why: str = ""
    stray: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it is decided as a whole."""
        return self.kind != "text"

    @property
    def left(self) -> int:
        """How many of its blocks are open."""
        return sum(not block.took for block in self.blocks)

    @property
    def took(self) -> str:
        """What the file was resolved by, in words; empty while it is open."""
        if self.why:
            return ""
        return ", ".join(dict.fromkeys(block.took for block in self.blocks if block.took))

    def refuses(self, side: str) -> str:
        """Why a side cannot be taken of the file, in words; empty where it can."""
        if side == "both" and not {"ours", "theirs"} <= set(self.has):
            return "it is on one side only"
        if side == "both" and self.kind in ("binary", "large", "link", "submodule"):
            return "its lines cannot be put together"
        return ""

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data; paths and lines are text that any program can read."""
        blocks = [
            {**asdict(block), **{name: [shown(line) for line in getattr(block, name)] for name in _TEXTS}}
            for block in self.blocks
        ]
        return {
            "path": shown(self.path),
            "kind": self.kind,
            "has": list(self.has),
            "why": self.why,
            "took": self.took,
            "blocks": blocks,
        }


@dataclass(frozen=True, slots=True)
class Resolution:
    """How far the conflicts of a waiting merge are resolved.

    Attributes:
        merge: Its id.
        execution: That of the execution whose branch is merged; empty where its account is gone.
        folder: The work tree in which they are resolved.
        ours: The name of the branch that is merged into.
        theirs: The agent and the short id of the execution whose branch is merged.
        files: What was in conflict, in the order of the paths.
        last: What was taken last and can be taken back, in words; empty for nothing.
    """

    merge: str
    execution: str
    folder: str
    ours: str
    theirs: str
    files: tuple[ConflictFile, ...]
    last: str = ""

    @property
    def total(self) -> int:
        """How many decisions there are in all."""
        return sum(len(file.blocks) for file in self.files)

    @property
    def done(self) -> int:
        """How many are made."""
        return self.total - sum(file.left for file in self.files)

    @property
    def open(self) -> tuple[ConflictFile, ...]:
        """The files that have something left."""
        return tuple(file for file in self.files if file.why)

    @property
    def words(self) -> str:
        """``2 of 5 resolved``."""
        return f"{self.done:,} of {self.total:,} resolved"

    def name_of(self, side: str) -> str:
        """What people call a side."""
        return {"ours": self.ours, "theirs": self.theirs, "base": "before", "both": "both"}.get(
            side, "by hand"
        )


def taken_words(path: str, side: str, block: int) -> str:
    """``app.py, block 2: ours``."""
    place = f"{shown(path)}, block {block}" if block else shown(path)
    return f"{place}: {'edited by hand' if side == BY_HAND else side}"


def why_open(kind: Kind, blocks: Sequence[ConflictBlock], stray: int) -> str:
    """What is left to decide of a file that is not resolved."""
    if kind == "text":
        left = sum(not block.took for block in blocks)
        return f"{plural(left, 'block')} left" if left or not stray else f"a marker is left in line {stray}"
    return {
        "binary": "binary: one side has to be taken",
        "large": "too large for blocks: a side has to be taken, or it has to be edited",
        "deleted": "one side deleted it",
        "mode": "both changed what kind of file it is",
        "link": "a symbolic link: one side has to be taken",
        "submodule": "a submodule: one side has to be taken",
        "rename": "it was renamed or moved differently",
    }[kind]
