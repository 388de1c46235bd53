"""What a template names, read without evaluating it."""

from __future__ import annotations

import pytest

from paracle.app.domain.errors import TemplateError
from paracle.app.domain.workflow_expressions import names_of, read


def names(text: str, is_expression: bool = False) -> list[str]:
    return [reference.written for reference in read(text, is_expression).references]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{{ steps.review.outputs.findings }}", ["steps.review.outputs.findings"]),
        ("{{ steps['review'].outputs['n'] }}", ["steps.review.outputs.n"]),
        ("{{ inputs.a | default(inputs.b) }} and {{ item.x[0].y }}", ["inputs.a", "inputs.b", "item.x.0.y"]),
        ("{% for one in inputs.paths %}{{ one.name }}{{ loop.index }}{% endfor %}", ["inputs.paths"]),
        ("{% set total = inputs.n + 1 %}{{ total }}", ["inputs.n"]),
        ("{{ range(inputs.n) | list }}", ["inputs.n"]),
        ("no template: steps.review", []),
        ("{# {{ inputs.a }} #}", []),
    ],
)
def test_the_free_names_of_a_template_are_found(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_an_expression_needs_no_braces() -> None:
    assert names("steps.a.status == 'failed' and not inputs.quick", True) == [
        "steps.a.status",
        "inputs.quick",
    ]


def test_a_key_that_only_rendering_knows_ends_the_reference_there() -> None:
    (open_, key) = read("{{ steps[inputs.which].outputs.n }}").references
    assert (open_.written, open_.is_open, key.written) == ("steps", True, "inputs.which")


def test_a_reference_knows_its_line() -> None:
    text = "a\n{{ inputs.a }}\n{{ inputs.b }}"
    assert [reference.line for reference in read(text).references] == [2, 3]


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("{{ inputs.a | length }}", "int"),
        ("{{ 0.5 }}", "number"),
        ("{{ inputs.a > 1 }}", "bool"),
        ("{{ ['a', 'b'] }}", "list[text]"),
        ("{{ [1, 'b'] }}", "list[any]"),
        ("hello {{ inputs.a }}", "text"),
        ("{{ inputs.a }}", "None"),
        ("{{ inputs.a | first }}", "None"),
    ],
)
def test_the_type_is_known_where_the_syntax_tells_it(text: str, type_: str) -> None:
    assert str(read(text).type) == type_


@pytest.mark.parametrize(
    ("text", "constant"),
    [("false", False), ("{{ 0 }}", False), ("not true", False), ("1", True), ("inputs.a", None)],
)
def test_an_expression_that_is_always_the_same_is_known(text: str, constant: bool | None) -> None:
    assert read(text, True).constant is constant


def test_filters_and_tests_that_do_not_exist_are_named_with_their_line() -> None:
    assert read("\n{{ inputs.a | lenght is teste }}").unknown == (
        ("test", "teste", 2),
        ("filter", "lenght", 2),
    )
    assert "length" in names_of("filter")
    assert "defined" in names_of("test")


@pytest.mark.parametrize("text", ["{{ a", "{{ a b }}", "{% include 'x' %}", "{{ " + "(" * 100_000 + " }}"])
def test_what_cannot_be_read_is_a_typed_error(text: str) -> None:
    with pytest.raises(TemplateError):
        read(text)


@pytest.mark.parametrize("text", ["{{ a }} {{ b }}", "a {{ b }}", "{{ }}", ""])
def test_what_is_not_one_expression_is_refused_where_one_is_wanted(text: str) -> None:
    with pytest.raises(TemplateError):
        read(text, True)


def test_a_tree_of_fifty_thousand_levels_is_no_trouble() -> None:
    assert names("{{ " + "inputs.a + " * 50_000 + "1 }}") == ["inputs.a"]
