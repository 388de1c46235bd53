"""What differs between two trees, as values: files, hunks, lines, and what of them is accepted.

Text keeps every byte: what is not UTF-8 is held as surrogate escapes (see :func:`as_bytes`), a carriage
return belongs to its line, and a missing last line end is noted. Reading and printing is :mod:`.diff_text`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from .errors import Conflict

Status = Literal["A", "M", "D", "R", "C", "T"]
"""Added, modified, deleted, renamed, copied, or another type of entry (a file that became a link)."""

CONTEXT, ADDED, REMOVED = " ", "+", "-"

SUBMODULE_MODE, SYMLINK_MODE, NO_MODE = "160000", "120000", "000000"


class Place(NamedTuple):
    """A line of a diff, whatever the context around it: its kind, and its number.

    A removed line counts in the old file, every other one in the new file.
    """

    kind: str
    number: int


class Line(NamedTuple):
    """One line of a hunk. ``text`` has no line end; ``no_newline`` says that the file has none there."""

    kind: str
    text: str
    old_no: int | None
    new_no: int | None
    no_newline: bool = False

    @property
    def place(self) -> Place:
        """Where the line is."""
        number = self.old_no if self.kind == REMOVED else self.new_no
        return Place(self.kind, number or 0)


@dataclass(frozen=True)
class Hunk:
    """Lines that changed, with the context around them. Numbers count from 1, as in ``@@ -3,4 +3,5 @@``.

    The lines are kept as one string of kinds and a tuple of texts, and made into values when they are asked
    for: a hundred thousand small objects would make each full garbage collection 50 ms long.

    Attributes:
        kinds: One character a line: ``CONTEXT``, ``ADDED`` or ``REMOVED``.
        texts: The lines without their ends.
        unended: The indexes of the lines that have no end in the file.
    """

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    kinds: str
    texts: tuple[str, ...]
    unended: tuple[int, ...] = ()
    section: str = ""

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines as values, made anew each time."""
        return tuple(self.line(index) for index in range(len(self.kinds)))

    def line(self, index: int) -> Line:
        """One line as a value."""
        kind = self.kinds[index]
        return Line(
            kind,
            self.texts[index],
            None if kind == ADDED else self.old_start + index - self.kinds.count(ADDED, 0, index),
            None if kind == REMOVED else self.new_start + index - self.kinds.count(REMOVED, 0, index),
            index in self.unended,
        )

    def place(self, index: int) -> Place:
        """Where one line is."""
        kind = self.kinds[index]
        start, other = (self.old_start, ADDED) if kind == REMOVED else (self.new_start, REMOVED)
        return Place(kind, start + index - self.kinds.count(other, 0, index))

    @cached_property
    def changes(self) -> tuple[Place, ...]:
        """The places of the lines that were added or removed."""
        old, new, found = self.old_start, self.new_start, []
        for kind in self.kinds:
            if kind != CONTEXT:
                found.append(Place(kind, old if kind == REMOVED else new))
            old += kind != ADDED
            new += kind != REMOVED
        return tuple(found)

    @property
    def core(self) -> range:
        """The indexes of the lines from the first change to the last: what no context switch alters."""
        return range(
            len(self.kinds) - len(self.kinds.lstrip(CONTEXT)),
            len(self.kinds.rstrip(CONTEXT)),
        )

    @cached_property
    def digest(self) -> str:
        """A name made of what changed. It stays when the hunk moves, or is shown with other context."""
        said = hashlib.sha256()
        for index in self.core:
            end = "\\" if index in self.unended else "\n"
            said.update(as_bytes(f"{self.kinds[index]}{self.texts[index]}{end}"))
        return said.hexdigest()[:16]


@dataclass(frozen=True)
class FileDiff:
    """What happened to one file.

    Attributes:
        old_path: The path before, from the top of the repository; ``new_path`` unless renamed or copied.
        old_mode: As git writes it (``100644``); ``000000`` where the file did not exist, empty where unknown.
        old_id: The blob's hash, empty where unknown.
        similarity: Percent, of a renamed or copied file.
        is_binary: The content differs and is not text: no hunks, and accepted whole or not at all.
    """

    old_path: str
    new_path: str
    status: Status
    old_mode: str = ""
    new_mode: str = ""
    hunks: tuple[Hunk, ...] = ()
    is_binary: bool = False
    old_id: str = ""
    new_id: str = ""
    similarity: int = 0

    @property
    def path(self) -> str:
        """The path that names the file: the new one."""
        return self.new_path

    @property
    def is_submodule(self) -> bool:
        """Whether one side is a commit of another repository."""
        return SUBMODULE_MODE in (self.old_mode, self.new_mode)

    @property
    def is_symlink(self) -> bool:
        """Whether one side is a symbolic link, whose text is where it leads."""
        return SYMLINK_MODE in (self.old_mode, self.new_mode)

    @property
    def mode_changed(self) -> bool:
        """Whether a file that was there before and after has another mode."""
        modes = {self.old_mode, self.new_mode}
        return len(modes) == 2 and not modes & {NO_MODE, ""}

    @property
    def is_divisible(self) -> bool:
        """Whether hunks and lines of it can be accepted without the rest."""
        return bool(self.hunks) and not (
            self.is_binary or self.is_submodule or self.is_symlink or self.status == "T"
        )

    @cached_property
    def added(self) -> int:
        """Lines added."""
        return sum(hunk.kinds.count(ADDED) for hunk in self.hunks)

    @cached_property
    def removed(self) -> int:
        """Lines removed."""
        return sum(hunk.kinds.count(REMOVED) for hunk in self.hunks)

    @cached_property
    def changes(self) -> frozenset[Place]:
        """The places of all lines that were added or removed."""
        return frozenset(place for hunk in self.hunks for place in hunk.changes)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """A name for each hunk, unlike any other in the file and made of its content.

        Hunks with the same content are numbered, and the name says how many there are: when one of them
        comes or goes nobody can say which, and the names of all of them change.
        """
        total = Counter(hunk.digest for hunk in self.hunks)
        seen: Counter[str] = Counter()
        names = []
        for hunk in self.hunks:
            seen[hunk.digest] += 1
            many = total[hunk.digest]
            names.append(f"{hunk.digest}-{seen[hunk.digest]}of{many}" if many > 1 else hunk.digest)
        return tuple(names)

    @cached_property
    def digest(self) -> str:
        """A name for what happened to the file as a whole, made of its content where git told it."""
        content = (self.old_id, self.new_id) if self.old_id or self.new_id else self.keys
        parts = (self.status, self.old_path, self.old_mode, self.new_mode, *content)
        return hashlib.sha256(as_bytes("\0".join(parts))).hexdigest()[:16]


