"""What the shop sells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from .money import parse_price

TEAS = Path(__file__).with_name("teas.json")


@dataclass(frozen=True)
class Product:
    """One article on the shelf. ``price`` is in cents."""

    sku: str
    name: str
    kind: str
    price: int
    stock: int

    @property
    def is_tea(self) -> bool:
        return self.kind != "ware"


class UnknownProduct(KeyError):
    """No article has this number."""


class Catalogue:
    """The articles by their number."""

    def __init__(self, products: list[Product]) -> None:
        self._products = {product.sku: product for product in products}

    @classmethod
    def load(cls, path: Path = TEAS) -> Catalogue:
        """Read the catalogue from a JSON file."""
        # TODO: the supplier sends CSV since March; read that too
        with open(path) as file:
            rows = json.load(file)
        return cls([Product(**{**row, "price": parse_price(row["price"])}) for row in rows])

    def __iter__(self):
        return iter(self._products.values())

    def __len__(self) -> int:
        return len(self._products)

    def find(self, sku: str) -> Product:
        """The article with this number.

        Raises:
            UnknownProduct: there is none.
        """
        try:
            return self._products[sku]
        except KeyError:
            raise UnknownProduct(sku) from None

    def of_kind(self, kind):
        return [product for product in self if product.kind == kind]
