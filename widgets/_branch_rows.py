"""The cells of a row in the list of branches, and how wide they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..app.domain.history import BranchRow, Merged
from ..app.domain.ids import shorten
from ..app.domain.states import State
from ..app.domain.words import ago, count
from ._cells import clean, fit

SHORT, AGENT, COMMITS, FILES, LINES, AGE = 4, 16, 11, 4, 14, 5
UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Look:
    """A branch with the executions it clashes with."""

    row: BranchRow
    clashes: tuple[str, ...] = ()

    def matches(self, needle: str) -> bool:
        """Whether a filter's words are all in the row."""
        words = (self.row.execution, self.row.agent, self.row.state, self.row.branch, self.standing[0])
        hay = " ".join(words).casefold()
        return all(word in hay for word in needle.casefold().split())

    @property
    def standing(self) -> tuple[str, str]:
        """How it stands towards its target, most urgent first, and the tone of that."""
        figures = self.row.figures
        if figures is not None and figures.merged is not Merged.NO:
            return f"✓ {figures.merged.value}", "good"
        words, tone = [], "quiet"
        if figures is not None and figures.conflicts:
            words.append(f"✗ conflicts in {figures.conflicts[0]}")
            tone = "bad"
        if self.clashes:
            words.append(f"⚡ clashes with {', '.join(map(shorten, self.clashes))}")
            tone = tone if tone == "bad" else "warn"
        if self.row.dirty:
            words.append(f"± {self.row.dirty} uncommitted")
            tone = "warn" if tone == "quiet" else tone
        return " · ".join(words) or ("open" if figures else "no target"), tone


def cells_of(look: Look, now: float, width: int) -> Iterator[tuple[str, str]]:
    """The cells of a row, each with its tone; together at least ``width`` cells wide."""
    row, figures = look.row, look.row.figures
    glyph = State(row.state).glyph if row.state else UNKNOWN
    yield f" {glyph} ", "quiet"
    yield f"{fit(shorten(clean(row.execution)), SHORT)} ", "quiet"
    agent = AGENT if width >= 100 else AGENT - 4
    yield f"{fit(clean(row.agent) or 'no account', agent)} ", "name"
    used = 3 + SHORT + 1 + agent + 1
    if width >= 100:
        commits = f"↑{count(figures.ahead)} ↓{count(figures.behind)}" if figures else ""
        files = f"{figures.files} f" if figures else ""
        yield f"{fit(commits, COMMITS)}{fit(files, FILES, right=True)} ", "quiet"
        used += COMMITS + FILES + 1
    yield f"{fit(f'+{figures.added} −{figures.removed}' if figures else '', LINES, right=True)}  ", "quiet"
    used += LINES + 2
    words, tone = look.standing
    room = max(8, width - used - AGE - 2)
    place = f"  {clean(row.worktree)}" if row.worktree and width >= 150 else ""
    yield fit(clean(words + place), room), tone
    yield f"{fit(ago(max(0.0, now - row.created)), AGE, right=True)}  ", "quiet"
