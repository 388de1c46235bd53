"""Conflicts wait beside the checkout: resolved, taken from a side, or given up."""

from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict
from paracle.app.domain.history import Mode
from paracle.app.git.checkouts import CheckoutBusy
from paracle.app.git.failures import GitTooOld
from paracle.app.git.pending import MergeConflicts, Unresolved
from paracle.app.git.refs import RefMoved
from paracle.app.services import history
from tests.support.history import Past, lines
from tests.support.repo import stand_in

REPLAYING = [Mode.REBASE, Mode.CHERRY_PICK]
MAKING = [Mode.MERGE, Mode.SQUASH, *REPLAYING]


def conflicting(past: Past) -> str:
    run = past.execution({"app.py": lines("one", "TWO", "three"), "new.py": "n = 1\n"})
    past.repo.commit("mine", app_py=lines("one", "zwei", "three"))
    return run


@pytest.mark.parametrize("mode", MAKING)
def test_a_conflict_waits_beside_the_checkout_until_it_is_resolved(past: Past, mode: Mode) -> None:
    run = conflicting(past)
    before = past.mine()
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, run, mode=mode)
    assert past.mine() == before
    assert met.value.pending.paths == ("app.py",)

    with pytest.raises(Unresolved):
        history.resume(past.workspace)
    (Path(met.value.pending.folder) / "app.py").write_text(lines("one", "TWO zwei", "three"))
    done = history.resume(past.workspace, run)

    assert (past.repo.folder / "app.py").read_text() == lines("one", "TWO zwei", "three")
    assert (past.repo.folder / "new.py").read_text() == "n = 1\n"
    assert past.repo.git("status", "--porcelain") == ""
    assert past.repo.head == done.moves[0].after
    assert past.leftovers() == []
    assert history.waiting(past.workspace) == ()


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        ("ours", lines("one", "zwei", "three")),
        ("theirs", lines("one", "TWO", "three")),
        ("base", lines("one", "two", "three")),
        ("both", "one\n\n\n\nzwei\nTWO\n\n\n\nthree\n\n\n\n"),
    ],
)
def test_a_conflict_is_resolved_by_taking_a_side(past: Past, side: str, expected: str) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    history.take(past.workspace, "app.py", side)  # type: ignore[arg-type]
    history.resume(past.workspace)
    assert (past.repo.folder / "app.py").read_text() == expected


def test_what_was_typed_before_a_side_is_taken_is_kept(past: Past) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, run)
    (Path(met.value.pending.folder) / "app.py").write_text("hours of work\n")
    history.take(past.workspace, "app.py", "ours")
    (kept,) = [entry for entry in history.archive(past.workspace) if entry.operation.endswith("-typed")]
    assert past.repo.show(kept.commit, "app.py") == "hours of work"


def test_a_file_deleted_on_one_side_needs_a_decision(past: Past) -> None:
    run = past.execution({"app.py": None})
    past.repo.commit("mine", app_py=lines("one", "zwei", "three"))
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    with pytest.raises(Unresolved):
        history.resume(past.workspace)
    history.take(past.workspace, "app.py", "theirs")
    history.resume(past.workspace)
    assert "app.py" not in past.repo.names("HEAD")


def test_giving_up_restores_the_state_exactly_and_keeps_what_was_typed(past: Past) -> None:
    run = conflicting(past)
    before = past.mine()
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, run)
    (Path(met.value.pending.folder) / "app.py").write_text("hours of work\n")

    given_up = history.abort(past.workspace)

    assert past.mine() == before
    assert past.leftovers() == []
    assert (
        past.repo.show(f"refs/paracle/archive/{given_up.id}/snapshot/{met.value.pending.id}", "app.py")
        == "hours of work"
    )


def test_a_target_that_moved_while_conflicts_were_resolved_is_not_overwritten(past: Past) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    history.take(past.workspace, "app.py", "theirs")
    past.repo.commit("meanwhile", later_py="1\n")
    before = past.mine()
    with pytest.raises(RefMoved):
        history.resume(past.workspace)
    assert past.mine() == before
    assert len(history.waiting(past.workspace)) == 1


def test_a_second_merge_of_a_branch_that_waits_is_refused(past: Past) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    with pytest.raises(Conflict, match="waits for its conflicts"):
        history.merge(past.workspace, run)


def test_a_git_without_merge_tree_is_refused_naming_both_versions(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = past.execution({"a": "1\n"})
    monkeypatch.setenv(
        "PATH",
        stand_in(
            tmp_path / "bin", 'test "$1" = version && echo git version 2.37.9 && exit\nexec "$REAL" "$@"'
        ),
    )
    with pytest.raises(GitTooOld) as refused:
        history.merge(past.workspace, run)
    assert "2.37.9" in refused.value.detail
    assert "2.38" in refused.value.detail


@pytest.mark.parametrize("mode", MAKING)
def test_a_resolved_merge_that_could_not_land_lands_later(past: Past, mode: Mode) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run, mode=mode)
    history.take(past.workspace, "app.py", "theirs")
    past.repo.write("notes.md", "work in progress\n")
    with pytest.raises(CheckoutBusy):
        history.resume(past.workspace)
    past.repo.git("checkout", "--", "notes.md")
    history.resume(past.workspace)
    assert (past.repo.folder / "app.py").read_text() == lines("one", "TWO", "three")
    assert past.leftovers() == []


def test_giving_up_keeps_a_commit_that_was_made_already(past: Past) -> None:
    run = conflicting(past)
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, run)
    folder = Path(met.value.pending.folder)
    (folder / "app.py").write_text("resolved by hand\n")
    past.repo.git("-C", str(folder), "commit", "--quiet", "--all", "--no-edit")
    history.abort(past.workspace)
    (kept,) = history.archive(past.workspace)
    assert past.repo.show(kept.commit, "app.py") == "resolved by hand"
