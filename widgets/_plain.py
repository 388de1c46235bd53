"""Text from files, tools and models made fit to be drawn."""

from __future__ import annotations

from ..app.domain.words import one_line

TAB = 4
"""Cells between tab stops; editors' default for most of what is shown here."""

_TEXT_CONTROLS = "\n\t"
_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def _signs() -> dict[int, str]:
    # An escape character would reach the terminal as a command, and a direction override would
    # show code in another order than it runs; both appear as a sign instead.
    signs = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in _TEXT_CONTROLS}
    signs[0x7F] = "␡"
    signs.update(dict.fromkeys(range(0x80, 0xA0), "�"))
    signs.update(dict.fromkeys(map(ord, _BIDI), "�"))
    return signs


_SIGNS = _signs()


def plain(text: str) -> str:
    """``text`` with tabs expanded, line breaks made ``\\n``, and no character a terminal would obey."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    # Surrogates stand for bytes that were not text; they cannot be written to a terminal.
    return unified.translate(_SIGNS).expandtabs(TAB).encode("utf-8", "replace").decode("utf-8")


def plain_line(text: str, width: int = 200) -> str:
    """``text`` on one line, made safe, cut with an ellipsis at ``width`` characters."""
    return plain(one_line(text, width))
