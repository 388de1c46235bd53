"""What the application tells a screen, and what a screen asks of the application."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from ..app.domain.asking import Ask
from ..app.services.feed import News


@dataclass
class NewsArrived(Message):
    """Something was committed to the store, by whatever process."""

    news: News


@dataclass
class ClockTicked(Message):
    """Time for ages and elapsed times to move on. ``now`` is in seconds since the epoch."""

    now: float


class ProjectChanged(Message):
    """Files of the project changed on the disk."""


@dataclass
class EditRequested(Message):
    """A file is to be opened in the person's editor, at a line where one is given (from 1)."""

    path: Path
    line: int = 0


class ProjectMade(Message):
    """The folder has become a project; it is to be opened anew."""


@dataclass
class ReviewRequested(Message):
    """The changes of an execution are to be reviewed."""

    execution: str


class HistoryChanged(Message):
    """Branches or the person's files were changed by a merge, or by taking one back."""


@dataclass
class AsksChanged(Message):
    """What waits for a person's answer, the oldest question first."""

    asks: tuple[Ask, ...]


@dataclass
class Calling(Message):
    """The person is to be called back to the terminal; ``text`` is one line."""

    text: str
