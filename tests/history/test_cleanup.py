"""Clean-up and prune remove what is merged or orphaned, and say why they keep the rest."""

import pytest

from paracle.app.domain.history import Merged, Mode
from paracle.app.services import history
from tests.support.history import Past, lines


@pytest.mark.parametrize(
    ("mode", "how"),
    [
        (Mode.MERGE, Merged.ANCESTRY),
        (Mode.FF, Merged.ANCESTRY),
        (Mode.SQUASH, Merged.CONTENT),
        (Mode.REBASE, Merged.CONTENT),
    ],
)
def test_cleanup_removes_what_is_merged_and_undo_brings_it_back(past: Past, mode: Mode, how: Merged) -> None:
    run = past.execution({"a": "1\n"}, {"b": "1\n"})
    tip = past.tip(run)
    if mode is not Mode.FF:
        past.repo.commit("mine", c="3\n")
    history.merge(past.workspace, run, mode=mode)
    (row,) = history.branches(past.workspace)
    assert row.figures is not None
    assert row.figures.merged is how

    seen = history.cleanup(past.workspace, dry_run=True)
    assert past.tip(run) == tip
    done = history.cleanup(past.workspace)
    assert seen.removed == done.removed == (past.branch(run),)
    assert past.repo.run_branches() == []

    history.undo(past.workspace)
    assert past.tip(run) == tip


def test_a_squash_that_was_changed_since_is_recognised_by_its_patch(past: Past) -> None:
    run = past.execution({"app.py": lines("one", "TWO", "three")})
    past.repo.git("merge", "-q", "--squash", past.branch(run))
    past.repo.git("commit", "-q", "-m", "squashed by hand")
    past.repo.commit("and changed", app_py=lines("one", "Two and a half", "three"))
    (row,) = history.branches(past.workspace)
    assert row.figures is not None
    assert row.figures.merged is Merged.PATCH


def test_a_squash_of_several_commits_that_was_changed_since_is_recognised_by_its_record(past: Past) -> None:
    run = past.execution({"app.py": lines("one", "TWO", "three")}, {"b": "1\n"})
    past.repo.commit("mine", app_py=lines("uno", "two", "three"))
    history.merge(past.workspace, run, mode=Mode.SQUASH)
    past.repo.commit("and changed", app_py="all different\n", b="2\n")
    (row,) = history.branches(past.workspace)
    assert row.figures is not None
    assert row.figures.merged in (Merged.RECORDED, Merged.PATCH)
    history.cleanup(past.workspace)
    assert past.repo.run_branches() == []


def test_a_merge_that_was_undone_counts_no_more(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    history.merge(past.workspace, run, mode=Mode.SQUASH)
    history.undo(past.workspace)
    (row,) = history.branches(past.workspace)
    assert row.figures is not None
    assert row.figures.merged is Merged.NO


def test_cleanup_says_why_it_keeps_each_branch(past: Past) -> None:
    past.repo.commit("ignore", **{".gitignore": "*.log\n"})
    open_, running = past.execution({"a": "1\n"}), past.execution({"b": "1\n"}, ends=False)
    dirty = past.execution({"c": "1\n"}, leaves={"d": "2\n"})
    holding = past.execution({"e": "1\n"}, leaves={"only.log": "here\n"})
    past.repo.git("branch", "exec/unknown/20260101_000000")
    for run in (dirty, holding):
        history.merge(past.workspace, run)
    past.repo.git("merge", "-q", past.branch(running), "-m", "by hand")
    before = past.repo.run_branches()

    done = history.cleanup(past.workspace)

    reasons = {kept.execution: kept.reason for kept in done.kept}
    assert done.removed == ()
    assert past.repo.run_branches() == before
    assert reasons[open_] == "not merged"
    assert "running" in reasons[running]
    assert "d" in reasons[dirty]
    assert "only.log" in reasons[holding]
    assert "unknown" in reasons["unknown"]


def test_prune_removes_orphans_and_keeps_what_holds_work(past: Past) -> None:
    gone = past.execution({"a": "1\n"}, leaves={"b": "2\n"})
    dirty = past.execution({"a": "1\n"}, leaves={"b": "2\n"})
    clean = past.execution({"a": "1\n"}, leaves={"b": "2\n"})
    for path in sorted(past.worktree(gone).rglob("*"), reverse=True):
        path.unlink()
    past.worktree(gone).rmdir()
    (past.worktree(clean) / "b").unlink()

    done = history.prune(past.workspace)

    assert set(done.removed) == {str(past.worktree(gone)), str(past.worktree(clean))}
    assert [kept.execution for kept in done.kept] == [dirty]
    assert (past.worktree(dirty) / "b").read_text() == "2\n"
    assert past.repo.worktrees() == [str(past.worktree(dirty))]
