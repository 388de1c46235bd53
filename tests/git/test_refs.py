"""Refs move all together or not at all, from where they were expected; the archive keeps what they were."""

import asyncio
from pathlib import Path

import pytest

from paracle.app.domain.errors import NotFound, UsageError
from paracle.app.domain.history import RefMove
from paracle.app.git.archive import drop, find_archived, kept, list_archived
from paracle.app.git.command import git, logged
from paracle.app.git.failures import GitConflict
from paracle.app.git.refs import RefMoved, list_tips, move_refs, read_ref, read_refs, target_ref
from tests.support.repo import RepoBuilder


async def test_refs_are_made_moved_and_deleted_in_one_transaction(repo: RepoBuilder) -> None:
    first, second = repo.head, repo.commit("second", a="1\n")
    repo.git("branch", "moves", first)
    repo.git("branch", "goes", first)
    await move_refs(
        repo.folder,
        [
            RefMove("refs/heads/comes", None, second),
            RefMove("refs/heads/moves", first, second),
            RefMove("refs/heads/goes", first, None),
        ],
        why="a test\nwith two lines",
    )
    found = await read_refs(repo.folder, ["refs/heads/comes", "refs/heads/moves", "refs/heads/goes"])
    assert list(found.values()) == [second, second, None]


@pytest.mark.parametrize("expected", ["elsewhere", "nowhere", "gone"])
async def test_one_ref_that_is_elsewhere_stops_them_all(repo: RepoBuilder, expected: str) -> None:
    first, second = repo.head, repo.commit("second", a="1\n")
    repo.git("branch", "there", second)
    move = {
        "elsewhere": RefMove("refs/heads/there", first, None),
        "nowhere": RefMove("refs/heads/there", None, first),
        "gone": RefMove("refs/heads/missing", first, second),
    }[expected]
    before = repo.fingerprint()
    with pytest.raises(RefMoved) as refused:
        await move_refs(repo.folder, [RefMove("refs/heads/new", None, first), move])
    assert refused.value.ref == move.name
    assert refused.value.expected == move.before
    assert refused.value.found == (second if expected == "elsewhere" else None)
    assert repo.fingerprint() == before


async def test_a_lock_held_by_another_git_is_not_taken_for_a_move(repo: RepoBuilder) -> None:
    (repo.git_folder / "refs" / "heads" / "main.lock").touch()
    with pytest.raises(GitConflict) as refused:
        await move_refs(repo.folder, [RefMove("refs/heads/main", repo.head, None)])
    assert not isinstance(refused.value, RefMoved)
    assert "lock" in refused.value.hint


async def test_two_movers_of_one_ref_cannot_both_win(repo: RepoBuilder) -> None:
    first = repo.head
    others = [repo.commit(f"round {number}", a=f"{number}\n") for number in range(8)]
    repo.git("branch", "wanted", first)
    moves = [move_refs(repo.folder, [RefMove("refs/heads/wanted", first, other)]) for other in others]
    results = await asyncio.gather(*moves, return_exceptions=True)
    assert results.count(None) == 1
    assert all(isinstance(result, GitConflict) for result in results if result is not None)
    assert await read_ref(repo.folder, "refs/heads/wanted") == others[results.index(None)]


async def test_what_is_archived_survives_the_end_of_its_branch_and_a_collection(repo: RepoBuilder) -> None:
    repo.git("checkout", "-q", "-b", "exec/e1/20260101_000000")
    tip = repo.commit("only here", a="1\n")
    repo.git("checkout", "-q", "main")
    move = RefMove("refs/heads/exec/e1/20260101_000000", tip, None)
    await move_refs(repo.folder, [*kept("op1", [move]), move])
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "--quiet", "--prune=now")

    entries = await list_archived(repo.folder)
    assert find_archived(entries, "e1").commit == tip
    assert repo.show(tip, "a") == "1"
    with pytest.raises(NotFound):
        find_archived(entries, "e2")
    await drop(repo.folder, "op1")
    assert await list_archived(repo.folder) == ()


@pytest.mark.parametrize(
    "name", ["", "-rf", "a..b", "a b", "two\nlines", "x.lock", "exec/e1/20260101_000000"]
)
async def test_a_name_that_no_target_can_have_is_refused(repo: RepoBuilder, name: str) -> None:
    with pytest.raises((UsageError, NotFound)) as refused:
        await target_ref(repo.folder, name)
    assert refused.value.hint


async def test_tips_come_with_their_trees_and_times(repo: RepoBuilder) -> None:
    repo.git("tag", "-a", "v1", "-m", "annotated")
    (tip,) = await list_tips(repo.folder, "refs/heads")
    assert (tip.branch, tip.commit) == ("main", repo.head)
    assert tip.tree == repo.git("rev-parse", "HEAD^{tree}")
    assert tip.time == int(repo.git("log", "-1", "--format=%ct"))


async def test_the_commands_that_are_run_can_be_shown(repo: RepoBuilder, tmp_path: Path) -> None:
    with logged() as outer:
        await git(repo.folder, "rev-parse", "HEAD")
        with logged() as inner:
            await git(repo.folder, "show-ref", "--verify", "refs/heads/none", accept=(0, 128))
    await git(repo.folder, "rev-parse", "HEAD")
    assert [command.line for command in outer] == [
        "git rev-parse HEAD",
        "git show-ref --verify refs/heads/none",
    ]
    assert [command.code for command in inner] == [128]
