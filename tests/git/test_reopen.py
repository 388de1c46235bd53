"""Going on with the branch of an earlier execution, in its work tree."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.domain.errors import ExitCode
from paracle.app.git.commits import unfinished, with_trailers
from paracle.app.git.failures import GitConflict
from paracle.app.git.isolation import Isolation
from paracle.app.git.place import BranchGone
from paracle.app.git.workplaces import Earlier, Workplace
from paracle.app.git.worktrees import LostWorktree, OffBranch
from tests.support.repo import RepoBuilder, tree_fingerprint

MESSAGE = with_trailers(*unfinished("fixer", "e1", "offline"))


async def ended(isolation: Isolation, when: datetime, *, leaves: str = "") -> Workplace:
    """The place of an execution that has committed a file, and left another one if one is named."""
    place = await isolation.open("e1", when)
    (place.root / "done.txt").write_text("done\n")
    assert await isolation.commit(place, "feat: done", {}) is not None
    if leaves:
        (place.root / leaves).write_text("left\n")
    assert await isolation.close(place) is not bool(leaves)
    return place


def earlier(place: Workplace) -> Earlier:
    return Earlier(place.branch, place.repository if place.isolation == "copy" else None, MESSAGE)


async def test_a_work_tree_that_was_put_away_is_made_again_where_it_was(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    first = await ended(isolation, when)
    repo.write("app.py", "the user's\n")
    before = repo.fingerprint()

    place = await isolation.reopen("e2", earlier(first))

    assert replace(first, execution="e2", base_commit=place.base_commit, warnings=()) == place
    assert place.base_commit == repo.git("rev-parse", first.branch)
    assert (place.root / "done.txt").read_text() == "done\n"
    assert "execution e2 is running" in repo.git("worktree", "list", "--porcelain")
    (place.root / "more.txt").write_text("more\n")
    commit = await isolation.commit(place, "feat: more", {})
    assert commit is not None
    assert [change.path for change in commit.files] == ["more.txt"]
    assert await isolation.close(place)
    assert repo.fingerprint() == before
    assert repo.worktrees() == []
    assert repo.healthy()


async def test_what_was_left_in_a_work_tree_is_committed_first_and_what_is_ignored_stays(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    repo.commit("ignore", **{".gitignore": "*.log\n"})
    first = await ended(isolation, when, leaves="left.txt")
    (first.root / "kept.log").write_text("only here\n")

    place = await isolation.reopen("e2", earlier(first))

    assert repo.message(place.branch) == MESSAGE.strip()
    assert place.base_commit == repo.git("rev-parse", place.branch)
    assert repo.show(place.branch, "left.txt") == "left"
    assert place.warnings == (
        "Unfinished changes in the work tree were committed before this run began (left.txt)",
    )
    assert (place.root / "kept.log").read_text() == "only here\n"
    assert "execution e2 is running" in repo.git("worktree", "list", "--porcelain")
    assert not await isolation.close(place)


async def test_a_project_below_the_top_is_worked_in_where_it_was(
    repo: RepoBuilder, state: Path, when: datetime
) -> None:
    isolation = Isolation(repo.folder / "docs", state)
    first = await ended(isolation, when)
    place = await isolation.reopen("e2", earlier(first))
    assert place.root == place.worktree / "docs"
    assert (place.root / "done.txt").exists()


async def test_a_branch_that_is_gone_is_named_with_the_way_back(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    first = await ended(isolation, when)
    repo.git("branch", "--quiet", "-D", first.branch)
    with pytest.raises(BranchGone) as gone:
        await isolation.reopen("e2", earlier(first))
    assert gone.value.exit_code is ExitCode.NOT_FOUND
    assert f"paracle git archive restore {first.branch}" in gone.value.hint
    assert repo.worktrees() == []


async def test_a_branch_that_the_user_has_checked_out_is_left_to_them(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    first = await ended(isolation, when)
    repo.git("switch", "--quiet", first.branch)
    before = repo.fingerprint()
    with pytest.raises(GitConflict, match="checked out elsewhere"):
        await isolation.reopen("e2", earlier(first))
    assert repo.fingerprint() == before
    assert repo.worktrees() == []


async def test_a_work_tree_whose_folder_was_deleted_by_hand_is_made_again(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    first = await isolation.open("e1", when)
    first.worktree.rename(first.worktree.with_name("elsewhere"))
    place = await isolation.reopen("e2", earlier(first))
    assert (place.root / "app.py").exists()
    assert await isolation.close(place)


async def test_a_work_tree_that_was_moved_off_its_branch_or_broken_is_refused_and_not_locked(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    first = await ended(isolation, when, leaves="left.txt")
    repo.git("-C", str(first.worktree), "switch", "--quiet", "--detach")
    with pytest.raises(OffBranch):
        await isolation.reopen("e2", earlier(first))
    assert "\nlocked" not in repo.git("worktree", "list", "--porcelain")
    (first.worktree / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(LostWorktree):
        await isolation.reopen("e2", earlier(first))
    assert (first.root / "left.txt").read_text() == "left\n"


async def test_an_unborn_head_does_not_hinder(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    first = await ended(isolation, when)
    repo.git("switch", "--quiet", "--orphan", "fresh")
    place = await isolation.reopen("e2", earlier(first))
    assert place.isolation == "worktree"
    assert (place.root / "done.txt").exists()


async def test_a_copy_is_gone_on_with_in_its_private_repository(tmp_path: Path, when: datetime) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "app.py").write_text("mine\n")
    before = tree_fingerprint(folder)
    isolation = Isolation(folder, tmp_path / "state")
    first = await ended(isolation, when, leaves="left.txt")

    place = await isolation.reopen("e2", earlier(first))

    assert (place.isolation, place.repository, place.root) == ("copy", first.repository, first.root)
    assert {path.name for path in place.root.iterdir()} >= {"app.py", "done.txt", "left.txt"}
    assert await isolation.close(place)
    again = await isolation.reopen("e3", earlier(first))
    assert (again.root / "left.txt").read_text() == "left\n"
    assert tree_fingerprint(folder) == before


async def test_a_folder_without_git_says_that_changes_are_always_part_of_a_run(
    tmp_path: Path, when: datetime
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    isolation = Isolation(folder, tmp_path / "state")
    plain = await isolation.open("e1", when)
    told = await isolation.open("e2", when, with_changes=True)
    assert plain.warnings == ()
    assert told.warnings == (
        "Without a commit to fork from, a run begins with the files as they are in any case",
    )
