"""Answering a question with one key, for whatever shows it."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from ..app.domain.asking import Ask, keys_of, words_of
from ..app.domain.words import ago, duration

GAP = "   "
QUIET = "$foreground-muted"


class AnswersAsks(Widget):
    """Turns keys into answers to :attr:`current_ask`; a capital letter gives the answer with a reason."""

    @dataclass
    class Answered(Message):
        """The person answered. ``with_reason``: and wants to say why before it counts."""

        ask: Ask
        answer: str
        with_reason: bool

    @property
    def current_ask(self) -> Ask | None:
        """The question that a key would answer."""
        return None

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Keys that answer are no keys of anything else."""
        return self._option(character) is not None or super().check_consume_key(key, character)

    def on_key(self, event: events.Key) -> None:
        """Answer."""
        ask, option = self.current_ask, self._option(event.character)
        if ask is None or option is None:
            return
        event.stop()
        event.prevent_default()
        if self.may_answer(option):
            assert event.character is not None
            self.post_message(self.Answered(ask, option, event.character.isupper()))

    def may_answer(self, option: str) -> bool:
        """Whether an answer counts at once; for the subclass to say."""
        return True

    def _option(self, character: str | None) -> str | None:
        ask = self.current_ask
        return keys_of(ask.options).get(character.lower()) if ask is not None and character else None


def answers(ask: Ask) -> Content:
    """The keys with what they say."""
    parts = [
        Content.assemble((key, "bold $text-accent"), " ", words_of(option))
        for key, option in keys_of(ask.options).items()
    ]
    parts.append(Content.styled("⇧ with a reason", QUIET))
    return Content(GAP).join(parts)


def waits(ask: Ask, now: float) -> str:
    """How long it has waited, and what happens where nobody answers."""
    age = ago(max(0.0, now - ask.since))
    words = "asked just now" if age == "now" else f"asked {age} ago"
    if ask.expires is not None:
        words += f" · “{words_of(ask.default)}” by itself in {duration(max(0.0, ask.expires - now))}"
    return words
