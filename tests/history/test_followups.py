"""An execution that goes on with the branch of an earlier one: to the history both are one branch."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.domain.history import Merged
from paracle.app.git.pending import MergeConflicts
from paracle.app.git.place import BranchGone
from paracle.app.git.worktrees import own_directory
from paracle.app.services import history, merge_conflicts, review
from tests.support.history import Past
from tests.support.kills import cut_off

FIRST = {"app.py": "first\n"}
SECOND = {"more.txt": "second\n"}
LEFT = {"app.py": "half\n", "loose.txt": "loose\n"}


def test_whichever_of_its_executions_is_named_it_is_the_whole_branch(past: Past) -> None:
    run = past.execution(FIRST)
    more = past.follow(run, SECOND)
    last = past.follow(more, {"last.txt": "third\n"})

    assert past.branch(more) == past.branch(last) == past.branch(run)
    (row,) = history.branches(past.workspace)
    assert (row.execution, row.follow_ups) == (run, (more, last))
    for named in (run, more, last, past.branch(run)):
        assert history.show(past.workspace, named) == row
        changed = [change.path for change in history.files(past.workspace, named)]
        assert changed == ["app.py", "last.txt", "more.txt"]
    assert row.base == past.repo.head
    assert past.workspace.store.execution(last).base_commit == past.repo.git("rev-parse", f"{row.tip}^")


def test_a_follow_up_at_work_makes_the_whole_branch_wait(past: Past) -> None:
    run = past.execution(FIRST)
    more = past.follow(run, SECOND, ends=False)

    (row,) = history.branches(past.workspace)
    assert row.state == "running"
    for deed in (history.merge, history.discard, history.apply, history.preview):
        with pytest.raises(Conflict, match=f"{more[:4]} is still running"):
            deed(past.workspace, run)
    with pytest.raises(Conflict, match=f"{more[:4]} is running"):
        past.follow(run, {"third.txt": "third\n"})
    past.repo.git("merge", "--quiet", past.branch(run))
    assert history.cleanup(past.workspace).removed == ()
    assert history.prune(past.workspace).removed == ()
    assert past.worktree(run).exists()


def test_merging_brings_what_all_of_them_did_and_undo_takes_it_back(past: Past) -> None:
    run = past.execution(FIRST)
    more = past.follow(run, SECOND)
    before = past.repo.head

    history.merge(past.workspace, more)

    assert {"app.py", "more.txt"} <= set(past.repo.names("HEAD"))
    (row,) = history.branches(past.workspace)
    assert row.figures is not None
    assert row.figures.merged is Merged.ANCESTRY
    history.undo(past.workspace)
    assert past.repo.head == before
    history.merge(past.workspace, more)
    assert history.cleanup(past.workspace).removed == (row.branch,)


def test_a_discarded_branch_cannot_be_gone_on_with_until_it_is_restored(past: Past) -> None:
    run = past.execution(FIRST, leaves=LEFT)
    more = past.follow(run, SECOND, leaves={"again.txt": "left again\n"})
    branch = past.branch(run)
    history.discard(past.workspace, more)
    assert not past.worktree(run).exists()

    with pytest.raises(BranchGone) as gone:
        past.follow(run, SECOND)
    assert f"archive restore {branch}" in gone.value.hint

    history.undo(past.workspace)
    assert (past.worktree(run) / "again.txt").read_text() == "left again\n"
    last = past.follow(run, {"last.txt": "third\n"})
    assert past.repo.show(branch, "again.txt") == "left again"
    assert past.repo.message(f"{branch}^").splitlines()[-2] == f"Paracle-Execution: {more}"
    assert past.branch(last) == branch


def test_a_merge_that_waits_for_its_conflicts_goes_on_with_what_it_began_with(past: Past) -> None:
    run = past.execution(FIRST)
    past.repo.commit("mine", **{"app.py": "mine\n"})
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, run)
    past.follow(run, SECOND)
    (waiting,) = history.waiting(past.workspace)
    merge_conflicts.take(past.workspace, "app.py", "theirs")
    history.resume(past.workspace)
    assert past.repo.show("HEAD", "app.py") == "first"
    assert "more.txt" not in past.repo.names("HEAD")
    (row,) = history.branches(past.workspace)
    assert row.tip != waiting.tip
    assert row.figures is not None
    assert row.figures.merged is Merged.NO


def test_a_step_is_looked_for_in_the_execution_that_is_named(past: Past) -> None:
    run = past.execution(FIRST)
    more = past.follow(run, SECOND)
    with pytest.raises(NotFound, match="Step 7"):
        history.diff(past.workspace, more, step=7)


def test_a_review_is_of_the_whole_branch_and_kept_for_it(past: Past) -> None:
    run = past.execution(FIRST)
    more = past.follow(run, SECOND)
    reviewed = review.open_review(past.workspace, more)
    assert reviewed.execution.id == run
    assert reviewed == review.open_review(past.workspace, past.branch(run))
    files = review.files(reviewed)
    assert [file.path for file in files] == ["app.py", "more.txt"]
    review.note(past.workspace, past.workspace.store.execution(more), files[1], None, "shorter")
    assert "shorter" in review.message(past.workspace, review.open_review(past.workspace, run))


def test_a_dead_owners_lock_goes_although_its_process_id_lives_and_a_persons_lock_stays(past: Past) -> None:
    past.workspace.close()

    def deed() -> None:
        with past.opened() as workspace:
            past.workspace = workspace
            past.execution(FIRST, leaves=LEFT, ends=False)
            past.execution(SECOND, ends=False)
            os.kill(os.getpid(), signal.SIGKILL)

    assert cut_off(deed, 1_000_000)
    past.workspace = past.opened()
    mine, lost = (past.worktree(row.execution) for row in history.branches(past.workspace))
    reason = own_directory(lost) / "locked"
    reused = re.sub(r"pid \d+", f"pid {os.getpid()}", reason.read_text())
    reason.write_text(reused)
    past.repo.git("worktree", "unlock", str(mine))
    past.repo.git("worktree", "lock", "--reason", "mine", str(mine))

    assert history.prune(past.workspace, dry_run=True).removed == ()
    assert reason.read_text() == reused
    assert history.prune(past.workspace).removed == ()

    assert not reason.exists()
    assert (lost / "loose.txt").exists() or (mine / "loose.txt").exists()
    assert (own_directory(mine) / "locked").read_text() == "mine\n"
    reasons = {kept.execution: kept.reason for kept in history.prune(past.workspace).kept}
    assert reasons[mine.name] == "locked, and not by an execution"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("left", [LEFT, {}], ids=["taken over", "made again"])
def test_a_kill_at_any_moment_loses_nothing_and_the_next_start_works(
    tmp_path: Path, left: dict[str, str]
) -> None:
    with Past(tmp_path) as past:
        run = past.execution(FIRST, leaves=left)
        moment, killed = 0, True
        while killed:
            moment += 1
            past.workspace.close()

            def deed(number: int = moment) -> None:
                with past.opened() as workspace:
                    past.follow(run, {f"{number}.txt": "killed\n"}, leaves=left, workspace=workspace)

            killed = cut_off(deed, moment)
            past.workspace = past.opened()
        last = past.follow(run, SECOND)
        assert moment > 8
        names = past.repo.names(past.tip(run))
        assert {"more.txt", f"{moment}.txt", *left} <= set(names)
        assert past.branch(last) == past.branch(run)
        assert past.repo.healthy()
        assert past.leftovers() == []
