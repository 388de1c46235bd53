"""The lines of the history's graph."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from paracle.app.domain.history_graph import HistoryGraph, Run, TrunkCommit
from paracle.app.domain.history_lanes import lay_out, strokes
from paracle.app.domain.states import State


def chain(length: int) -> list[TrunkCommit]:
    """Commits c3, c2, c1 …, ten seconds apart."""
    return [
        TrunkCommit(f"c{n}", (f"c{n - 1}",) if n > 1 else (), "Ada", n * 10.0, f"work {n}")
        for n in range(length, 0, -1)
    ]


def run(name: str, fork: str = "", merge: str = "", at: float = 0.0) -> Run:
    created = at or (int(fork[1:]) * 10.0 + 1 if fork else 0.0)
    return Run(name, "fixer", "offline", State.COMPLETED, created, fork=fork, merge=merge)


def drawn(graph: HistoryGraph, lanes: int = 0) -> list[str]:
    """Each line with the name of what stands there."""
    return [f"{''.join(strokes(row, lanes or graph.lanes)).rstrip()} {row.node.key}" for row in graph.rows]


def draw(commits: Sequence[TrunkCommit], *runs: Run, complete: bool = True) -> list[str]:
    return drawn(lay_out("main", commits, runs, complete=complete))


def test_a_branch_stands_right_above_the_commit_it_left() -> None:
    assert draw(chain(3), run("a", "c2")) == ["• c3", "├─✓ a", "• c2", "• c1"]


def test_the_trunk_begins_with_the_first_branch_from_its_newest_commit() -> None:
    assert draw(chain(1), run("a", "c1", at=11), run("b", "c1", at=12)) == ["╭─✓ b", "├─✓ a", "• c1"]


def test_several_branches_from_one_commit_stand_newest_first_and_side_by_side() -> None:
    runs = [run(name, "c1", at=11 + number) for number, name in enumerate("abc")]
    assert draw(chain(2), *runs) == ["• c2", "├─✓ c", "├─✓ b", "├─✓ a", "• c1"]


def test_a_merged_branch_has_a_line_up_to_its_merge() -> None:
    pictured = draw(chain(4), run("a", "c1", "c3"))
    assert pictured == ["• c4", "•─╮ c3", "• │ c2", "├─✓ a", "• c1"]


def test_a_branch_that_is_open_steps_over_the_lines_of_merged_ones() -> None:
    pictured = draw(chain(3), run("a", "c1", "c3", 11), run("b", "c2"), run("c", "c1", at=12))
    assert pictured == ["•─╮ c3", "├─┼─✓ b", "• │ c2", "├─┼─✓ c", "├─✓ a", "• c1"]


def test_an_octopus_brings_several_at_once() -> None:
    runs = [run("a", "c1", "c3", 11), run("b", "c2", "c3"), run("c", "c1", "c3", 12)]
    pictured = draw(chain(3), *runs)
    assert pictured == ["•─┬─┬─╮ c3", "├─✓ │ │ b", "•   │ │ c2", "├───✓ │ c", "├─────✓ a", "• c1"]


def test_branches_that_cross_keep_their_lanes() -> None:
    runs = [run("a", "c1", "c4"), run("b", "c2", "c5")]
    pictured = draw(chain(5), *runs)
    assert pictured == ["•─╮ c5", "•─┼─╮ c4", "• │ │ c3", "├─✓ │ b", "•   │ c2", "├───✓ a", "• c1"]


def test_a_merge_that_is_not_above_its_branch_draws_no_line() -> None:
    assert draw(chain(2), run("a", "c2", "c1"), run("b", "c1", "c1")) == ["╭─✓ a", "• c2", "├─✓ b", "• c1"]


def test_what_began_nowhere_on_the_trunk_stands_where_its_time_is() -> None:
    loose = [run("new", at=99), run("mid", at=15), run("old", at=1)]
    assert draw(chain(2), *loose) == ["  ✓ new", "• c2", "│ ✓ mid", "• c1", "  ✓ old"]


def test_without_a_trunk_executions_are_a_list() -> None:
    assert draw([], run("a", at=1), run("b", "c9", at=2)) == ["  ✓ b", "  ✓ a"]


def test_branches_from_older_commits_wait_for_them() -> None:
    runs = [run("a", "c1"), run("b", "c3"), run("c", at=5), run("d", at=35)]
    graph = lay_out("main", chain(4)[:2], runs, complete=False)
    assert drawn(graph) == ["• c4", "│ ✓ d", "├─✓ b", "• c3"]
    assert ([one.id for one in graph.waiting], graph.runs) == (["a", "c"], 4)


def test_lanes_beyond_the_last_share_its_column() -> None:
    runs = [run(f"r{number}", "c1", f"c{4 + number}", 11 + number) for number in range(3)]
    graph = lay_out("main", chain(6), runs)
    assert graph.lanes == 3
    for lanes in (1, 2, 3):
        assert {sum(map(len, strokes(row, lanes))) for row in graph.rows} == {2 * lanes + 1}
    assert drawn(graph, 2)[3:5] == ["• │ ┊ c3", "• │ ┊ c2"]


def test_an_execution_whose_account_is_gone_has_a_sign_too() -> None:
    assert draw(chain(1), Run("a", "", "", None, 11.0, fork="c1")) == ["╭─? a", "• c1"]


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 12), st.integers(0, 130)), max_size=40))
def test_every_line_that_begins_ends_and_nothing_is_lost(made: list[tuple[int, int, int]]) -> None:
    runs = [run(f"r{n}", f"c{fork}", f"c{merge}", float(at)) for n, (fork, merge, at) in enumerate(made)]
    graph = lay_out("main", chain(12), runs)
    taken = 0
    for row in graph.rows:
        if isinstance(row.node, TrunkCommit):
            assert (row.passing, row.joins & taken) == (taken, 0)
            taken |= row.joins
        else:
            taken &= ~(1 << row.lane)
            assert row.passing == taken
        assert sum(map(len, strokes(row, max(1, graph.lanes)))) == 2 * max(1, graph.lanes) + 1
    assert taken == 0
    keys = [one.id for one in runs] + [commit.sha for commit in chain(12)]
    assert sorted(row.node.key for row in graph.rows) == sorted(keys)
