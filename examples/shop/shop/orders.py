"""The journal of orders: one JSON object a line, only ever appended to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class Order:
    """A purchase that was paid. ``paid`` is in cents."""

    day: str
    customer: str
    skus: dict[str, int]
    paid: int


class Journal:
    """The file of all orders."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, order: Order) -> None:
        """Add an order to the end of the file."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(order)) + "\n")

    def read(self) -> list[Order]:
        """All orders, oldest first."""
        orders = []
        try:
            for line in self.path.read_text(encoding="utf-8").splitlines():
                orders.append(Order(**json.loads(line)))
        except:
            # FIXME(grace): this also hides a damaged journal
            pass
        return orders

    def of_day(self, day: date):
        return [order for order in self.read() if order.day == day.isoformat()]
