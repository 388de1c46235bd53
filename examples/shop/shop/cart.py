"""What a customer is about to buy."""

from __future__ import annotations

from dataclasses import dataclass

from .catalogue import Catalogue, Product


@dataclass(frozen=True)
class Line:
    """Some pieces of one article."""

    product: Product
    quantity: int

    @property
    def total(self) -> int:
        """The line's price in cents."""
        return self.product.price * self.quantity


class Cart:
    """The lines of one purchase, in the order they were added."""

    def __init__(self, customer: str = "", lines: list[Line] = []) -> None:
        self.customer = customer
        self.lines = lines

    def add(self, product: Product, quantity: int = 1) -> None:
        """Put some pieces of an article into the cart."""
        if quantity < 1:
            raise ValueError("a quantity is at least one")
        self.lines.append(Line(product, quantity))

    def quantity_of(self, sku: str) -> int:
        return sum(line.quantity for line in self.lines if line.product.sku == sku)

    @property
    def total(self) -> int:
        """The price of everything in cents, before discounts."""
        return sum(line.total for line in self.lines)

    @property
    def pieces(self) -> int:
        """How many pieces there are altogether."""
        return sum(line.quantity for line in self.lines)


def parse_wishes(wishes: list[str], catalogue: Catalogue, customer: str = "") -> Cart:
    """A cart from what was typed at the till: ``sencha:2 assam``."""
    cart = Cart(customer, [])
    for wish in wishes:
        sku, _, quantity = wish.partition(":")
        cart.add(catalogue.find(sku), int(quantity or 1))
    return cart
