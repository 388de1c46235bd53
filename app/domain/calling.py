"""The bytes that call a person back to a terminal: a desktop notification and the bell."""

from __future__ import annotations

from collections.abc import Mapping

from .words import one_line

_BELL = "\a"
_SPEAKS_777 = ("rxvt", "foot")


def notification(text: str, environment: Mapping[str, str]) -> str:
    """What to write to the terminal.

    It is OSC 777 where the terminal is known to take that, and else OSC 9. A terminal that knows neither
    drops it.

    Args:
        text: shown to the person; characters that a terminal would obey are taken out.
        environment: says which terminal it is.
    """
    words = "".join(letter for letter in one_line(text, 120) if letter.isprintable()).replace(";", ",")
    has_777 = environment.get("TERM", "").startswith(_SPEAKS_777) or "VTE_VERSION" in environment
    command = f"777;notify;Paracle;{words}" if has_777 else f"9;Paracle: {words}"
    return f"\x1b]{command}{_BELL}{_BELL}"
