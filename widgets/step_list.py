"""The steps of one execution: what was done, with which arguments, how long it took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

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

from ..app.domain.events import Event
from ..app.domain.states import State
from ..app.domain.words import duration, one_line
from ._ink import ink
from ._step_rows import Step, StepRows

MOVE = Binding.Group("Move", compact=True)


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
    What the run did, step by step: `●` running, `✓` done, `✗` failed, `○` left out, with its duration.
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
        self._rows = StepRows(self.LIMIT)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The rows kept, from the top."""
        return self._rows.steps

    @property
    def dropped(self) -> int:
        """How many older steps are no longer kept."""
        return self._rows.dropped

    def reset(self) -> None:
        """Forget all steps, for another execution."""
        self._rows = StepRows(self.LIMIT)
        self.cursor = -1
        self._lay_out()
        self.scroll_home(animate=False)

    def put(self, events: Iterable[Event]) -> None:
        """Take in events in order of ``seq``; those already seen and those of other kinds change nothing."""
        follows = self.cursor >= len(self._rows) - 1
        gone = self._rows.put(events)
        if gone:
            self.cursor = max(0, self.cursor - gone)
        self._lay_out()
        if follows and len(self._rows):
            self.cursor = len(self._rows) - 1
            self._show_cursor()

    def go_to(self, seq: int) -> None:
        """Put the cursor on the step that an event began; it stays where that is no longer kept."""
        for place, step in enumerate(self._rows.steps):
            if step.seq == seq:
                self.cursor = place
                self._show_cursor()

    def watch_cursor(self, old: int, new: int) -> None:
        self.refresh()
        self.refresh_bindings()

    def watch_show_vertical_scrollbar(self) -> None:
        """A bar that appears after the list has scrolled begins where the list is, not at the top."""
        self.vertical_scrollbar.position = self.scroll_y

    def watch_now(self) -> None:
        # Only running steps show a time that goes on.
        if self._rows.any_running:
            self.refresh()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without steps there is nothing to show; the key is dim."""
        return None if action == "select" and not self._rows else True

    def why_not(self, action: str) -> str:
        """Why a key cannot act."""
        return "no step has begun" if action == "select" and not self._rows else ""

    def on_click(self, event: events.Click) -> None:
        """Select the row that was clicked."""
        row = event.get_content_offset(self)
        if row is None:
            return
        index = row.y + self.scroll_offset.y - bool(self.dropped)
        if 0 <= index < len(self._rows):
            self.cursor = index
            self.action_select()

    def action_select(self) -> None:
        """Tell which step the cursor is on."""
        if 0 <= self.cursor < len(self._rows):
            self.post_message(self.StepSelected(self._rows[self.cursor].seq))

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        if self._rows:
            self.cursor = max(0, min(len(self._rows) - 1, self.cursor + rows))
            self._show_cursor()

    def action_page(self, pages: int) -> None:
        """Move the cursor by the height of the list."""
        self.action_move(pages * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """Go to the first step kept."""
        self.action_move(-len(self._rows))

    def action_last(self) -> None:
        """Go to the last step, and follow."""
        self.action_move(len(self._rows))

    def render_line(self, y: int) -> Strip:
        """One row of the list."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        line = y + self.scroll_offset.y
        if self.dropped and line == 0:
            words = f"  … {self.dropped:,} earlier"
            return Strip([Segment(set_cell_size(words, width), base + ink(self, "step-list--quiet"))], width)
        index = line - bool(self.dropped)
        if not 0 <= index < len(self._rows):
            if not self._rows and line == 0:
                words = "No steps yet."
                return Strip(
                    [Segment(set_cell_size(words, width), base + ink(self, "step-list--quiet"))], width
                )
            return Strip.blank(width, base)
        return self._draw(self._rows[index], width, base, index == self.cursor)

    def _draw(self, step: Step, width: int, base: Style, on_cursor: bool) -> Strip:
        quiet = ink(self, "step-list--quiet")
        tone, name_tone = self._tones(step, quiet)
        if on_cursor:
            cursor = self.get_component_rich_style("step-list--cursor")
            base = base + (cursor if self.has_focus else Style(bgcolor=cursor.bgcolor))
            if self.has_focus:
                tone = name_tone = quiet = Style.null()
        seconds = step.seconds
        if seconds is None and step.state is State.RUNNING:
            seconds = max(0.0, self.now - step.began)
        time = f" {duration(seconds)}" if seconds is not None else ""
        indent = min(2 * step.depth, width // 3)
        room = max(0, width - cell_len(time) - 2 - indent)
        name = one_line(step.name, max(1, room))
        brief_room = room - cell_len(name) - 1
        brief = _fit(f" {step.error or step.brief}", max(0, brief_room + 1))
        segments = [
            Segment(" " * indent + f"{step.glyph} ", base + tone),
            Segment(name, base + name_tone),
            Segment(brief, base + (tone if step.error else quiet)),
        ]
        used = indent + 2 + cell_len(name) + cell_len(brief)
        segments.append(Segment(" " * max(0, width - used - cell_len(time)), base))
        segments.append(Segment(time, base + quiet))
        return Strip(segments).adjust_cell_length(width, base)

    def _tones(self, step: Step, quiet: Style) -> tuple[Style, Style]:
        match step.state:
            case State.RUNNING:
                running = ink(self, "step-list--running")
                return running, running
            case State.COMPLETED if not step.is_left_out:
                return ink(self, "step-list--done"), Style.null()
            case State.FAILED:
                return ink(self, "step-list--failed"), Style.null()
            case _:
                return quiet, Style.null()

    def _lay_out(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows) + bool(self.dropped))
        self.refresh()
        self.refresh_bindings()

    def _show_cursor(self) -> None:
        line = self.cursor + bool(self.dropped)
        self.scroll_to_region(Region(0, line, 1, 1), animate=False, force=True, x_axis=False)


def _fit(text: str, cells: int) -> str:
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1) + "…" if cells > 1 else ""
