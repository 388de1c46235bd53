"""What an execution asks a person, as faces show it, and the one key that gives each answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WORDS = {"run": "yes, for this run", "again": "do it again", "leave": "leave it"}
"""What some answers say to a person; the others say it themselves."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that waits.

    Attributes:
        id: ``<execution>:<number>``.
        execution: the id of who asks; ``who`` names it to a person.
        options: what can be answered; the first says yes, the last no.
        default: the answer at ``expires`` (seconds since the epoch), where there is such a time.
        since: when it was asked, the same.
    """

    id: str
    execution: str
    who: str
    question: str
    detail: str
    options: tuple[str, ...]
    default: str = ""
    expires: float | None = None
    since: float = 0.0


def keys_of(options: Sequence[str]) -> dict[str, str]:
    """A key for each answer: ``y`` for the first, ``n`` for the last, their first letter for others."""
    first, *between, last = options
    return {"y": first, **{option[0]: option for option in between}, "n": last}


def words_of(option: str) -> str:
    """An answer in a person's words."""
    return WORDS.get(option, option)
