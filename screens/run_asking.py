"""The place at the foot of a run where something is chosen or typed; it takes no room while nothing is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input, Static

from ..app.domain.errors import ParacleError
from ..widgets._plain import plain_line
from .review_bar import AskLine, Question, QuestionLine


class RunAsking(Vertical):
    """Asks in place. One question at a time: a new one takes the place of the one before."""

    DEFAULT_CSS = """
    RunAsking { height: auto; }
    RunAsking #asks { height: auto; padding: 0 1; display: none; color: $text-accent; text-style: bold; }
    RunAsking #asks.-shown { display: block; }
    RunAsking #asks.-wrong { color: $text-error; text-style: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._answered: Callable[[str], object] | None = None
        self._back: Widget | None = None
        self._words = ""

    def compose(self) -> ComposeResult:
        yield Static(id="asks", markup=False)

    @property
    def is_open(self) -> bool:
        """Whether something is being asked."""
        return bool(self.query("QuestionLine, AskLine"))

    async def ask(self, question: Question, answered: Callable[[str], object]) -> None:
        """Let one of the question's options be chosen."""
        await self._begin(answered)
        line = QuestionLine()
        line.question = question
        await self.mount(line)
        line.focus()

    async def ask_for_text(
        self, words: str, answered: Callable[[str], object], *, names: Sequence[str] = ()
    ) -> None:
        """Let a line be typed. It stays until :meth:`close`, so that :meth:`refuse` can say what is wrong.

        Args:
            names: what the line completes.
        """
        await self._begin(answered)
        self._words = words
        self._say(words)
        line = AskLine("", names)
        await self.mount(line)
        line.focus()

    def refuse(self, error: ParacleError) -> None:
        """Say why what was typed does not do."""
        parts = [part for part in (error.title, error.detail, error.hint) if part]
        self._say(f"✗ {' · '.join(parts)}", wrong=True)

    async def close(self) -> None:
        """Ask no more, and give the focus back."""
        had_focus = self.has_focus_within
        await self._clear()
        if had_focus and self._back is not None and self._back.is_attached:
            self._back.focus()

    @on(QuestionLine.Answered)
    async def _chosen(self, message: QuestionLine.Answered) -> None:
        message.stop()
        answered = self._answered
        await self.close()
        if answered is not None:
            answered(message.answer)

    @on(Input.Submitted)
    def _typed(self, message: Input.Submitted) -> None:
        message.stop()
        if self._answered is not None:
            self._answered(message.value)

    @on(Input.Changed)
    def _mended(self, message: Input.Changed) -> None:
        message.stop()
        self._say(self._words)

    @on(QuestionLine.Left)
    @on(AskLine.Left)
    async def _left(self, message: QuestionLine.Left | AskLine.Left) -> None:
        message.stop()
        await self.close()

    async def _begin(self, answered: Callable[[str], object]) -> None:
        focused = self.screen.focused
        if focused is not None and self not in focused.ancestors:
            self._back = focused
        await self._clear()
        self._answered = answered

    async def _clear(self) -> None:
        self._answered = None
        self._words = ""
        self._say("")
        await self.query("QuestionLine, AskLine").remove()

    def _say(self, words: str, *, wrong: bool = False) -> None:
        line = self.query_one("#asks", Static)
        line.update(plain_line(words, 400))
        line.set_class(bool(words), "-shown")
        line.set_class(wrong, "-wrong")
