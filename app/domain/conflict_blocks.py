"""Files with conflict markers: where the blocks are, what each side has there, and a block replaced by one.

All of it works on bytes: line ends of any kind stay as they are, and so does every byte outside a block. A
marker is a line that begins with exactly ``size`` of ``<``, ``|``, ``=`` or ``>``; longer and shorter runs
are text, so the markers that git nests in a common ancestor, which are longer, never end a block. Where the
sides' own text holds such lines, :func:`free_size` gives a length that no line of them has.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

Side = Literal["base", "ours", "theirs", "both"]

SIZE = 7
"""The length of a marker where nothing else is asked for."""

LOOKED_AT = 8000
"""Bytes at the start of a file in which git looks for a NUL to tell whether it is text."""

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_RUN = re.compile(rb"^(<+|\|+|=+|>+)(?=[ \r\n]|\Z)", re.MULTILINE)

Lines = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A conflict in a file.

    Attributes:
        start: The index of its first byte, that of the opening marker.
        end: The index of the first byte behind it.
        line: The number of the opening marker's line, from 1.
        last: The number of the closing marker's line.
        ours: The lines of each side with their ends, as the file has them.
        base: Those of the common ancestor; ``None`` where the file does not show them.
        theirs: As ``ours``.
        unended: The sides whose last line has no end, although the file gives it one before a marker.
    """

    start: int
    end: int
    line: int
    last: int
    ours: Lines
    base: Lines | None
    theirs: Lines
    unended: Mapping[str, bytes]

    def content(self, side: Side) -> bytes:
        """What stands in place of the block once a side is taken; ``both`` is ours, then theirs."""
        if side == "both":
            # git ends the lines of ours, too, where theirs has nothing to put behind them.
            return b"".join(self.ours) + self._of("theirs", self.theirs)
        return self._of(side, {"ours": self.ours, "base": self.base or (), "theirs": self.theirs}[side])

    def _of(self, side: str, lines: Lines) -> bytes:
        tail = self.unended.get(side, b"")
        if lines and tail and lines[-1].rstrip(b"\r\n") == tail.rstrip(b"\r\n"):
            return b"".join(lines[:-1]) + tail
        return b"".join(lines)


def parse(content: bytes, size: int = SIZE, tails: Mapping[str, bytes] | None = None) -> tuple[Block, ...]:
    """The blocks of a file, in their order; none where it is not text.

    Markers that do not make a whole block are text; :func:`stray_marker` finds them.

    Args:
        size: the length of a marker.
        tails: by side, the last line of that side's file where it has no end.
    """
    if b"<" * size not in content or is_binary(content):
        return ()
    blocks: list[Block] = []
    inside: list[tuple[bytes, bytes]] = []
    at = start = line = 0
    for number, text in enumerate(_LINE.findall(content), 1):
        kind = _marker(text, size)
        if kind == b"<":  # a block that was begun before is none
            inside, start, line = [(kind, text)], at, number
        elif inside:
            inside.append((kind, text))
            if kind == b">":
                if sides := _split(inside):
                    blocks.append(Block(start, at + len(text), line, number, *sides, {}))
                inside = []
        at += len(text)
    if blocks and tails and blocks[-1].end == len(content):
        blocks[-1] = replace(blocks[-1], unended=dict(tails))
    return tuple(blocks)


def replaced(content: bytes, block: Block, side: Side) -> bytes:
    """The file with one of its blocks resolved; every other byte stays."""
    return content[: block.start] + block.content(side) + content[block.end :]


def stray_marker(content: bytes, size: int = SIZE) -> int:
    """The number of the first line, from 1, that opens or closes a block; 0 where there is none."""
    if not is_binary(content):
        for number, text in enumerate(_LINE.findall(content), 1):
            if _marker(text, size) in (b"<", b">"):
                return number
    return 0


def free_size(contents: Iterable[bytes], size: int = SIZE) -> int:
    """The smallest length from ``size`` on that no line of the sides could be taken for a marker of."""
    found = {len(run) for content in contents for run in _RUN.findall(content)}
    while size in found:
        size += 1
    return size


def is_binary(content: bytes) -> bool:
    """Whether git would take this for something else than text."""
    return b"\0" in content[:LOOKED_AT]


def tail_of(content: bytes) -> bytes:
    """The last line of a file where it has no end; empty where it has one."""
    return content[content.rfind(b"\n") + 1 :]


def number_blocks(
    first: Sequence[Block], now: Sequence[Block], taken: Collection[int] = ()
) -> tuple[int, ...]:
    """Which of the blocks that there were at first those that are still there are.

    Args:
        first: the blocks as git left them; the first one has number 1.
        now: the blocks of the file as it is.
        taken: the numbers of those that were replaced by a side, which cannot be meant.

    Returns:
        A number for each of ``now``. One that was written by hand gets a number behind those of ``first``.
    """
    numbers = [number for number in range(1, len(first) + 1) if number not in taken]
    if len(now) > len(numbers):
        numbers = list(range(1, len(first) + 1))
    if len(now) == len(numbers):
        return tuple(numbers)
    before = [first[number - 1] for number in numbers]
    found: list[int] = []
    extra = len(first)
    matcher = SequenceMatcher(None, _keys(before), _keys(now), autojunk=False)
    for _, start, end, at, to in matcher.get_opcodes():
        known = numbers[start:end][: to - at]
        surplus = to - at - len(known)
        found += [*known, *range(extra + 1, extra + 1 + surplus)]
        extra += surplus
    return tuple(found)


def _keys(blocks: Iterable[Block]) -> list[tuple[Lines, Lines | None, Lines]]:
    return [(block.ours, block.base, block.theirs) for block in blocks]


def _marker(text: bytes, size: int) -> bytes:
    """The sign of the marker that a line is; empty where it is text."""
    sign = text[:1]
    if sign not in (b"<", b"|", b"=", b">") or text[:size] != sign * size:
        return b""
    rest = text[size:]
    return sign if rest in (b"", b"\n", b"\r\n") or rest[:1] == b" " else b""


def _split(inside: Sequence[tuple[bytes, bytes]]) -> tuple[Lines, Lines | None, Lines] | None:
    """The lines of ours, base and theirs between the markers of a block; ``None`` where one is missing."""
    signs = [sign for sign, _ in inside]
    lines = tuple(text for _, text in inside)
    try:
        # Where the base is shown, what looks like a separator before it is text of ours.
        middle = signs.index(b"=", signs.index(b"|") if b"|" in signs else 0)
    except ValueError:
        return None
    before = signs.index(b"|") if b"|" in signs[:middle] else middle
    base = lines[before + 1 : middle] if before < middle else None
    return lines[1:before], base, lines[middle + 1 : -1]
