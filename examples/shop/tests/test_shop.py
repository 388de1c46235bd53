"""The till in use."""

from datetime import date
from pathlib import Path

import pytest

from shop.__main__ import main
from shop.cart import parse_wishes
from shop.catalogue import Catalogue, UnknownProduct
from shop.money import parse_price, show
from shop.orders import Journal
from shop.pricing import discount_for, to_pay
from shop.report import day_report

A_TUESDAY_IN_APRIL = date(2025, 4, 15)


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue.load()


def test_prices_are_read_and_shown_in_cents() -> None:
    assert parse_price("€ 9,5") == 950
    assert show(950) == "€ 9.50"
    with pytest.raises(ValueError):
        parse_price("cheap")


def test_wishes_fill_a_cart(catalogue: Catalogue) -> None:
    cart = parse_wishes(["sencha:2", "assam"], catalogue)
    assert cart.total == 2 * 950 + 640
    with pytest.raises(UnknownProduct):
        parse_wishes(["coffee"], catalogue)


def test_the_best_discount_wins(catalogue: Catalogue) -> None:
    cart = parse_wishes(["oolong:2"], catalogue, customer="Ada")
    assert discount_for(cart, A_TUESDAY_IN_APRIL).reason == "regular customer"
    assert discount_for(cart, A_TUESDAY_IN_APRIL, "SPRING").reason == "spring code"
    assert to_pay(cart, A_TUESDAY_IN_APRIL, "SPRING") == 2640 - 396


def test_a_sale_is_journalled_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = tmp_path / "orders.jsonl"
    assert main(["--orders", str(journal), "buy", "sencha:2", "--customer", "Grace"]) == 0
    assert main(["--orders", str(journal), "report"]) == 0
    assert "2 × Sencha Kagoshima" in capsys.readouterr().out


def test_an_empty_day_has_a_report_too(tmp_path: Path, catalogue: Catalogue) -> None:
    assert Journal(tmp_path / "none.jsonl").read() == []
    assert day_report([], catalogue).startswith("Nothing sold")
