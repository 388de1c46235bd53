"""The line above the keys of a review: what can be done with all of it, and the questions about that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input

from ..widgets._plain import plain_line

GAP = "   "


@dataclass(frozen=True, slots=True)
class Option:
    """A key that answers. ``why_not``: why it cannot now; ``current``: it is how things stand already."""

    key: str
    label: str | Content
    answer: str
    why_not: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Something to be confirmed or chosen. ``says`` are lines, each with its colour."""

    title: str
    says: tuple[tuple[str, str], ...]
    options: tuple[Option, ...]


class QuestionLine(Widget, can_focus=True):
    """Asks in place: nothing is covered, ``esc`` takes the question away."""

    ALLOW_SELECT = False
    BINDING_GROUP_TITLE = "Question"
    HELP = "Answer with the key that stands before the words, or leave with `esc`."
    DEFAULT_CSS = """
    QuestionLine {
        height: auto; max-height: 10; padding: 0 1; background: $boost; border-left: outer $accent;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave it", id="question.leave", tooltip="Leave everything as it is"),
    ]

    @dataclass
    class Answered(Message):
        """The person answered."""

        answer: str

    class Left(Message):
        """The person does not want it after all."""

    question: reactive[Question | None] = reactive(None, layout=True)

    def render(self) -> Content:
        """The title, what there is to know, and the answers."""
        return self._drawn(self.content_size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are at the width that the line gets, not at the one it had before."""
        return len(self._drawn(width).wrap(max(1, width)))

    def _drawn(self, width: int) -> Content:
        question = self.question
        if question is None:
            return Content("")
        width = max(20, width)
        lines: list[Content] = []
        for words, tone in ((question.title, "bold"), *question.says):
            lines += Content.styled(plain_line(words, 400), tone).wrap(width)
        return Content("\n").join([*lines, *_answers(question.options, width)])

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Letters are answers here, and no keys of anything else."""
        return character is not None and character.isprintable()

    def on_key(self, event: events.Key) -> None:
        """Answer."""
        pressed = event.character if event.is_printable else event.key
        for option in self.question.options if self.question else ():
            if option.key == pressed:
                event.stop()
                event.prevent_default()
                if option.why_not:
                    self.app.bell()
                elif not option.current:
                    self.post_message(self.Answered(option.answer))

    def action_leave(self) -> None:
        """Leave everything as it is."""
        self.post_message(self.Left())


def _answers(options: tuple[Option, ...], width: int) -> list[Content]:
    """The keys with their words, on as many lines as they need."""
    leave = Option("esc", "leave it", "")
    lines: list[Content] = []
    line = Content("")
    for option in (*options, leave):
        dim = "dim " if option.why_not else ""
        mark = "▸" if option.current else ""
        tone = "bold $text-accent" if option.current else f"{dim}$foreground"
        words = f"{option.label} ({option.why_not})" if option.why_not else str(option.label)
        part = Content.assemble((option.key, f"{dim}bold $text-accent"), " ", (mark + words, tone))
        if line.cell_length and line.cell_length + len(GAP) + part.cell_length > width:
            lines.append(line)
            line = Content("")
        line = line + Content(GAP) + part if line.cell_length else part
    return [*lines, line]


class ActionLine(Widget):
    """What can be done with the whole review, at rest. Set ``actions``; a click presses a key."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ActionLine { height: 1; padding: 0 1; }
    """

    actions: reactive[tuple[Option, ...]] = reactive(())
    """Key, words, action, and why it cannot be done now."""
    note: reactive[str] = reactive("")
    """What is being done at this moment; empty for nothing."""
    asks: reactive[str] = reactive("")
    """What is being typed below, in place of the actions; empty for nothing."""
    problem: reactive[str] = reactive("")
    """What is wrong with what was typed; empty for nothing."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._places: list[tuple[range, str]] = []

    def render(self) -> Content:
        """The keys at the left, what goes on behind them; where that is narrow, dim keys lose their words."""
        if self.asks:
            if self.problem:
                return Content.styled(f"✗ {plain_line(self.problem, 200)}", "$text-error")
            return Content.styled(plain_line(self.asks, 200), "bold $text-accent")
        note = (
            Content.styled(f"{GAP}{plain_line(self.note, 80)}", "$text-accent") if self.note else Content("")
        )
        room = self.content_size.width - note.cell_length
        keys = self._keys(lambda option: True)
        if self.note and keys.cell_length > room:
            keys = self._keys(lambda option: not option.why_not)
        return keys + note

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        for place, key in self._places:
            if offset is not None and offset.x in place:
                self.app.simulate_key(key)

    def _keys(self, has_words: Callable[[Option], bool]) -> Content:
        self._places = []
        line = Content("")
        for option in self.actions:
            dim = "dim " if option.why_not else ""
            part = Content.styled(option.key, f"{dim}bold $footer-key-foreground")
            if has_words(option):
                words = Content.assemble(option.label).stylize_before(f"{dim}$foreground")
                part = Content.assemble(part, " ", words)
            line = line + Content("  ") + part if self._places else part
            end = line.cell_length
            self._places.append((range(end - part.cell_length, end), option.key))
        return line


class AskLine(Input):
    """A line to type into: a note, what to search, a name. Of ``names`` it completes the first that fits."""

    BINDING_GROUP_TITLE = "Typing"
    HELP = "`enter` keeps what is typed, `right` completes a name, `esc` leaves everything as it was."
    DEFAULT_CSS = """
    AskLine { height: 1; border: none; padding: 0 1; background: $boost; }
    AskLine:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Keep", id="typing.keep", tooltip="Keep what is typed"),
        Binding("escape", "leave", "Leave it", id="typing.leave", tooltip="Leave everything as it was"),
    ]

    class Left(Message):
        """The person does not want it after all."""

    def __init__(self, value: str = "", names: Sequence[str] = ()) -> None:
        super().__init__(value, suggester=SuggestFromList(names) if names else None)

    def action_leave(self) -> None:
        """Leave everything as it was."""
        self.post_message(self.Left())
