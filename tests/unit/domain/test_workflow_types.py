"""Which types fit where."""

from __future__ import annotations

import pytest

from paracle.app.domain.errors import UsageError
from paracle.app.domain.inputs import parse_type
from paracle.app.domain.workflow_types import fits, item_type, list_of, output_type

FIT = [
    "int number",
    "text path",
    "path text",
    "number text",
    "path list[path]",
    "list[int] list[number]",
    "a|b a|b|c",
]
DO_NOT = [
    "number list[path]",
    "list[path] path",
    "text int",
    "number int",
    "bool number",
    "a|d a|b|c",
    "list[bool] list[int]",
]


@pytest.mark.parametrize("pair", FIT)
def test_these_fit(pair: str) -> None:
    given, wanted = map(parse_type, pair.split())
    assert fits(given, wanted)


@pytest.mark.parametrize("pair", DO_NOT)
def test_these_do_not_fit(pair: str) -> None:
    given, wanted = map(parse_type, pair.split())
    assert not fits(given, wanted)


def test_what_is_not_known_fits_everywhere() -> None:
    assert fits(None, parse_type("int")) and fits(parse_type("int"), None)
    assert fits(output_type("list[Finding]"), parse_type("list[path]"))


@pytest.mark.parametrize(
    ("written", "type_"),
    [
        ("probability", "number"),
        ("list[Finding]", "list[any]"),
        ("Finding", "None"),
        ("any", "None"),
        ("int", "int"),
    ],
)
def test_outputs_have_the_types_of_inputs_and_some_more(written: str, type_: str) -> None:
    assert str(output_type(written)) == type_


def test_a_misspelt_type_of_an_output_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="'nubmer' is not a type") as caught:
        output_type("nubmer")
    assert "did you mean 'number'?" in caught.value.hint


def test_lists_and_their_items_belong_together() -> None:
    assert str(list_of(parse_type("path"))) == "list[path]"
    assert str(item_type(parse_type("list[path]"))) == "path"
    assert item_type(parse_type("path")) is None
