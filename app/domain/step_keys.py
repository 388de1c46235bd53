"""Keys of steps: ``review[2]/turn-1/call-1`` lies in the second turn of the workflow's step ``review``."""

from __future__ import annotations

import re

_INNER = re.compile(r"[/\[~]")


def step_of(key: str) -> str:
    """The workflow's own step that a key belongs to."""
    return _INNER.split(key, maxsplit=1)[0]
