"""The steps of one execution: what was done, with which arguments, how long it took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..app.domain.events import FINAL_KINDS, STEP_KINDS, Event, Kind, brief_arguments
from ..app.domain.states import State
from ..app.domain.words import duration, one_line
from ._ink import ink
from ._plain import plain_line

MOVE = Binding.Group("Move", compact=True)
ENDS = (*FINAL_KINDS, Kind.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Step:
    """One row. ``seconds`` is None while the step runs; ``seq`` is that of the event that began it."""

    seq: int
    name: str
    brief: str
    began: float
    state: State
    seconds: float | None = None
    error: str = ""


class StepList(ScrollView, can_focus=True):
    """Rows made from step events by :meth:`put`; the newest ``LIMIT`` are kept.

    At the end it follows new steps; scrolled up it stays.
    """

    LIMIT: ClassVar[int] = 5_000
    """Rows kept; older ones are only counted."""

    DEFAULT_CSS = """
    StepList { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; }
    StepList > .step-list--quiet { color: $foreground-muted; }
    StepList > .step-list--running { color: $text-accent; text-style: bold; }
    StepList > .step-list--done { color: $text-success; }
    StepList > .step-list--failed { color: $text-error; }
    StepList > .step-list--cursor { background: $block-cursor-blurred-background; }
    StepList:focus > .step-list--cursor { color: $block-cursor-foreground; }
    StepList:focus > .step-list--cursor { background: $block-cursor-background; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "step-list--quiet",
        "step-list--running",
        "step-list--done",
        "step-list--failed",
        "step-list--cursor",
    }
    BINDING_GROUP_TITLE = "Steps"
    HELP = """
    What the run did, step by step: `●` running, `✓` done, `✗` failed, with its duration.
    `enter` shows a step in the log.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Show step", id="steps.select", tooltip="Show the step in the log"),
        Binding("down,j", "move(1)", "Down", id="steps.down", tooltip="Next step", show=False, group=MOVE),
        Binding("up,k", "move(-1)", "Up", id="steps.up", tooltip="Previous step", show=False, group=MOVE),
        Binding("home,g", "first", "First", id="steps.first", tooltip="First step", show=False, group=MOVE),
        Binding(
            "end,G",
            "last",
            "Last",
            id="steps.last",
            tooltip="Last step; follow again",
            show=False,
            group=MOVE,
        ),
        Binding(
            "pageup", "page(-1)", "Page up", id="steps.page-up", tooltip="A page up", show=False, group=MOVE
        ),
        Binding(
            "pagedown",
            "page(1)",
            "Page down",
            id="steps.page-down",
            tooltip="A page down",
            show=False,
            group=MOVE,
        ),
    ]

    @dataclass
    class StepSelected(Message):
        """Enter or a click on a step; ``seq`` is that of the event that began it."""

        seq: int

    now: reactive[float] = reactive(0.0)
    """Seconds since the epoch, for the time of running steps."""
    cursor: reactive[int] = reactive(-1, repaint=False)
    """The row under the cursor, -1 without rows."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._steps: dict[Any, Step] = {}
        self._order: list[Any] = []
        self._dropped = 0
        self._last_seq = 0

    @property
    def steps(self) -> tuple[Step, ...]:
        """The rows kept, oldest first."""
        return tuple(self._steps[key] for key in self._order)

    @property
    def dropped(self) -> int:
        """How many older steps are no longer kept."""
        return self._dropped

    def reset(self) -> None:
        """Forget all steps, for another execution."""
        self._steps.clear()
        self._order.clear()
        self._dropped = self._last_seq = 0
        self.cursor = -1
        self._lay_out()
        self.scroll_home(animate=False)

    def put(self, events: Iterable[Event]) -> None:
        """Take in events in order of ``seq``; those already seen and those of other kinds change nothing."""
        follows = self.cursor >= len(self._order) - 1
        for event in events:
            if event.seq > self._last_seq:
                self._last_seq = event.seq
                self._take(event)
        self._drop_oldest()
        self._lay_out()
        if follows and self._order:
            self.cursor = len(self._order) - 1
            self._show_cursor()

    def watch_cursor(self, old: int, new: int) -> None:
        self.refresh()
        self.refresh_bindings()

    def watch_show_vertical_scrollbar(self) -> None:
        """A bar that appears after the list has scrolled begins where the list is, not at the top."""
        self.vertical_scrollbar.position = self.scroll_y

    def watch_now(self) -> None:
        # Only running steps show a time that goes on.
        if any(step.seconds is None for step in self._steps.values()):
            self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without steps there is nothing to show; the key is dim."""
        return None if action == "select" and not self._order else True

    def why_not(self, action: str) -> str:
        """Why a key cannot act."""
        return "no step has begun" if action == "select" and not self._order else ""

    def on_click(self, event: events.Click) -> None:
        """Select the row that was clicked."""
        row = event.get_content_offset(self)
        if row is None:
            return
        index = row.y + self.scroll_offset.y - bool(self._dropped)
        if 0 <= index < len(self._order):
            self.cursor = index
            self.action_select()

    def action_select(self) -> None:
        """Tell which step the cursor is on."""
        if 0 <= self.cursor < len(self._order):
            self.post_message(self.StepSelected(self._steps[self._order[self.cursor]].seq))

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        if self._order:
            self.cursor = max(0, min(len(self._order) - 1, self.cursor + rows))
            self._show_cursor()

    def action_page(self, pages: int) -> None:
        """Move the cursor by the height of the list."""
        self.action_move(pages * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """Go to the first step kept."""
        self.action_move(-len(self._order))

    def action_last(self) -> None:
        """Go to the last step, and follow."""
        self.action_move(len(self._order))

    def render_line(self, y: int) -> Strip:
        """One row of the list."""
        width = self.size.width
        base = self.rich_style
        line = y + self.scroll_offset.y
        if self._dropped and line == 0:
            words = f"  … {self._dropped:,} earlier"
            return Strip([Segment(set_cell_size(words, width), base + ink(self, "step-list--quiet"))], width)
        index = line - bool(self._dropped)
        if not 0 <= index < len(self._order):
            if not self._order and line == 0:
                words = "No steps yet."
                return Strip(
                    [Segment(set_cell_size(words, width), base + ink(self, "step-list--quiet"))], width
                )
            return Strip.blank(width, base)
        return self._draw(self._steps[self._order[index]], width, base, index == self.cursor)

    def _draw(self, step: Step, width: int, base: Style, on_cursor: bool) -> Strip:
        quiet = ink(self, "step-list--quiet")
        tone, name_tone = self._tones(step.state, quiet)
        if on_cursor:
            cursor = self.get_component_rich_style("step-list--cursor")
            base = base + (cursor if self.has_focus else Style(bgcolor=cursor.bgcolor))
            if self.has_focus:
                tone = name_tone = quiet = Style.null()
        seconds = step.seconds
        if seconds is None and step.state is State.RUNNING:
            seconds = max(0.0, self.now - step.began)
        time = f" {duration(seconds)}" if seconds is not None else ""
        room = max(0, width - cell_len(time) - 2)
        name = one_line(step.name, max(1, room))
        brief_room = room - cell_len(name) - 1
        brief = _fit(f" {step.error or step.brief}", max(0, brief_room + 1))
        segments = [
            Segment(f"{step.state.glyph} ", base + tone),
            Segment(name, base + name_tone),
            Segment(brief, base + (tone if step.error else quiet)),
        ]
        used = 2 + cell_len(name) + cell_len(brief)
        segments.append(Segment(" " * max(0, width - used - cell_len(time)), base))
        segments.append(Segment(time, base + quiet))
        return Strip(segments).adjust_cell_length(width, base)

    def _tones(self, state: State, quiet: Style) -> tuple[Style, Style]:
        match state:
            case State.RUNNING:
                running = ink(self, "step-list--running")
                return running, running
            case State.COMPLETED:
                return ink(self, "step-list--done"), Style.null()
            case State.FAILED:
                return ink(self, "step-list--failed"), Style.null()
            case _:
                return quiet, Style.null()

    def _take(self, event: Event) -> None:
        if event.kind in ENDS:
            self._end_running(event)
        if event.kind not in STEP_KINDS:
            return
        payload = event.payload
        key = payload["step"]
        if event.kind is Kind.STEP_STARTED:
            if key not in self._steps:
                self._order.append(key)
            brief = plain_line(brief_arguments(payload["arguments"]))
            self._steps[key] = Step(
                event.seq, plain_line(payload["name"], 60), brief, event.time, State.RUNNING
            )
            return
        step = self._steps.get(key)
        if step is None:
            # Its beginning was dropped, or lies before what this list was given.
            return
        failed = event.kind is Kind.STEP_FAILED
        error = plain_line(str(payload["error"]["title"])) if failed else ""
        state = State.FAILED if failed else State.COMPLETED
        self._steps[key] = Step(step.seq, step.name, step.brief, step.began, state, payload["seconds"], error)

    def _end_running(self, event: Event) -> None:
        # A run that ended leaves no step running, whether or not the step could say so itself.
        for key, step in self._steps.items():
            if step.state is State.RUNNING:
                seconds = max(0.0, event.time - step.began)
                self._steps[key] = Step(
                    step.seq, step.name, step.brief, step.began, State.INTERRUPTED, seconds
                )

    def _drop_oldest(self) -> None:
        surplus = len(self._order) - self.LIMIT
        if surplus <= 0:
            return
        for key in self._order[:surplus]:
            del self._steps[key]
        del self._order[:surplus]
        self._dropped += surplus
        self.cursor = max(0, self.cursor - surplus)

    def _lay_out(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._order) + bool(self._dropped))
        self.refresh()
        self.refresh_bindings()

    def _show_cursor(self) -> None:
        line = self.cursor + bool(self._dropped)
        self.scroll_to_region(Region(0, line, 1, 1), animate=False, force=True, x_axis=False)


def _fit(text: str, cells: int) -> str:
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1) + "…" if cells > 1 else ""
