"""The command at the till: ``python -m shop``."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from .cart import parse_wishes
from .catalogue import Catalogue, UnknownProduct
from .money import show
from .orders import Journal, Order
from .pricing import discount_for, to_pay
from .report import day_report


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = _parser().parse_args(arguments)
    catalogue = Catalogue.load()
    journal = Journal(options.orders)
    if options.command == "list":
        for product in catalogue:
            print(f"{product.sku:<12}{product.name:<26}{show(product.price):>10}")
        return 0
    if options.command == "report":
        print(day_report(journal.of_day(date.today()), catalogue))
        return 0
    try:
        cart = parse_wishes(options.wishes, catalogue, options.customer)
    except (UnknownProduct, ValueError) as error:
        print(f"Sorry: {error}", file=sys.stderr)
        return 2
    today = date.today()
    discount = discount_for(cart, today, options.code)
    for line in cart.lines:
        print(f"{line.quantity:>3} × {line.product.name:<28}{show(line.total):>10}")
    if discount.amount:
        print(f"      {discount.reason:<28}{show(-discount.amount):>10}")
    paid = to_pay(cart, today, options.code)
    print(f"      {'to pay':<28}{show(paid):>10}")
    skus = {line.product.sku: cart.quantity_of(line.product.sku) for line in cart.lines}
    journal.append(Order(today.isoformat(), cart.customer, skus, paid))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shop", description="The till of Leaf & Kettle")
    parser.add_argument("--orders", type=Path, default=Path("orders.jsonl"), help="the journal of orders")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what there is to buy")
    buy = commands.add_parser("buy", help="sell something")
    buy.add_argument("wishes", nargs="+", metavar="SKU[:QUANTITY]")
    buy.add_argument("--customer", default="")
    buy.add_argument("--code", default="", help="a discount code")
    commands.add_parser("report", help="what was sold today")
    return parser


if __name__ == "__main__":
    sys.exit(main())
