"""The runs that are open beside each other, each a tab with its state."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from ..app.domain.executions import Execution
from ._plain import plain_line
from .run_summary import QUIET, TONES

MOST = 9
"""Runs that are open at a time; the one that was opened first goes."""

NAME = 18


class RunTabs(Widget):
    """One line. Whoever holds it shows it where more than one run is open.

    Open a run with :meth:`open`; ``active`` is the id of the one that is shown.
    """

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    RunTabs { height: 1; padding: 0 1; background: $panel; text-wrap: nowrap; display: none; }
    """

    @dataclass
    class Chosen(Message):
        """The person clicked another run."""

        execution: Execution

    runs: reactive[tuple[Execution, ...]] = reactive((), init=False)
    active: reactive[str] = reactive("", init=False)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._places: list[tuple[range, Execution]] = []

    def open(self, run: Execution) -> None:
        """Show a run; a new one gets a tab at the end."""
        if not any(one.id == run.id for one in self.runs):
            self.runs = (*self.runs, run)[-MOST:]
        self.active = run.id

    def close(self) -> Execution | None:
        """Take the active tab away; gives the run that is to be shown then, ``None`` after the last."""
        place = self._place
        self.runs = tuple(run for run in self.runs if run.id != self.active)
        return self.runs[min(place, len(self.runs) - 1)] if self.runs else None

    def beside(self, by: int) -> Execution | None:
        """The run ``by`` tabs to the right of the active one, round the end."""
        return self.runs[(self._place + by) % len(self.runs)] if self.runs else None

    def update_rows(self, rows: Iterable[Execution]) -> None:
        """Take in how the runs stand now."""
        now = {row.id: row for row in rows}
        self.runs = tuple(now.get(run.id, run) for run in self.runs)

    def render(self) -> Content:
        """Glyph, id and name; where that is too long, those far from the active one go."""
        drawn = [self._drawn(run) for run in self.runs]
        first, last = self._in_sight([part.cell_length for part in drawn])
        parts = [Content.styled("… ", QUIET)] if first else []
        left = sum(part.cell_length for part in parts)
        self._places = []
        for run, part in list(zip(self.runs, drawn, strict=True))[first:last]:
            self._places.append((range(left, left + part.cell_length), run))
            left += part.cell_length
            parts.append(part)
        if last < len(drawn):
            parts.append(Content.styled("…", QUIET))
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        """Go to the run that was clicked."""
        offset = event.get_content_offset(self)
        for place, run in self._places:
            if offset is not None and offset.x in place:
                self.post_message(self.Chosen(run))

    @property
    def _place(self) -> int:
        return next((place for place, run in enumerate(self.runs) if run.id == self.active), 0)

    def _drawn(self, run: Execution) -> Content:
        tone = TONES.get(run.state, QUIET)
        is_active = run.id == self.active
        name = f"{run.short} {plain_line(run.agent, NAME)}"
        words = Content.styled(name, "bold underline $text-accent" if is_active else QUIET)
        return Content.assemble(" ", (run.state.glyph, tone), " ", words, " ")

    def _in_sight(self, widths: list[int]) -> tuple[int, int]:
        """The tabs from the first to the last (exclusive) that fit around the active one."""
        room = self.content_size.width - len("… …")
        first, last = self._place, self._place + 1
        used = widths[first] if widths else 0
        while True:
            if last < len(widths) and used + widths[last] <= room:
                used += widths[last]
                last += 1
            elif first > 0 and used + widths[first - 1] <= room:
                first -= 1
                used += widths[first]
            else:
                return (first, last) if widths else (0, 0)
