"""What a run asks its person, in place: the question, what it is about, and a key for each answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from ..app.domain.asking import Ask
from ._answer_keys import QUIET, AnswersAsks, answers, waits
from ._plain import plain, plain_line


class ApprovalBox(AnswersAsks, can_focus=True):
    """Shows ``asks``, one at a time; takes no room while there is none.

    Where it got the focus by the key that also says no, that key has to be pressed once more:
    whoever goes from question to question must not turn one down by going on.
    """

    BINDING_GROUP_TITLE = "Question"
    HELP = """
    The run waits for this. The key before an answer gives it at once; as a capital letter it lets you say
    why first. Nothing else of the run is touched by an answer.
    """
    DEFAULT_CSS = """
    ApprovalBox {
        height: auto; max-height: 12; display: none; layout: vertical; padding: 0 1;
        border: round $warning; border-title-color: $text-warning; border-title-style: bold;
        border-subtitle-color: $foreground-muted;
    }
    ApprovalBox:focus { border: round $accent; background: $boost; }
    ApprovalBox Static { height: auto; }
    ApprovalBox #question { text-style: bold; }
    ApprovalBox VerticalScroll { height: auto; max-height: 4; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "turn(1)", "Next question", id="ask.next", tooltip="The next question here"),
        Binding("left,h", "turn(-1)", "Previous", id="ask.previous", show=False, tooltip="The one before it"),
        Binding("down,j", "scroll(1)", "Down", id="ask.down", show=False, tooltip="More of what it is about"),
        Binding("up,k", "scroll(-1)", "Up", id="ask.up", show=False, tooltip="Back up"),
    ]

    @dataclass
    class Turned(Message):
        """Another of several questions is shown."""

        ask: Ask

    asks: reactive[tuple[Ask, ...]] = reactive((), init=False)
    """The questions, oldest first."""
    now: reactive[float] = reactive(0.0, init=False)
    """Seconds since the epoch."""

    def __init__(self, *, answers: bool = True, id: str | None = None) -> None:
        """Make the box.

        Args:
            answers: Keys answer here; else it only shows what something else answers.
            id: The widget's id.
        """
        super().__init__(id=id)
        self.can_focus = answers
        self._shown = ""
        self._guards_no = False
        self._warns = False

    def compose(self) -> ComposeResult:
        yield Static(id="question", markup=False)
        with VerticalScroll(can_focus=False):
            yield Static(id="detail", markup=False)
        yield Static(id="keys", markup=False)
        yield Static(id="waits", markup=False)

    @property
    def current_ask(self) -> Ask | None:
        """The question that is shown."""
        return next((ask for ask in self.asks if ask.id == self._shown), None)

    def show(self, identifier: str) -> None:
        """Show one of the questions."""
        if any(ask.id == identifier for ask in self.asks):
            self._shown = identifier
            self._draw()

    def jump_here(self) -> None:
        """Take the focus, having come by the key that also says no."""
        self.focus()
        self._guards_no = True

    def may_answer(self, option: str) -> bool:
        """The key that came here says no only when it is pressed again."""
        ask = self.current_ask
        if self._guards_no and ask is not None and option == ask.options[-1]:
            self._guards_no, self._warns = False, True
            self.query_one("#waits", Static).update(
                Content.styled("n once more says no; y and the others count at once", "$text-warning")
            )
            self.app.bell()
            return False
        return True

    def watch_asks(self, before: tuple[Ask, ...], asks: tuple[Ask, ...]) -> None:
        if self.current_ask is None:
            self._shown = asks[0].id if asks else ""
            if self.has_focus and self._shown not in {ask.id for ask in before}:
                # No key meant for the last question may answer one that came up under the fingers.
                self.blur()
        self.display = bool(asks)
        self._draw()

    def watch_now(self) -> None:
        ask = self.current_ask
        if ask is not None and not self._warns:
            self.query_one("#waits", Static).update(Content.styled(waits(ask, self.now), QUIET))

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self._guards_no = self._guards_no and has_focus
        self._warns = self._warns and has_focus
        self._draw_keys()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """With one question there is no other to turn to."""
        return len(self.asks) > 1 if action == "turn" else True

    def action_turn(self, by: int) -> None:
        """Show another of the questions."""
        places = [ask.id for ask in self.asks]
        if self._shown in places:
            ask = self.asks[(places.index(self._shown) + by) % len(places)]
            self.show(ask.id)
            self.post_message(self.Turned(ask))

    def action_scroll(self, by: int) -> None:
        """Scroll what the question is about."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def _draw_keys(self) -> None:
        ask = self.current_ask
        if ask is None:
            return
        keys = answers(ask)
        if self.can_focus and not self.has_focus:
            # These keys mean something else where the focus is now.
            way = Content.assemble(("n", "bold $text-accent"), " to answer   ")
            keys = way + keys.stylize("dim")
        self.query_one("#keys", Static).update(keys)

    def _draw(self) -> None:
        ask = self.current_ask
        if ask is None:
            return
        self._warns = False
        self.border_title = f"◐ {plain_line(ask.who, 60)} asks"
        place = [one.id for one in self.asks].index(ask.id) + 1
        self.border_subtitle = f"{place} of {len(self.asks)}" if len(self.asks) > 1 else ""
        self.query_one("#question", Static).update(plain_line(ask.question, 400))
        detail = plain(ask.detail).strip("\n")
        self.query_one("#detail", Static).update(detail)
        self.query_one(VerticalScroll).display = bool(detail)
        self._draw_keys()
        self.query_one("#waits", Static).update(Content.styled(waits(ask, self.now), QUIET))
        self.refresh_bindings()
