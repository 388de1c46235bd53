"""What the application tells a screen, and what a screen asks of the application."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

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
    """A file is to be opened in the person's editor."""

    path: Path


class ProjectMade(Message):
    """The folder has become a project; it is to be opened anew."""
