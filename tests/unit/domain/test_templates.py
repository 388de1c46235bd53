"""Templates: what they give, what they refuse, and how they say so."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paracle.app.domain import markdown
from paracle.app.domain.errors import TemplateError
from paracle.app.domain.templates import check, evaluate, evaluate_all, expression, render

NAMES: dict[str, Any] = {
    "inputs": {"paths": ["a.py", "b.py"], "items": [7], "task": "tidy up"},
    "outline": [{"name": "shop", "lines": 12}, {"name": "cart", "lines": 40}],
}


def refused(text: str, *, as_expression: bool = False) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        (expression if as_expression else render)(text, NAMES, name="report.md.j2")
    return caught.value


def test_a_template_is_rendered_with_its_names() -> None:
    text = "{% for one in outline %}\n- {{ one.name }}: {{ one.lines | plural('line') }}\n{% endfor %}\n"
    assert render(text, NAMES, name="list") == "- shop: 12 lines\n- cart: 40 lines\n"


def test_text_without_marks_is_given_back_as_it_is() -> None:
    assert render("50 % of } and { $x\n", {}, name="text") == "50 % of } and { $x\n"


def test_a_lone_expression_keeps_its_type() -> None:
    assert evaluate("{{ inputs.paths }}", NAMES, name="with") == ["a.py", "b.py"]
    assert evaluate("{{ outline | map(attribute='lines') | sum }}", NAMES, name="with") == 52
    assert evaluate(" {{ outline | length > 3 }} ", NAMES, name="with") is False
    assert evaluate("{{ outline | map(attribute='name') }}", NAMES, name="with") == ["shop", "cart"]


def test_any_other_text_becomes_text() -> None:
    assert evaluate("{{ 1 }}{{ 2 }}", NAMES, name="with") == "12"
    assert evaluate("see {{ inputs.paths[0] }}", NAMES, name="with") == "see a.py"


def test_every_text_inside_a_value_is_evaluated() -> None:
    value = {"paths": ["{{ inputs.paths[1] }}", "c.py"], "deep": {"n": "{{ outline | length }}"}, "limit": 3}
    assert evaluate_all(value, NAMES, name="with") == {
        "paths": ["b.py", "c.py"],
        "deep": {"n": 2},
        "limit": 3,
    }


def test_an_expression_may_be_bare_or_in_braces() -> None:
    assert expression("outline | length == 2", NAMES, name="when") is True
    assert expression("{{ outline | length == 2 }}", NAMES, name="when") is True


def test_a_key_wins_over_a_method_of_the_same_name() -> None:
    assert expression("inputs.items", NAMES, name="when") == [7]


def test_an_undefined_name_is_an_error_with_its_line_and_the_names_there_are() -> None:
    error = refused("first\n\n{{ missing }}")
    assert "report.md.j2:3: 'missing' is undefined" in error.detail
    assert error.line == 3
    assert "inputs, outline" in error.hint


def test_an_undefined_field_is_an_error_also_as_a_value() -> None:
    assert "'sise'" in refused("outline[0].sise", as_expression=True).detail
    assert "'sise'" in refused("[outline[0].sise]", as_expression=True).detail


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{% if %}", 1),
        ("one\n{{ a b }}", 2),
        ("one\ntwo\n{{ outline | shuffle }}", 3),
        ("\n{% include 'secrets' %}", 2),
        ("{{ }}", 1),
        ("{% for %}", 1),
        ("{{ 'open", 1),
    ],
)
def test_a_syntax_error_is_found_without_rendering_and_has_its_line(text: str, line: int) -> None:
    with pytest.raises(TemplateError) as caught:
        check(text, name="report.md.j2")
    assert caught.value.line == line
    assert f"report.md.j2:{line}" in caught.value.detail


def test_a_check_evaluates_nothing() -> None:
    check("{{ 'x' * 10 ** 9 }}{{ nobody }}", name="report.md.j2")


def test_two_expressions_are_not_one() -> None:
    with pytest.raises(TemplateError, match="one expression"):
        check("{{ a }} and {{ b }}", name="when", is_expression=True)


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        "{% for a in 'x' * 99999 %}{% for b in 'x' * 99999 %}{% endfor %}{% endfor %}",
        "{{ 'x' * 10 ** 9 }}",
        "{{ [0] * 10 ** 9 }}",
        "{{ (9 ** 99) ** (9 ** 99) }}",
        "{{ '%0999999999d' | format(1) }}",
        "{{ '%0999999999d' % 1 }}",
        "{{ '%*d' | format(999999999, 1) }}",
        "{{ 'x'.center(999999999) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ 'x' | ljust(999999999) }}",
        "{{ ('a\n' * 9999) | indent(99999) }}",
        "{{ ('a' * 99999) | replace('a', 'b' * 99999) }}",
        "{{ ([('a' * 99999)] * 9999) | join }}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x %}{{ n.x }}{{ n.x }}{% endset %}"
        "{% endfor %}",
        "{% set n = namespace(x=[]) %}{% for i in range(9999) %}{% set n.x = n.x + ['a' * 99999 ~ i] %}"
        "{% endfor %}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "-" * 50_000 + "1 }}",
        "{% if 1 %}" * 400 + "{% endif %}" * 400,
    ],
)
def test_what_would_take_the_machine_down_is_refused(text: str) -> None:
    assert refused(text).title


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ inputs.paths.append('x') }}",
        "{{ inputs.pop('paths') }}",
        "{{ namespace.__init__.__globals__ }}",
        "{{ outline | map(attribute='__class__') | join }}",
        "{{ 1 / 0 }}",
        "{{ 'a' + 1 }}",
        "{{ outline | sort(attribute='name') | sum }}",
    ],
)
def test_what_reaches_out_of_the_sandbox_or_fails_is_a_typed_error_with_its_line(text: str) -> None:
    error = refused("line one\n" + text)
    assert error.line == 2


def test_a_value_that_only_lives_in_a_template_is_refused() -> None:
    assert "no plain value" in refused("namespace()", as_expression=True).detail


@given(st.text(alphabet=st.sampled_from("{}%#| a1.()[]'\"\n-+*=~,:if for in set")))
def test_no_text_brings_any_other_error(text: str) -> None:
    for use in (render, evaluate, expression):
        try:
            use(text, NAMES, name="fuzz")
        except TemplateError as error:
            assert error.title


@given(st.text())
def test_code_spans_hold_any_text(text: str) -> None:
    span = markdown.code(text)
    words = " ".join(text.split())
    if not words:
        assert span == ""
        return
    fence = len(span) - len(span.lstrip("`"))
    inner = span[fence:-fence]
    assert "`" * fence not in inner.strip("`") or inner.startswith(" ")
    assert words in inner


def test_markdown_filters_show_text_literally() -> None:
    names = {"text": "a | *b* <c>", "tick": "x `y` z", "body": "```\nhi\n```", "title": "The `cart` module!"}
    assert render("{{ text | md }}", names, name="t") == r"a \| \*b\* \<c\>"
    assert render("{{ tick | code }}", names, name="t") == "``x `y` z``"
    assert render("{{ body | fenced('python') }}", names, name="t") == "````python\n```\nhi\n```\n````"
    assert render("{{ title | anchor }}", names, name="t") == "the-cart-module"
    assert render("{{ 'a|b' | code | cell }}", names, name="t") == r"`a\|b`"


def test_importing_templates_does_not_import_jinja2() -> None:
    program = "import sys, paracle.app.domain.templates; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
