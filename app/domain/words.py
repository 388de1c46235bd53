"""Figures as a person reads them: durations, ages, counts, money, sizes."""

from __future__ import annotations

MICRO = 1_000_000
"""Money is kept in whole micro-dollars, so that sums are exact."""


def duration(seconds: float) -> str:
    """``0.24 s``, ``12 s``, ``2 m 05 s``, ``1 h 03 m``."""
    if seconds < 10:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} m"


def ago(seconds: float) -> str:
    """An age in one unit: ``now``, ``12 s``, ``4 m``, ``3 h``, ``9 d``."""
    if seconds < 2:
        return "now"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def count(number: int) -> str:
    """``999``, ``1.2 k``, ``48 k``, ``3.1 M``."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            value = number / size
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
    return str(number)


def plural(number: int, noun: str, many: str = "") -> str:
    """``1 file``, ``3 files``; ``many`` where the plural is not noun + s."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def usd(micro: int) -> str:
    """Micro-dollars as dollars: cents where they suffice, more digits below one cent."""
    if 0 < micro < MICRO // 100:
        return f"${micro / MICRO:.4f}"
    return f"${micro / MICRO:.2f}"


def size(number: int) -> str:
    """Bytes: ``512 B``, ``4.0 KiB``, ``50 MiB``."""
    if number < 1024:
        return f"{number} B"
    value, unit = number / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"


def one_line(text: str, width: int = 200) -> str:
    """``text`` on one line, white space folded, cut with an ellipsis at ``width`` characters."""
    # Folding works on a prefix only: the rest of a large text would be cut anyway.
    folded = " ".join(text[: width * 4].split())
    return folded if len(folded) <= width else folded[: width - 1] + "…"


def as_written(text: str, width: int = 4000) -> str:
    """``text`` with its spaces, on one line, cut at ``width`` characters: a line of code or of a log."""
    return " ".join(text[:width].splitlines()) + ("…" if len(text) > width else "")
