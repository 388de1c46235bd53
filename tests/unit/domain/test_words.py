"""Figures and texts as a person reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paracle.app.domain import words
from paracle.app.domain.markdown import unmarked


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00 s"),
        (0.244, "0.24 s"),
        (2.06, "2.1 s"),
        (12.9, "12 s"),
        (125, "2 m 05 s"),
        (3785, "1 h 03 m"),
    ],
)
def test_a_duration_has_the_digits_that_matter(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "now"), (12, "12 s"), (250, "4 m"), (3 * 3600, "3 h"), (9 * 86400 + 5, "9 d")]
)
def test_an_age_has_one_unit(seconds: float, text: str) -> None:
    assert words.ago(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(999, "999"), (1_234, "1.2 k"), (48_200, "48 k"), (3_100_000, "3.1 M")]
)
def test_a_count_is_short(number: int, text: str) -> None:
    assert words.count(number) == text


@pytest.mark.parametrize(
    ("micro", "text"), [(0, "$0.00"), (1_500_000, "$1.50"), (9_999, "$0.0100"), (120, "$0.0001")]
)
def test_money_below_a_cent_keeps_its_digits(micro: int, text: str) -> None:
    assert words.usd(micro) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (512, "512 B"),
        (4096, "4.0 KiB"),
        (50 * 1024**2, "50 MiB"),
        (3 * 1024**4, "3.0 TiB"),
        (1024**5, "1024 TiB"),
    ],
)
def test_a_size_uses_binary_units(number: int, text: str) -> None:
    assert words.size(number) == text


@given(st.text(), st.integers(1, 50))
def test_one_line_is_one_line_and_no_wider(text: str, width: int) -> None:
    line = words.one_line(text, width)
    assert len(line) <= width
    assert len(line.splitlines()) <= 1


@given(st.text())
def test_a_line_as_written_has_no_line_break(text: str) -> None:
    assert len(words.as_written(text).splitlines()) <= 1


def test_a_line_as_written_keeps_its_indentation() -> None:
    assert words.as_written("    return  x") == "    return  x"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("**13 findings** in `shop/cart.py`", "13 findings in shop/cart.py"),
        ("# Verdict\n> fine", "Verdict\nfine"),
        ("``a`b`` and __init__", "a`b and init"),
        ("2 * 3 ** 4 and a_b", "2 * 3 ** 4 and a_b"),
    ],
)
def test_markdown_is_read_out_without_its_signs(written: str, read: str) -> None:
    assert unmarked(written) == read
