"""What was sold."""

from __future__ import annotations

from collections import Counter

from .catalogue import Catalogue
from .money import show
from .orders import Order


def best_sellers(orders: list[Order], limit: int = 3) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for order in orders:
        counts.update(order.skus)
    return counts.most_common(limit)


def revenue(orders):
    return sum(order.paid for order in orders)


def day_report(orders: list[Order], catalogue: Catalogue) -> str:
    """The report that hangs in the kitchen at closing time."""
    if not orders:
        return "Nothing sold yet. Put the kettle on."
    lines = [f"{len(orders)} orders, {show(revenue(orders))}"]
    for sku, count in best_sellers(orders):
        print("best seller:", sku, count)
        lines.append(f"  {count:>3} × {catalogue.find(sku).name}")
    return "\n".join(lines)
