"""Money in whole cents, so that sums are exact."""

from __future__ import annotations


def parse_price(text: str) -> int:
    """Read a price such as ``9.50`` or ``€ 9,50`` and return it in cents.

    Raises:
        ValueError: the text is no price.
    """
    digits = text.strip().lstrip("€").strip().replace(",", ".")
    euros, _, cents = digits.partition(".")
    if not euros.isdigit() or (cents and not cents.isdigit()) or len(cents) > 2:
        raise ValueError(f"not a price: {text!r}")
    return int(euros) * 100 + int(cents.ljust(2, "0") or 0)


def show(cents: int) -> str:
    """Cents as a customer reads them: ``€ 9.50``."""
    sign = "-" if cents < 0 else ""
    return f"{sign}€ {abs(cents) // 100}.{abs(cents) % 100:02d}"


def percent_of(cents: int, percent: int) -> int:
    """A share of an amount, rounded half up to whole cents."""
    return (cents * percent + 50) // 100
