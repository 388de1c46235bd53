"""The list of branches with their figures."""

from itertools import combinations

import pytest

from paracle.app.domain.errors import NotFound
from paracle.app.domain.history import Merged
from paracle.app.git import clashes as git_clashes
from paracle.app.services import history, history_listing
from tests.support.history import Past, lines


def test_the_listing_tells_what_each_branch_holds(past: Past) -> None:
    run = past.execution({"a": "1\n2\n"}, {"app.py": lines("one", "TWO", "three")}, leaves={"x": "1\n"})
    past.repo.commit("mine", app_py=lines("one", "zwei", "three"))
    past.repo.commit("mine too", other="1\n")
    (row,) = history.branches(past.workspace)
    assert (row.execution, row.agent, row.state, row.branch) == (run, "fixer", "completed", past.branch(run))
    assert row.figures is not None
    assert (row.figures.ahead, row.figures.behind) == (2, 2)
    assert (row.figures.files, row.figures.added, row.figures.removed) == (2, 3, 1)
    assert row.figures.conflicts == ("app.py",)
    assert (row.worktree, row.dirty) == (str(past.worktree(run)), 1)
    assert history.branches(past.workspace) == (row,)


def test_the_listing_follows_the_target(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    past.repo.git("branch", "old")
    (before,) = history.branches(past.workspace)
    history.merge(past.workspace, run)
    (after,) = history.branches(past.workspace)
    (other,) = history.branches(past.workspace, "old")
    merged = [row.figures.merged for row in (before, after, other) if row.figures]
    assert merged == [Merged.NO, Merged.ANCESTRY, Merged.NO]


@pytest.mark.parametrize("suffix", ["~1", "^{tree}", "@{0}", "^", "/../x", ":app.py", "\n"])
def test_a_branch_is_named_exactly_and_never_by_a_revision(past: Past, suffix: str) -> None:
    name = past.branch(past.execution({"a": "1\n"})) + suffix
    for ask in (history.show, history.discard, history.merge):
        with pytest.raises(NotFound):
            ask(past.workspace, name)


def test_counts_agree_with_git_in_a_history_with_merges(past: Past) -> None:
    runs = []
    for number in range(6):
        runs.append(past.execution({f"r{number}": "1\n"}, {f"s{number}": "2\n"}))
        if number % 2:
            past.repo.git("checkout", "-q", "-b", f"side{number}", "HEAD~1" if number > 1 else "HEAD")
            past.repo.commit(f"side {number}", **{f"side{number}": "1\n"})
            past.repo.git("checkout", "-q", "main")
            past.repo.git("merge", "-q", "--no-edit", f"side{number}")
        past.repo.commit(f"main {number}", **{f"m{number}": "1\n"})
        if number == 2:
            past.repo.git("merge", "-q", "--no-edit", past.branch(runs[0]))
    for row in history.branches(past.workspace):
        behind, ahead = past.repo.git("rev-list", "--left-right", "--count", f"main...{row.branch}").split()
        assert row.figures is not None
        assert (row.figures.ahead, row.figures.behind) == (int(ahead), int(behind))


def test_branches_that_would_conflict_with_each_other_are_told(past: Past) -> None:
    first = past.execution({"app.py": lines("one", "TWO", "three"), "x": "1\n"})
    second = past.execution({"app.py": lines("one", "zwei", "three")})
    past.execution({"app.py": lines("ONE", "two", "three")})
    past.execution({"y": "1\n"})
    (clash,) = history.clashes(past.workspace)
    assert ({clash.first, clash.second}, clash.paths) == ({first, second}, ("app.py",))
    history.merge(past.workspace, first)
    assert history.clashes(past.workspace) == ()


def test_clashes_of_one_execution_are_those_it_is_part_of(past: Past) -> None:
    first, second, third = (past.execution({"app.py": f"{name}\n"}) for name in "abc")
    apart = past.execution({"apart": "1\n"})
    found = history.clashes(past.workspace, only=first)
    assert {frozenset((clash.first, clash.second)) for clash in found} == {
        frozenset((first, second)),
        frozenset((first, third)),
    }
    assert history.clashes(past.workspace, only=past.branch(apart)) == ()
    assert len(history.clashes(past.workspace)) == 3


def test_of_many_branches_only_the_newest_are_compared(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abcd":
        past.execution({"app.py": f"{name}\n"})
    newest = [row.execution for row in history.branches(past.workspace)]

    def found(only: str = "") -> set[frozenset[str]]:
        clashes = history.clashes(past.workspace, only=only)
        return {frozenset((clash.first, clash.second)) for clash in clashes}

    assert len(found()) == 6
    monkeypatch.setattr(history_listing, "COMPARED", 2)
    assert found() == {frozenset(newest[:2])}
    # The one that is asked about is compared however old it is.
    assert found(newest[3]) == {frozenset((newest[3], newer)) for newer in newest[:2]}
    monkeypatch.setattr(history_listing, "COMPARED", 4)
    monkeypatch.setattr(git_clashes, "MERGED", 3)
    assert found() == {frozenset(pair) for pair in combinations(newest[:3], 2)}
