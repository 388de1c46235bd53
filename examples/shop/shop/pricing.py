"""Discounts: what the shop takes off, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .cart import Cart
from .money import percent_of

REGULARS = {"Ada", "Grace", "Edsger"}


@dataclass(frozen=True)
class Discount:
    """An amount in cents that is taken off, and its reason as the receipt prints it."""

    amount: int
    reason: str


def discount_for(cart: Cart, today: date, code: str = "") -> Discount:
    """The best discount that applies to a cart.

    The rules grew over the years: regulars, codes, tea of the month, quantities, and the teapot.
    """
    best = Discount(0, "")
    if cart.customer in REGULARS:
        if cart.total >= 5000:
            best = Discount(percent_of(cart.total, 10), "regular customer, large order")
        elif cart.total >= 2000:
            best = Discount(percent_of(cart.total, 5), "regular customer")
    if code:
        if code == "SPRING":
            if 3 <= today.month <= 5:
                amount = percent_of(cart.total, 15)
                if amount > best.amount:
                    best = Discount(amount, "spring code")
        elif code == "KETTLE":
            for line in cart.lines:
                if line.product.kind == "ware" and line.total > 2000:
                    if 500 > best.amount:
                        best = Discount(500, "kettle code")
        elif code.startswith("FRIEND-"):
            if len(code) == 11 and code[7:].isdigit():
                amount = min(percent_of(cart.total, 20), 1000)
                if amount > best.amount:
                    best = Discount(amount, "brought by a friend")
    for line in cart.lines:
        if line.product.is_tea and line.quantity >= 5:
            amount = percent_of(line.total, 12)
            if amount > best.amount:
                best = Discount(amount, f"five or more of {line.product.name}")
        elif today.month == 11 and line.product.kind == "herbal":
            amount = percent_of(line.total, 25)
            if amount > best.amount:
                best = Discount(amount, "herbal November")
    if cart.pieces >= 20 and today.weekday() < 5:
        amount = percent_of(cart.total, 18)
        if amount > best.amount:
            best = Discount(amount, "weekday bulk")
    return best


def to_pay(cart: Cart, today: date, code: str = "") -> int:
    """What the customer pays, in cents."""
    return cart.total - discount_for(cart, today, code).amount
