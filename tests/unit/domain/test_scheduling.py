"""Which steps of a graph can begin, over random graphs and random ends."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from paracle.app.domain.scheduling import Fate, Node, OnError, Schedule

ENDS = (Fate.DONE, Fate.FAILED, Fate.SKIPPED)


def play(nodes: list[Node], ends: dict[str, Fate]) -> Schedule:
    schedule = Schedule(nodes)
    while not schedule.is_over:
        for identifier in schedule.ready:
            schedule.begin(identifier)
            schedule.end(identifier, ends.get(identifier, Fate.DONE))
            break
    return schedule


def test_steps_begin_in_the_order_of_the_file_when_nothing_holds_them_up() -> None:
    assert Schedule([Node("b"), Node("a"), Node("c", ("a",))]).ready == ("b", "a")


def test_a_step_waits_for_all_that_it_needs_and_for_nothing_else() -> None:
    schedule = Schedule([Node("slow"), Node("quick"), Node("after", ("quick",))])
    for identifier in schedule.ready:
        schedule.begin(identifier)
    schedule.end("quick", Fate.DONE)
    assert schedule.ready == ("after",)


def test_a_failure_blocks_what_needs_it_and_is_named() -> None:
    schedule = play([Node("a"), Node("b", ("a",)), Node("c", ("b",))], {"a": Fate.FAILED})
    assert schedule.fates == {"a": Fate.FAILED, "b": Fate.BLOCKED, "c": Fate.BLOCKED}
    assert schedule.cause("c") == "a"


def test_after_a_failure_nothing_else_begins_but_what_runs_goes_on() -> None:
    schedule = Schedule([Node("a"), Node("b"), Node("c", ("b",))])
    schedule.begin("a")
    schedule.begin("b")
    schedule.end("a", Fate.FAILED)
    assert (schedule.is_over, schedule.ready) == (False, ())
    schedule.end("b", Fate.DONE)
    assert (schedule.is_over, schedule.ready) == (True, ())
    assert schedule.fates["c"] is Fate.BLOCKED
    assert schedule.cause("c") == "a"


def test_a_step_that_reads_a_failed_ones_status_begins_all_the_same() -> None:
    nodes = [Node("a"), Node("clean_up", ("a",), reads=frozenset({"a"}))]
    assert play(nodes, {"a": Fate.FAILED}).fates["clean_up"] is Fate.DONE


def test_on_error_continue_goes_on_and_still_counts_as_failed() -> None:
    schedule = play([Node("a", on_error=OnError.CONTINUE), Node("b", ("a",))], {"a": Fate.FAILED})
    assert schedule.fates == {"a": Fate.FAILED, "b": Fate.DONE}
    assert schedule.has_failed


def test_behind_a_skipped_step_a_step_is_skipped() -> None:
    schedule = play([Node("a"), Node("b", ("a",)), Node("c", ("b",))], {"a": Fate.SKIPPED})
    assert schedule.fates["c"] is Fate.SKIPPED
    assert not schedule.has_failed


def fallback_graph() -> list[Node]:
    return [
        Node("a", on_error=OnError.FALLBACK, fallback="spare"),
        Node("spare"),
        Node("after", ("a",)),
    ]


def test_a_fallback_takes_the_place_of_what_failed() -> None:
    schedule = play(fallback_graph(), {"a": Fate.FAILED})
    assert schedule.fates == {"a": Fate.RECOVERED, "spare": Fate.DONE, "after": Fate.DONE}
    assert not schedule.has_failed


def test_a_fallback_that_is_not_needed_is_skipped() -> None:
    assert play(fallback_graph(), {}).fates["spare"] is Fate.SKIPPED


@pytest.mark.parametrize("end", [Fate.FAILED, Fate.SKIPPED])
def test_a_fallback_that_does_not_help_leaves_the_failure(end: Fate) -> None:
    schedule = play(fallback_graph(), {"a": Fate.FAILED, "spare": end})
    assert schedule.fates["a"] is Fate.FAILED
    assert schedule.fates["after"] is Fate.BLOCKED


def test_a_fallback_may_have_a_fallback() -> None:
    nodes = [
        Node("a", on_error=OnError.FALLBACK, fallback="b"),
        Node("b", on_error=OnError.FALLBACK, fallback="c"),
        Node("c"),
        Node("after", ("a",)),
    ]
    schedule = play(nodes, {"a": Fate.FAILED, "b": Fate.FAILED})
    assert schedule.fates == {
        "a": Fate.RECOVERED,
        "b": Fate.RECOVERED,
        "c": Fate.DONE,
        "after": Fate.DONE,
    }


def test_two_steps_may_share_a_fallback() -> None:
    nodes = [
        Node("a", on_error=OnError.FALLBACK, fallback="spare"),
        Node("b", on_error=OnError.FALLBACK, fallback="spare"),
        Node("spare"),
    ]
    assert play(nodes, {"b": Fate.FAILED}).fates["spare"] is Fate.DONE
    assert play(nodes, {}).fates["spare"] is Fate.SKIPPED


def test_a_chain_of_thousands_settles_without_deep_calls() -> None:
    nodes = [Node(str(n), (str(n - 1),) if n else ()) for n in range(5000)]
    assert set(play(nodes, {"0": Fate.SKIPPED}).fates.values()) == {Fate.SKIPPED}


@dataclass(frozen=True)
class Story:
    nodes: list[Node]
    ends: dict[str, Fate]
    picks: list[int]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Random graphs: each step needs some before it, some have a fallback after them in the order."""
    size = draw(st.integers(1, 9))
    ids = [f"s{number}" for number in range(size)]
    nodes = []
    for number, identifier in enumerate(ids):
        needs = draw(st.lists(st.sampled_from(ids[:number]), unique=True)) if number else []
        reads = frozenset(draw(st.lists(st.sampled_from(needs), unique=True))) if needs else frozenset()
        later = ids[number + 1 :]
        on_error = draw(st.sampled_from(list(OnError) if later else [OnError.FAIL, OnError.CONTINUE]))
        fallback = draw(st.sampled_from(later)) if on_error is OnError.FALLBACK else ""
        nodes.append(Node(identifier, tuple(needs), reads, on_error, fallback))
    assume(_can_end(nodes))
    ends = {identifier: draw(st.sampled_from(ENDS)) for identifier in ids}
    return Story(nodes, ends, draw(st.lists(st.integers(0, 100), min_size=40, max_size=40)))


