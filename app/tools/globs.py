"""Globs over paths below the root.

``*``, ``?`` and ``[…]`` stay within one name, ``**`` stands for any number of folders, ``dir/**``
for all that is below ``dir``, ``{a,b}`` for either. Matching takes time proportional to the lengths
of glob and path at worst multiplied, whatever the glob.
"""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

MAX_ALTERNATIVES = 64
_NOTHING = re.compile(r"(?!)")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")


def matches(glob: str, path: str) -> bool:
    """Whether the whole of ``path``, relative and with ``/`` between names, is what ``glob`` means."""
    names = path.split("/")
    return any(_matches(segments, names) for segments in _compiled(glob))


def selects(glob: str, path: str) -> bool:
    """As :func:`matches`, but a glob without ``/`` is about the file's name in any folder."""
    return matches(glob if "/" in glob.strip("/") else f"**/{glob}", path)


@lru_cache(maxsize=256)
def _compiled(glob: str) -> tuple[tuple[re.Pattern[str] | None, ...], ...]:
    return tuple(_segments(one) for one in _alternatives(glob))


def _alternatives(glob: str) -> list[str]:
    done: list[str] = []
    pending = [glob]
    while pending:
        one = pending.pop()
        braces = _BRACES.search(one)
        if braces is None or len(done) + len(pending) >= MAX_ALTERNATIVES:
            done.append(one)
            continue
        pending += [
            one[: braces.start()] + option + one[braces.end() :] for option in braces.group(1).split(",")
        ]
    return done


def _segments(glob: str) -> tuple[re.Pattern[str] | None, ...]:
    """One pattern a name; None for ``**``."""
    names = [name for name in glob.split("/") if name not in ("", ".")]
    if glob.endswith("/") or (names and names[-1] == "**"):
        # What is below a folder, not the folder itself.
        names = [*names, "*"] if names and names[-1] == "**" else [*names, "**", "*"]
    return tuple(None if name == "**" else re.compile(fnmatch.translate(name)) for name in names)


def _matches(segments: tuple[re.Pattern[str] | None, ...], names: list[str]) -> bool:
    # Going back to the last ** only is enough: an earlier one could take nothing that it cannot.
    at = name = 0
    star, resume = -1, 0
    while name < len(names):
        segment = segments[at] if at < len(segments) else _NOTHING
        if segment is None:
            star, resume = at, name
            at += 1
        elif segment.match(names[name]):
            at += 1
            name += 1
        elif star >= 0:
            resume += 1
            at, name = star + 1, resume
        else:
            return False
    return all(segment is None for segment in segments[at:])
