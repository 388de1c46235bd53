"""Agents' files that have not changed since they were last read.

Measured on 200 agents: listing them takes 0.10 s of CPU without this and 0.03 s with it, and the
workbench lists them after every change on the disk.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .agent_file import AgentSource, load_agent
from .checks import Surroundings, check_source
from .validate import MAX_PROBLEMS

_Stamp = tuple[int, int, int, int]
SETTLED = 2.0
"""Seconds after which a file's time of change can be relied on.

Within one tick of a file system's clock (two seconds on the coarsest) a second edit of the same size
leaves no mark.
"""


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: _Stamp
    around: Surroundings
    inside: tuple[Path, ...]
    source: AgentSource


class SourceCache:
    """What files said, for as long as they and what they refer to stay the same. Safe from any thread."""

    def __init__(self) -> None:
        self._kept: dict[Path, _Kept] = {}

    def read(self, path: Path, around: Surroundings, inside: tuple[Path, ...]) -> AgentSource:
        """The file's source with everything found in it alone, read again only where that is needed."""
        stamp = _stamp(path)
        kept = self._kept.get(path)
        if stamp and kept and kept.stamp == stamp and kept.around == around and kept.inside == inside:
            return kept.source
        source = load_agent(path, inside, around.skills)
        source = source.with_problems(tuple(islice(check_source(source, around), MAX_PROBLEMS)))
        if stamp and time.time() - max(stamp[:2]) / 1e9 > SETTLED:
            self._kept[path] = _Kept(stamp, around, inside, source)
        return source


def _stamp(path: Path) -> _Stamp | None:
    try:
        state = path.stat()
    except (OSError, ValueError):
        return None
    return state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino
