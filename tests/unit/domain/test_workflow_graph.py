"""The graph of a workflow's steps: levels, circles, what can never run."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from paracle.app.domain.workflow_graph import (
    circles,
    dependents,
    levels,
    never_run,
    starts_after,
    upstream,
)
from paracle.app.domain.workflows import Step

IDS = [f"s{number}" for number in range(8)]
graphs = st.fixed_dictionaries({id: st.lists(st.sampled_from(IDS), unique=True, max_size=4) for id in IDS})


def step(id: str, *depends_on: str, on_error: str | None = None, when: str | None = None) -> Step:
    return Step(id=id, agent="a", depends_on=depends_on, on_error=on_error, when=when)


def test_a_level_holds_what_can_start_together() -> None:
    after = starts_after([step("a"), step("d", "b", "c"), step("b", "a"), step("c", "a"), step("e")])
    assert levels(after) == (("a", "e"), ("b", "c"), ("d",))


def test_a_fallback_starts_after_the_step_it_stands_in_for() -> None:
    after = starts_after([step("a", on_error="fallback:b"), step("b"), step("c", "b")])
    assert levels(after) == (("a",), ("b",), ("c",))


def test_a_circle_is_written_out_in_full_beginning_with_its_first_step() -> None:
    assert circles({"x": ["b"], "a": ["b"], "b": ["c"], "c": ["a"]}) == (("a", "b", "c", "a"),)


def test_each_knot_is_told_once_and_by_its_shortest_way_round() -> None:
    after = {"a": ["b", "c"], "b": ["c"], "c": ["a"], "d": ["d"]}
    assert circles(after) == (("a", "c", "a"), ("d", "d"))


def test_the_dependents_of_a_step_are_named_however_far_in_the_order_of_the_file() -> None:
    after = {"a": [], "d": ["c"], "b": ["a"], "c": ["b"], "e": []}
    assert dependents(after, "a") == ("d", "b", "c")


def test_what_stands_behind_a_step_that_never_runs_never_runs_either() -> None:
    steps = [step("a"), step("b", "a"), step("c", "b"), step("d")]
    assert never_run(steps, {"a"}, {}) == {"b": "a", "c": "b"}


def test_a_step_that_asks_for_the_status_of_another_is_not_held_up_by_it() -> None:
    steps = [step("a"), step("b", "a", when="steps.a.status == 'skipped'")]
    assert never_run(steps, {"a"}, {"b": {"a"}}) == {}


def test_the_fallback_of_nothing_but_steps_that_never_run_never_runs() -> None:
    steps = [step("a", on_error="fallback:f"), step("b", on_error="fallback:f"), step("f"), step("g", "f")]
    assert never_run(steps, {"a"}, {}) == {}
    assert never_run(steps, {"a", "b"}, {}) == {"f": "a", "g": "f"}


@given(graphs)
def test_every_step_is_in_a_level_or_behind_a_circle_and_every_circle_is_real(
    after: dict[str, list[str]],
) -> None:
    placed = [id for row in levels(after) for id in row]
    found = circles(after)
    assert len(placed) == len(set(placed))
    assert bool(found) == (len(placed) < len(after))
    for circle in found:
        assert circle[0] == circle[-1]
        assert all(second in after[first] for first, second in pairwise(circle))


@given(graphs)
def test_a_step_comes_in_a_later_level_than_all_that_is_upstream_of_it(after: dict[str, list[str]]) -> None:
    level = {id: number for number, row in enumerate(levels(after)) for id in row}
    before = upstream(after)
    for id, number in level.items():
        assert all(level[name] < number for name in before[id])
        assert before[id] == set(after[id]).union(*(before[name] for name in after[id]))


def test_a_chain_of_a_thousand_steps_needs_no_deep_stack() -> None:
    after = {f"s{number}": [f"s{number - 1}"] if number else [] for number in range(1000)}
    assert len(levels(after)) == 1000
    assert len(upstream(after)["s999"]) == 999
    assert circles({**after, "s0": ["s999"]})[0][:3] == ("s0", "s999", "s998")
