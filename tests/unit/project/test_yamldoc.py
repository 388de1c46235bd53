"""YAML with positions, and YAML that means harm."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paracle.app.domain.errors import ProjectError
from paracle.app.project.yamldoc import MAX_DEPTH, MAX_VALUES, Node, parse_mapping, parse_yaml
from tests.support.projects import brief

PATH = Path("a.yaml")


def read(text: str) -> Node:
    return parse_yaml(text, PATH)


def refused(text: str) -> str:
    with pytest.raises(ProjectError) as caught:
        parse_yaml(text, PATH)
    (line,) = brief(caught.value.problems)
    return line.removeprefix("a.yaml:")


def test_values_are_plain_data() -> None:
    text = "a: 1\nb: [x, 'y', 2.5, true, ~]\nc: {d: 0x1F, e: -1e3}\nf: |\n  two\n  lines\n"
    expected = {"a": 1, "b": ["x", "y", 2.5, True, None], "c": {"d": 31, "e": -1000.0}, "f": "two\nlines\n"}
    assert read(text).data == expected


def test_what_only_looks_like_a_number_or_a_date_stays_text() -> None:
    text = "[2024-01-31, 12:30, 12:30:45, .inf, .nan, 1.2.3, 0123, 1_000]"
    assert read(text).data == ["2024-01-31", "12:30", "12:30:45", ".inf", ".nan", "1.2.3", "0123", 1000]


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read("on: 1\n2: b\nnull: c\n").data == {"on": 1, "2": "b", "null": "c"}


def test_every_value_and_key_knows_its_place() -> None:
    node = read("a: 1\nlist:\n  - x\n  - {deep: [p, q]}\n")
    found = node.at(["list", 1, "deep", 1])
    assert (found.line, found.column, found.data) == (4, 16, "q")
    deep = node.at(["list", 1, "deep"])
    assert (deep.key_line, deep.key_column, deep.line, deep.column) == (4, 6, 4, 12)
    assert node.at(["list", 7, "nothing"]).line == 3


def test_lines_count_from_where_the_text_begins_in_its_file() -> None:
    assert parse_yaml("a: 1\nb: 2\n", PATH, first_line=10).at(["b"]).line == 11


def test_a_list_type_needs_no_quotes_inside_braces() -> None:
    node = read("inputs: {paths: {type: list[path], default: ['.']}, n: {type: int}}")
    assert node.data == {"inputs": {"paths": {"type": "list[path]", "default": ["."]}, "n": {"type": "int"}}}
    assert node.at(["inputs", "n"]).key_column == 53
    assert read("t: 'list[path]'\nlist[int]: x\nu: |\n  a list[b] c\n").data == {
        "t": "list[path]", "list[int]": "x", "u": "a list[b] c\n",
    }  # fmt: skip


def test_aliases_and_merges_work() -> None:
    node = read("base: &b {x: 1, y: 2}\none:\n  <<: *b\n  y: 3\ntwo: {<<: [*b, {z: 4}]}\nsame: *b\n")
    assert node.data["one"] == {"x": 1, "y": 3}
    assert node.data["two"] == {"x": 1, "y": 2, "z": 4}
    assert node.data["same"] == {"x": 1, "y": 2}
    assert (node.at(["same"]).key_line, node.at(["one", "y"]).line) == (6, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a: 1\nb: 2\na: 3\n",
            "3:1 error: the key 'a' is there twice (first on line 1) (keep one of the two)",
        ),
        ("a: {b: 1, b: 2}", "1:11 error: the key 'b' is there twice (first on line 1) (keep one of the two)"),
        ("a: b: c", "1:5 error: there is a ':' where none can be"),
        ("a: 'open\nb: 1\n", "1:4 error: a quoted text is not closed"),
        ("x: 1\na: [1, 2\nb: 3\n", "2:4 error: a list in [ ] is not closed"),
        ("x: 1\na: {c: 2\nb: 3\n", "2:4 error: a mapping in { } is not closed"),
        ("a:\n\tb: 1\n", "2:1 error: "),
        ("a: @home", "1:4 error: no value can begin with this character"),
        ("a:\n - b\n  - c\n d: 3", "4:2 error: the indentation does not fit the lines above"),
        ('a: "\\q"', "1:5 error: there is an unknown \\ escape in double quotes"),
        ("a: \x07", "1:4 error: the character U+0007 is not allowed in YAML (remove it)"),
        ("--- a\n--- b", "2:1 error: a second document begins here"),
        ("a: !!python/object:os.system x", "1:4 error: the tag '!!python/object:os.system' is not allowed"),
        ("a: !mine {}", "1:4 error: the tag '!mine' is not allowed"),
        ("? [a]\n: b", "1:3 error: a key is a list or a mapping"),
        ("a: *b", "1:4 error: there is no anchor '&b' above"),
        ("k: &a v\n*a : b", "2:1 error: a key is an alias"),
        ("<<: 3", "1:5 error: '<<' merges mappings only"),
        ("a: 1e999", "1:4 error: it is a number too large"),
        (f"a: {'9' * 5000}", "1:4 error: it is a number of 5000 digits"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, expected: str) -> None:
    assert refused(text).startswith(expected)


def test_every_refusal_of_syntax_says_how_to_mend_it() -> None:
    for text in ("a: b: c", "a: 'x", "[1", "{a: 1", "a: @x", "a: &", "- a\nb: 1", "%YAML 9.9\n---\na: 1"):
        assert refused(text).endswith(")"), text


@pytest.mark.parametrize("text", ["a: &x [*x]", "a: &x {b: *x}", "a: &x [[[{k: [*x]}]]]", "a: &x {<<: *x}"])
def test_a_value_that_repeats_itself_is_refused(text: str) -> None:
    assert "'*x' repeats a value inside itself" in refused(text)


def test_a_billion_laughs_cost_no_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    tracemalloc.start()
    try:
        line = refused("\n".join(lines))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert f"the file stands for more than {MAX_VALUES:,} values" in line
    assert peak < 5_000_000


def test_aliases_that_nest_ever_deeper_are_refused() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 200)]
    assert f"nested more than {MAX_DEPTH} deep" in refused("\n".join(lines))


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "a: &x [", "[{"])
def test_a_hundred_thousand_levels_are_refused_at_the_fiftieth(opening: str) -> None:
    assert refused(opening * 100_000)


def test_nesting_just_as_deep_as_allowed_is_read() -> None:
    depth = MAX_DEPTH - 1
    node = read("[" * depth + "x" + "]" * depth)
    assert node.at([0] * depth).data == "x"
    assert "nested more than" in refused("[" * MAX_DEPTH + "x" + "]" * MAX_DEPTH)


def test_only_a_mapping_or_nothing_makes_a_file() -> None:
    assert parse_mapping("# nothing\n", PATH).data == {}
    for text, kind in (("- a\n", "a list"), ("just words\n", "a single value"), ("12", "a single value")):
        with pytest.raises(ProjectError, match=f"the file holds {kind}"):
            parse_mapping(text, PATH)


_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufffe\uffff"), max_size=8
)
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | _TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcdefg", min_size=1), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("hijk", min_size=1), _DATA, max_size=4))
def test_json_reads_as_what_it_says(value: dict[str, Any]) -> None:
    assert read(json.dumps(value, ensure_ascii=False)).data == value


def read_or_refuse(text: str) -> None:
    try:
        node = read(text)
    except ProjectError as error:
        assert len(error.problems) == 1
    else:
        assert isinstance(node, Node)


@given(st.text())
def test_no_text_raises_anything_but_a_typed_error(text: str) -> None:
    read_or_refuse(text)


@given(st.text("[]{}:,-?&*!|>'\"%@`# \n\tab0<~", max_size=60))
def test_no_heap_of_yaml_signs_raises_anything_but_a_typed_error(text: str) -> None:
    read_or_refuse(text)
