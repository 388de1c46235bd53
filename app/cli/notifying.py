"""Calls a person back to a terminal that has something to ask."""

from __future__ import annotations

import os
from typing import TextIO

from ..domain.calling import notification
from .printing import is_terminal


def call_back(text: str, stream: TextIO) -> None:
    """Ring the bell and show a desktop notification; nothing where no person sees the stream.

    Raises:
        OSError: the terminal has gone away.
    """
    if is_terminal(stream):
        stream.write(notification(text, os.environ))
        stream.flush()