def _can_end(nodes: list[Node]) -> bool:
    """Whether no step waits for itself, over needs and fallbacks; files where one does are refused."""
    waits: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for node in nodes:
        waits.setdefault(("end", node.id), set()).update(("settled", need) for need in node.needs)
        waits.setdefault(("settled", node.id), set()).add(("end", node.id))
        if node.fallback:
            waits[("settled", node.id)].add(("settled", node.fallback))
            waits.setdefault(("end", node.fallback), set()).add(("end", node.id))
    try:
        list(TopologicalSorter(waits).static_order())
    except CycleError:
        return False
    return True


@given(stories())
@settings(max_examples=400, deadline=None)
def test_every_graph_comes_to_an_end_that_fits_its_rules(story: Story) -> None:
    schedule = Schedule(story.nodes)
    nodes = {node.id: node for node in story.nodes}
    running: list[str] = []
    begun: set[str] = set()
    for pick in [*story.picks, *range(100)]:
        if schedule.is_over:
            break
        choices = [("begin", one) for one in schedule.ready] + [("end", one) for one in running]
        verb, identifier = choices[pick % len(choices)]
        if verb == "begin":
            assert all(schedule.fates[need].has_ended for need in nodes[identifier].needs)
            schedule.begin(identifier)
            running.append(identifier)
            begun.add(identifier)
        else:
            running.remove(identifier)
            schedule.end(identifier, story.ends[identifier])
    assert schedule.is_over
    for identifier, fate in schedule.fates.items():
        assert fate.has_ended, f"{identifier} is left {fate}"
        if fate in (Fate.DONE, Fate.FAILED, Fate.RECOVERED):
            assert identifier in begun
        if fate is Fate.BLOCKED:
            assert identifier not in begun
            assert schedule.fates[schedule.cause(identifier)] in (Fate.FAILED, Fate.RECOVERED)
    failed = [one for one in begun if story.ends[one] is Fate.FAILED]
    assert schedule.has_failed == any(schedule.fates[one] is not Fate.RECOVERED for one in failed)


@given(stories())
@settings(max_examples=100, deadline=None)
def test_what_was_not_begun_cannot_end_and_what_ended_cannot_begin(story: Story) -> None:
    schedule = Schedule(story.nodes)
    for identifier in schedule.fates:
        with pytest.raises(ValueError, match="cannot end"):
            schedule.end(identifier, Fate.DONE)
    first = schedule.ready[0]
    schedule.begin(first)
    with pytest.raises(ValueError, match="cannot end as"):
        schedule.end(first, Fate.BLOCKED)
    with pytest.raises(ValueError, match="cannot begin"):
        schedule.begin(first)
