"""Types of inputs, and how what a person types becomes a value."""

from typing import Any

import pytest

from paracle.app.domain.errors import UsageError
from paracle.app.domain.inputs import bind_inputs, coerce, parse_type

DECLARED = {
    "paths": (parse_type("list[path]"), False, ["."]),
    "depth": (parse_type("quick|deep"), False, "quick"),
    "limit": (parse_type("int"), True, None),
}


@pytest.mark.parametrize("written", ["text", "int", "number", "bool", "path", "list[path]", "quick|deep"])
def test_a_type_reads_back_as_it_is_written(written: str) -> None:
    assert str(parse_type(written)) == written


@pytest.mark.parametrize(
    ("written", "meant"), [("string", "text"), ("integer", "int"), ("list[str]", "list[text]")]
)
def test_other_names_of_a_type_are_understood(written: str, meant: str) -> None:
    assert str(parse_type(written)) == meant


@pytest.mark.parametrize("written", ["nmber", "", "list[]", "list[list[int]]", "a||b", "dict"])
def test_an_unknown_type_is_refused(written: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_type(written)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("int", " 12 ", 12),
        ("number", "1.5", 1.5),
        ("bool", "Yes", True),
        ("bool", "off", False),
        ("list[path]", "a, b,,c", ["a", "b", "c"]),
        ("list[int]", 3, [3]),
        ("list[text]", ["x"], ["x"]),
        ("quick|deep", "deep", "deep"),
        ("text", "  kept ", "  kept "),
    ],
)
def test_what_is_typed_becomes_a_value(kind: str, given: Any, value: Any) -> None:
    assert coerce("x", parse_type(kind), given) == value


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("int", "many"),
        ("int", None),
        ("number", "1,5"),
        ("bool", "maybe"),
        ("quick|deep", "slow"),
        ("text", {}),
    ],
)
def test_what_does_not_fit_is_refused_by_name(kind: str, given: Any) -> None:
    with pytest.raises(UsageError, match="'depth'"):
        coerce("depth", parse_type(kind), given)


def test_defaults_fill_what_is_not_given() -> None:
    bound = bind_inputs(DECLARED, {"limit": "3"}, "look")
    assert bound == {"task": "look", "paths": ["."], "depth": "quick", "limit": 3}


def test_a_missing_input_says_how_to_give_it() -> None:
    with pytest.raises(UsageError, match="'limit' is needed") as refused:
        bind_inputs(DECLARED, {})
    assert refused.value.hint == "--input limit=…"


def test_an_unknown_input_suggests_the_nearest() -> None:
    with pytest.raises(UsageError) as refused:
        bind_inputs(DECLARED, {"dept": "deep", "limit": 1})
    assert "depth" in refused.value.hint


def test_a_declared_task_may_come_from_the_task_option() -> None:
    declared = {"task": (parse_type("text"), True, None)}
    assert bind_inputs(declared, {}, "do it") == {"task": "do it"}
    assert bind_inputs(declared, {"task": "this"}) == {"task": "this"}
    with pytest.raises(UsageError, match="'task' is needed"):
        bind_inputs(declared, {})