@dataclass(frozen=True)
class Selection:
    """What of a diff is accepted: for each path all of it (``None``), or some lines.

    Places are of a diff that minds white space; its amount of context does not matter. The mode and the
    name of a file go with any line of it.
    """

    parts: Mapping[str, frozenset[Place] | None] = field(default_factory=dict)

    @classmethod
    def of_files(cls, files: Collection[FileDiff]) -> Selection:
        """Everything of some files."""
        return cls({file.path: None for file in files})

    def with_file(self, path: str) -> Selection:
        """This and all of a file."""
        return Selection({**self.parts, path: None})

    def with_places(self, path: str, places: Collection[Place]) -> Selection:
        """This and some lines of a file."""
        have = self.parts.get(path, frozenset())
        return self if have is None else Selection({**self.parts, path: have | frozenset(places)})

    def with_hunk(self, path: str, hunk: Hunk) -> Selection:
        """This and a hunk of a file."""
        return self.with_places(path, hunk.changes)

    def of(self, file: FileDiff) -> frozenset[Place] | None:
        """The lines accepted of a file, ``None`` for all of it.

        Raises:
            Conflict: the diff has no such line any more, or the file can only be taken whole.
        """
        places = self.parts.get(file.path, frozenset())
        if not places or places == file.changes:
            return None if places is None or places else frozenset()
        if stale := places - file.changes:
            raise Conflict(
                "The accepted lines are not what the file changes any more",
                detail=f"{shown(file.path)}: {len(stale)} of {len(places)} lines are not changed ones",
                hint="look at the diff again and accept anew",
            )
        if not file.is_divisible:
            raise Conflict(
                f"{shown(file.path)} can only be accepted whole",
                detail="links, submodules and files that changed their type have no parts",
                hint="accept the whole file, or none of it",
            )
        return places


def apply_hunks(old: str, hunks: Sequence[Hunk], accepted: Collection[Place] | None = None) -> str:
    """The text after some changes to it.

    A removed line that is not accepted stays where it was, before the lines added in its place.

    Args:
        old: The whole file.
        hunks: In order, as they stand in its diff.
        accepted: The lines to take, ``None`` for all.

    Raises:
        Conflict: the hunks are not of this text.
    """
    before = old.split("\n")
    ends = before[-1] == ""  # with a line end
    if ends:
        before.pop()
    after: list[str] = []
    ended, at = ends, 0
    for hunk in hunks:
        start = hunk.old_start - (1 if hunk.old_count else 0)
        _expect(at <= start <= len(before))
        after += before[at:start]
        if start > at:
            ended = ends or start < len(before)
        at = start
        places = iter(hunk.changes)
        for index, (kind, text) in enumerate(zip(hunk.kinds, hunk.texts, strict=True)):
            taken = kind == CONTEXT or (next(places) in accepted if accepted is not None else True)
            if kind != ADDED:
                _expect(at < len(before) and before[at] == text)
                at += 1
            if taken == (kind != REMOVED):
                after.append(text)
                ended = index not in hunk.unended
    if at < len(before):
        after += before[at:]
        ended = ends
    # A line without an end gets one when another comes to follow it; only the last can do without.
    return "\n".join(after) + ("\n" if after and ended else "")


def _expect(fits: bool) -> None:
    if not fits:
        raise Conflict(
            "The changes do not fit the file", hint="it is not the one they were made from; look at it anew"
        )


def as_text(content: bytes) -> str:
    """Bytes as text that :func:`as_bytes` turns back, whatever they are."""
    return content.decode("utf-8", "surrogateescape")


def as_bytes(text: str) -> bytes:
    """What :func:`as_text` read."""
    return text.encode("utf-8", "surrogateescape")


def shown(path: str) -> str:
    """A path for people and for JSON: bytes that are not UTF-8 become ``\\xNN``."""
    return as_bytes(path).decode("utf-8", "backslashreplace")
