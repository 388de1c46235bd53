"""When each step of a run began and ended, on one axis of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..app.domain.states import State
from ..app.domain.words import duration, one_line
from ._cells import fit
from ._ink import ink
from ._step_rows import Step

MOVE = Binding.Group("Move", compact=True)
NAMES = 24
"""The most cells for the names."""

TIME = 8
EIGHTHS = " ▏▎▍▌▋▊▉█"
LEAST_SPAN = 0.1
"""Seconds that the axis shows at the least."""

TONES = {
    State.RUNNING: "running",
    State.COMPLETED: "done",
    State.FAILED: "failed",
    State.INTERRUPTED: "cut-off",
}


class StepTimeline(ScrollView, can_focus=True):
    """A line a step with a bar from its beginning to its end; what runs grows up to ``now``.

    Set ``steps`` and ``now``. A step shorter than a cell is a thin mark, so that none is invisible.
    """

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "Timeline"
    HELP = """
    When each step began and how long it took; steps side by side ran at the same time. `enter` shows a step
    in the log, `i` leaves out what lies within the steps of a workflow, or shows it.
    """
    DEFAULT_CSS = """
    StepTimeline { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; padding: 0 1; }
    StepTimeline > .step-timeline--quiet { color: $foreground-muted; }
    StepTimeline > .step-timeline--running { color: $text-accent; }
    StepTimeline > .step-timeline--done { color: $text-success; }
    StepTimeline > .step-timeline--failed { color: $text-error; }
    StepTimeline > .step-timeline--cut-off { color: $text-warning; }
    StepTimeline > .step-timeline--cursor { background: $block-cursor-blurred-background; }
    StepTimeline:focus > .step-timeline--cursor { background: $primary 35%; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"step-timeline--{tone}" for tone in ("quiet", "running", "done", "failed", "cut-off", "cursor")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Show step", id="timeline.select", tooltip="Show the step in the log"),
        Binding(
            "i", "toggle_inner", "Inner steps", id="timeline.inner", tooltip="Show or leave out inner steps"
        ),
        Binding("down,j", "move(1)", "Down", id="timeline.down", show=False, group=MOVE, tooltip="Next step"),
        Binding("up,k", "move(-1)", "Up", id="timeline.up", show=False, group=MOVE, tooltip="Step before"),
        Binding(
            "home,g", "move(-9999)", "First", id="timeline.first", show=False, group=MOVE, tooltip="First"
        ),
        Binding("end,G", "move(9999)", "Last", id="timeline.last", show=False, group=MOVE, tooltip="Last"),
    ]

    @dataclass
    class StepSelected(Message):
        """Enter or a click on a step; ``seq`` is that of the event that began it."""

        seq: int

    steps: reactive[tuple[Step, ...]] = reactive((), init=False, repaint=False)
    now: reactive[float] = reactive(0.0, init=False, repaint=False)
    """Seconds since the epoch."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[Step, ...] = ()
        self._cursor = 0
        self._hides_inner = False
        self._axis = (0.0, LEAST_SPAN)

    @property
    def cursor(self) -> int:
        """The ``seq`` of the step under the cursor, 0 where there is none."""
        return self._cursor

    def watch_steps(self) -> None:
        self._refill()

    def watch_now(self) -> None:
        if any(step.seconds is None for step in self.steps):
            self._measure()
            self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where no step lies in another there is nothing to leave out."""
        if action == "toggle_inner":
            return any(step.depth for step in self.steps)
        return True

    def on_click(self, event: events.Click) -> None:
        """Select the row that was clicked."""
        offset = event.get_content_offset(self)
        place = offset.y - 1 + self.scroll_offset.y if offset is not None and offset.y else -1
        if 0 <= place < len(self._shown):
            self._cursor = self._shown[place].seq
            self.action_select()

    def action_select(self) -> None:
        """Tell which step the cursor is on."""
        if self._cursor:
            self.post_message(self.StepSelected(self._cursor))

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        if self._shown:
            place = max(0, min(len(self._shown) - 1, self._place() + by))
            self._cursor = self._shown[place].seq
            self.scroll_to_region(Region(0, place, 1, 2), animate=False, force=True, x_axis=False)
            self.refresh()

    def action_toggle_inner(self) -> None:
        """Leave out what lies within the steps of a workflow, or show it."""
        self._hides_inner = not self._hides_inner
        self._refill()

    def render_line(self, y: int) -> Strip:
        """The axis stays at the top; the steps scroll below it."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        if y == 0:
            quiet = base + ink(self, "step-timeline--quiet")
            return Strip([Segment(self._axis_words(width), quiet)]).adjust_cell_length(width, base)
        place = y - 1 + self.scroll_offset.y
        if place >= len(self._shown):
            return Strip.blank(width, base)
        return self._row(self._shown[place], width, base)

    def _row(self, step: Step, width: int, base: Style) -> Strip:
        named = "quiet" if step.is_left_out else TONES.get(step.state, "quiet")
        tone = ink(self, f"step-timeline--{named}")
        if step.seq == self._cursor:
            base = base + self.get_component_rich_style("step-timeline--cursor")
        names, bars = self._widths(width)
        indent = min(2 * step.depth, names // 2)
        name = fit(one_line(step.name, names), max(0, names - indent - 2))
        seconds = self._seconds(step)
        before, bar = self._bar(step, bars)
        rest = max(0, bars - cell_len(before) - cell_len(bar))
        quiet = ink(self, "step-timeline--quiet")
        segments = [
            Segment(" " * indent + f"{step.glyph} ", base + tone),
            Segment(f"{name} ", base),
            Segment(before, base),
            Segment(bar, base + tone),
            Segment(" " * rest, base),
            Segment(fit(duration(seconds), TIME, right=True), base + quiet),
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _bar(self, step: Step, cells: int) -> tuple[str, str]:
        """The blank before the bar and the bar, to an eighth of a cell at its end."""
        begin, span = self._axis
        first = min(cells - 1, int((step.began - begin) / span * cells)) if cells else 0
        eighths = max(1, round(self._seconds(step) / span * cells * 8))
        eighths = min(eighths, max(0, cells - first) * 8)
        whole, part = divmod(eighths, 8)
        return " " * max(0, first), "█" * whole + (EIGHTHS[part] if part else "")

    def _axis_words(self, width: int) -> str:
        names, bars = self._widths(width)
        _, span = self._axis
        half, whole = duration(span / 2), duration(span)
        line = fit("0", max(0, bars // 2 - cell_len(half) // 2)) + half
        return " " * (names + 1) + fit(line, max(0, bars - cell_len(whole))) + whole

    def _widths(self, width: int) -> tuple[int, int]:
        names = min(NAMES, width // 3)
        return names, max(0, width - names - 1 - TIME)

    def _seconds(self, step: Step) -> float:
        return step.seconds if step.seconds is not None else max(0.0, self.now - step.began)

    def _place(self) -> int:
        return next((place for place, step in enumerate(self._shown) if step.seq == self._cursor), 0)

    def _refill(self) -> None:
        self._shown = tuple(step for step in self.steps if not (self._hides_inner and step.depth))
        if self._shown and not any(step.seq == self._cursor for step in self._shown):
            self._cursor = self._shown[0].seq
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._shown) + 1)
        self._measure()
        self.refresh()
        self.refresh_bindings()

    def _measure(self) -> None:
        begin = min((step.began for step in self.steps), default=0.0)
        end = max((step.began + self._seconds(step) for step in self.steps), default=0.0)
        self._axis = begin, max(LEAST_SPAN, end - begin)
