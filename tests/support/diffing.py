"""Diffs made from two texts, without git."""

from __future__ import annotations

from difflib import SequenceMatcher

from paracle.app.domain.diffs import ADDED, CONTEXT, REMOVED, FileDiff, Hunk


def file_diff(old: str, new: str, path: str = "a.py", *, context: int = 3, **about: str) -> FileDiff:
    """A modified file whose content was ``old`` and is ``new``."""
    return FileDiff(path, path, "M", "100644", "100644", hunks_of(old, new, context), **about)  # type: ignore[arg-type]


def hunks_of(old: str, new: str, context: int = 3) -> tuple[Hunk, ...]:
    """The hunks between two texts, as git would number them."""
    before, after = _lines(old), _lines(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return tuple(
        _hunk(before, after, group) for group in matcher.get_grouped_opcodes(context) if before != after
    )


def _hunk(
    before: list[tuple[str, bool]], after: list[tuple[str, bool]], group: list[tuple[str, int, int, int, int]]
) -> Hunk:
    lines: list[tuple[str, tuple[str, bool]]] = []
    for tag, a, b, c, d in group:
        if tag == "equal":
            lines += [(CONTEXT, line) for line in before[a:b]]
            continue
        lines += [(REMOVED, line) for line in before[a:b]] + [(ADDED, line) for line in after[c:d]]
    a, b, c, d = group[0][1], group[-1][2], group[0][3], group[-1][4]
    return Hunk(
        a + (b > a),
        b - a,
        c + (d > c),
        d - c,
        "".join(kind for kind, _ in lines),
        tuple(text for _, (text, _) in lines),
        tuple(index for index, (_, (_, unended)) in enumerate(lines) if unended),
    )


def _lines(text: str) -> list[tuple[str, bool]]:
    """The lines of a text, and of each whether it has no end."""
    parts = text.split("\n")
    last = parts.pop()
    return [(part, False) for part in parts] + ([(last, True)] if last else [])
