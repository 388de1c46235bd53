"""Where the steps of a workflow and the lines between them stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from paracle.widgets._graph_layout import Layout, lay_out, tree

FAN = {"plan": (), "one": ("plan",), "two": ("plan",), "all": ("one", "two"), "end": ("plan", "all")}


def text(layout: Layout) -> list[str]:
    """The layout with names in the place of steps."""
    lines = []
    for line in layout.lines:
        cells = (cell.step if cell.part == 0 else "" for cell in line)
        words = (cell.words or name for cell, name in zip(line, cells, strict=True))
        lines.append("".join(word.ljust(cell.width) for word, cell in zip(words, line, strict=True)).rstrip())
    return lines


def test_levels_stand_from_left_to_right_with_lines_that_fork_and_meet() -> None:
    assert text(lay_out(FAN, lambda _: 4, 80)) == [
        "plan ─┬─▸ one  ─┬─▸ all  ─╮",
        "      │         │         │",
        "      ├─▸ two  ─╯         ├─▸ end",
        "      │                   │",
        "      ╰───────────────────╯",
        "",
    ]


def test_where_there_is_no_room_it_is_a_tree_whose_forks_are_set_in() -> None:
    assert text(lay_out(FAN, lambda _: 4, 20)) == ["plan", "  one", "  two", "all", "end"]


def test_a_line_that_passes_a_level_meets_no_step_there() -> None:
    layout = lay_out({"a": (), "b": ("a",), "c": ("b", "a")}, lambda _: 1, 80)
    lines = text(layout)
    assert layout.places["b"][1] != next(y for y, line in enumerate(lines) if "───" in line)


@st.composite
def graphs(draw: st.DrawFn) -> Mapping[str, Sequence[str]]:
    names = [f"s{number}" for number in range(draw(st.integers(1, 12)))]
    return {
        name: tuple(draw(st.sets(st.sampled_from(names[:place]), max_size=3))) if place else ()
        for place, name in enumerate(names)
    }


@given(graphs(), st.integers(10, 200))
def test_every_step_has_one_place_behind_those_it_waits_for(
    after: Mapping[str, Sequence[str]], width: int
) -> None:
    layout = lay_out(after, len, width)
    names = [cell.step for line in layout.lines for cell in line if cell.step and cell.part == 0]
    assert sorted(names) == sorted(after)
    assert set(layout.places) == set(after)
    for line in layout.lines:
        assert sum(cell.width for cell in line) <= width
    for name, before in after.items():
        column, row = layout.places[name]
        for earlier in before:
            earlier_column, earlier_row = layout.places[earlier]
            assert earlier_column < column if layout.is_wide else earlier_row < row


@given(graphs())
def test_a_tree_has_a_line_for_each_step(after: Mapping[str, Sequence[str]]) -> None:
    assert len(tree(after, 40).lines) == len(after)
