"""The queue: what waits for a worker, in the order in which it is taken, and why it waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ..app.domain.executions import Execution
from ..app.domain.jobs import Job, Standing
from ..app.domain.words import duration
from ._cells import clean, fit
from ._keyed_lines import KeyedLines, move_bindings

STANDS = 26
"""Cells for how a job stands."""

TONES = {Standing.AT_WORK: "live", Standing.STUCK: "warn", Standing.LOST: "warn", Standing.LEFT: "warn"}


class JobsList(KeyedLines):
    """One line a job. Set ``jobs`` and ``now``; keys move and cancel the one under the cursor."""

    BINDING_GROUP_TITLE = "Jobs"
    HELP = """
    Runs that wait for a worker, the next one first: the higher the number, the earlier. `●` at work, `○`
    waits, `◌` its process is gone. `+` and `-` move a job that waits, `x` cancels it.
    """
    DEFAULT_CSS = """
    JobsList {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; color: $foreground;
        & > .jobs-list--name { color: $text; }
        & > .jobs-list--quiet { color: $text-muted; }
        & > .jobs-list--live { color: $text-primary; }
        & > .jobs-list--warn { color: $text-warning; }
        & > .jobs-list--cursor { background: $block-cursor-blurred-background; }
        &:focus > .jobs-list--cursor { background: $primary 35%; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"jobs-list--{tone}" for tone in ("name", "quiet", "live", "warn", "cursor")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *move_bindings("jobs", "job"),
        Binding("enter", "open", "To the run", id="jobs.open", tooltip="To the run"),
        Binding(
            "plus", "raise(1)", "Earlier", key_display="+", id="jobs.earlier", tooltip="Let it come earlier"
        ),
        Binding("minus", "raise(-1)", "Later", key_display="-", id="jobs.later", tooltip="Let it come later"),
        Binding("x", "cancel", "Cancel", id="jobs.cancel", tooltip="End this job before it begins"),
    ]

    @dataclass
    class Opened(Message):
        """The person wants to see the run."""

        execution: Execution

    @dataclass
    class Moved(Message):
        """A job is to have another priority."""

        job: Job
        priority: int

    @dataclass
    class Cancelled(Message):
        """A job is not to begin at all."""

        job: Job

    jobs: reactive[tuple[Job, ...]] = reactive((), init=False, repaint=False)
    now: reactive[float] = reactive(0.0, init=False)
    """Seconds since the epoch."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[Job, ...] = ()

    @property
    def highlighted(self) -> Job | None:
        """The job under the cursor."""
        return None if self.cursor_place is None else self._shown[self.cursor_place]

    def watch_jobs(self) -> None:
        self._refill()
        self.refresh_bindings()

    def watch_filter(self) -> None:
        self._refill()
        self.refresh_bindings()

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        job = self.highlighted
        if action in ("raise", "cancel") and (job is None or not job.waits):
            return f"{job.execution.short} does not wait any more" if job else "nothing is listed"
        return super().why_not(action)

    def action_open(self) -> None:
        if job := self.highlighted:
            self.post_message(self.Opened(job.execution))

    def action_raise(self, by: int) -> None:
        """Let the job come earlier or later."""
        if job := self.highlighted:
            self.post_message(self.Moved(job, job.order.priority + by))

    def action_cancel(self) -> None:
        """End the job before it begins."""
        if job := self.highlighted:
            self.post_message(self.Cancelled(job))

    def render_line(self, y: int) -> Strip:
        """How it stands, which run, its task and its priority."""
        place = y + self.scroll_offset.y
        if place >= len(self._shown):
            return Strip.blank(self._width, self.visual_style.rich_style)
        job = self._shown[place]
        is_cursor = job.execution.id == self.cursor_key
        extra = ("jobs-list--cursor",) if is_cursor else ()
        stands = fit(stands_as(job, self.now), min(STANDS, self._width // 3))
        head = "▌ " if is_cursor else "  "
        who = f" {job.execution.short} {clean(job.execution.agent)}  "
        priority = f" priority {job.order.priority}"
        room = self._width - sum(map(cell_len, (head, stands, who, priority)))
        cells = (
            (head + stands, TONES.get(job.standing(self.now), "quiet")),
            (who, "name"),
            (fit(clean(job.execution.task), max(0, room)), "quiet"),
            (priority, "quiet"),
        )
        segments = [
            Segment(words, self.get_visual_style(f"jobs-list--{tone}", *extra).rich_style)
            for words, tone in cells
        ]
        return Strip(segments).adjust_cell_length(self._width, segments[-1].style)

    def _refill(self) -> None:
        self._shown = tuple(job for job in self.jobs if job.execution.matches(self.filter))
        self.put_keys([job.execution.id for job in self._shown])


def stands_as(job: Job, now: float) -> str:
    """Glyph and words: why a job is where it is."""
    ahead = job.ahead.short if job.ahead is not None else ""
    match job.standing(now):
        case Standing.DUE:
            return "○ next in turn"
        case Standing.DELAYED:
            return f"○ in {duration(job.order.not_before - now)}"
        case Standing.BEHIND:
            return f"○ after {ahead}"
        case Standing.STUCK:
            return f"◌ after {ahead}, interrupted"
        case Standing.AT_WORK:
            return f"{job.execution.state.glyph} {job.execution.state.word}"
        case Standing.LOST:
            return "◌ to be taken up"
        case Standing.LEFT:
            return "◌ needs you to go on"
