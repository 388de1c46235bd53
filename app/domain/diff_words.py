"""Which removed line became which added one, and what differs between the two."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from .diffs import ADDED, CONTEXT, REMOVED, Hunk

Span = tuple[int, int]
"""The first index of a part of a line, and the one after its last."""

_WORD = re.compile(r"\w+|\s+|[^\w\s]")

MAX_WORDS = 200
"""Words a line, beyond what both lines begin and end with, to compare: comparing takes their square."""

MAX_PAIRS = 36
"""Pairs of lines in one place that are compared to find out which belong together."""

ALIKE = 0.3
"""Lines that share less than this part of their characters have nothing to be pointed at."""


class Pair(NamedTuple):
    """What stands side by side: indexes into a hunk's lines, ``None`` for nothing on that side."""

    left: int | None
    right: int | None


def pairs(hunk: Hunk) -> Iterator[Pair]:
    """The lines of a hunk side by side: each removed line beside the added one that it became.

    Where a run of removed lines and the run of added ones after it are of one length, or long, they stand
    beside each other in order; else those that are most alike do.
    """
    at, kinds = 0, hunk.kinds
    while at < len(kinds):
        if kinds[at] == CONTEXT:
            yield Pair(at, at)
            at += 1
            continue
        gone = at
        while at < len(kinds) and kinds[at] == REMOVED:
            at += 1
        come = at
        while at < len(kinds) and kinds[at] == ADDED:
            at += 1
        left, right = gone, come
        for one, other in [*_matches(hunk.texts, range(gone, come), range(come, at)), (come, at)]:
            for offset in range(max(one - left, other - right)):
                before, after = left + offset, right + offset
                yield Pair(before if before < one else None, after if after < other else None)
            if one < come and other < at:
                yield Pair(one, other)
            left, right = one + 1, other + 1


def _matches(texts: Sequence[str], gone: range, come: range) -> list[tuple[int, int]]:
    """The pairs of a removed and an added line, in order, that have most words in common altogether."""
    if len(gone) == len(come) or not 0 < len(gone) * len(come) <= MAX_PAIRS:
        return []
    before = [frozenset(texts[index].split()) for index in gone]
    after = [frozenset(texts[index].split()) for index in come]
    # The best sum for what is left from each pair on, as in the longest common subsequence.
    best = [[0.0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for i in reversed(range(len(before))):
        for j in reversed(range(len(after))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + _alike(before[i], after[j]))
    found, i, j = [], 0, 0
    while i < len(before) and j < len(after):
        alike = _alike(before[i], after[j])
        if alike and best[i][j] == best[i + 1][j + 1] + alike:
            found.append((gone[i], come[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """The part of two lines' words that both have; 0 where it is too little to mean anything."""
    share = len(one & other) / max(1, len(one | other))
    return share if share >= ALIKE else 0.0


def word_changes(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The parts of two lines that differ, word by word; none where the lines have little in common.

    The work is bounded: in lines with many words, all between the first and the last difference counts
    as one.
    """
    if old == new:
        return (), ()
    before, after = _WORD.findall(old), _WORD.findall(new)
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    left, right = before[start : len(before) - end], after[start : len(after) - end]
    if max(len(left), len(right)) > MAX_WORDS:
        blocks = [(0, len(left), 0, len(right))]
    else:
        matcher = SequenceMatcher(None, left, right, autojunk=False)
        blocks = [(a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]
    changed = (_spans(before, [(start + a, start + b) for a, b, _, _ in blocks]),
               _spans(after, [(start + c, start + d) for _, _, c, d in blocks]))  # fmt: skip
    lost = sum(b - a for spans in changed for a, b in spans)
    return changed if lost <= (1 - ALIKE) * (len(old) + len(new)) else ((), ())


def _spans(words: Sequence[str], blocks: Sequence[Span]) -> tuple[Span, ...]:
    """Runs of words as spans of characters, joined where only white space is between them."""
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    spans: list[Span] = []
    last = 0
    for first, end in blocks:
        if first == end:
            continue
        if spans and all(word.isspace() for word in words[last:first]):
            spans[-1] = (spans[-1][0], ends[end])
        else:
            spans.append((ends[first], ends[end]))
        last = end
    return tuple(spans)
