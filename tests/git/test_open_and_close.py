"""A workplace in an ordinary repository, from its start to its end."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.domain.errors import ExitCode, GitError, UsageError
from paracle.app.git.failures import GitConflict
from paracle.app.git.isolation import Isolation
from paracle.app.git.workplaces import Workplace
from paracle.app.git.worktrees import LostWorktree
from tests.support.repo import RepoBuilder

TRAILERS = {"Paracle-Execution": "e1", "Paracle-Step": "3", "Assisted-by": "paracle:offline"}


async def test_an_execution_gets_a_branch_and_a_worktree_forked_from_head(
    repo: RepoBuilder, isolation: Isolation, state: Path, when: datetime
) -> None:
    place = await isolation.open("e1", when)

    assert place.branch == "exec/e1/20261120_083059"
    assert place.base_commit == repo.head == repo.git("rev-parse", place.branch)
    assert place.isolation == "worktree"
    assert place.root == place.worktree
    assert place.worktree.is_relative_to(state / "worktrees")
    assert place.repository == repo.folder
    assert place.warnings == ()
    assert (place.root / "app.py").read_text() == "print('hello')\n"


async def test_a_workplace_survives_being_stored(isolation: Isolation, when: datetime) -> None:
    place = await isolation.open("e1", when)
    assert Workplace.from_dict(json.loads(json.dumps(place.to_dict()))) == place


async def test_nothing_of_the_users_is_touched_from_start_to_end(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    repo.write("app.py", "stashed\n")
    repo.git("stash")
    repo.write("app.py", "staged\n")
    repo.git("add", "app.py")
    repo.write("app.py", "not staged\n")
    repo.write("notes.txt")
    repo.git("tag", "v1")
    before = repo.fingerprint()

    place = await isolation.open("e1", when)
    assert repo.fingerprint() == before
    (place.root / "app.py").write_text("changed\n")
    (place.root / "REVIEW.md").write_text("fine\n")
    commit = await isolation.commit(place, "docs: review", TRAILERS)
    assert commit is not None
    assert repo.fingerprint() == before
    await isolation.changes(place.repository, place.base_commit, commit.sha)
    await isolation.diff(place.repository, place.base_commit, commit.sha)
    assert repo.fingerprint() == before
    assert await isolation.close(place)
    assert repo.fingerprint() == before
    assert repo.healthy()


async def test_uncommitted_work_is_named_as_not_part_of_the_run(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    repo.write("app.py", "changed\n")
    repo.write("docs/guide.py", "changed\n")
    repo.write("new/one.txt")
    place = await isolation.open("e1", when)

    assert place.warnings == (
        "2 files with uncommitted changes are not part of this run (app.py, docs/guide.py)",
        "1 untracked path is not part of this run (new/)",
    )
    assert (place.root / "app.py").read_text() == "print('hello')\n"


async def test_the_worktree_is_locked_while_the_execution_lives(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when)
    assert "\nlocked paracle: execution e1 is running (pid " in repo.git("worktree", "list", "--porcelain")
    (place.root / "left.txt").write_text("not committed\n")
    assert not await isolation.close(place)
    assert "\nlocked" not in repo.git("worktree", "list", "--porcelain")


async def test_closing_removes_the_worktree_and_keeps_the_branch(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when)
    (place.root / "REVIEW.md").write_text("fine\n")
    commit = await isolation.commit(place, "docs: review", TRAILERS)
    assert commit is not None

    assert await isolation.close(place)

    assert not place.worktree.exists()
    assert repo.worktrees() == []
    assert repo.show(place.branch, "REVIEW.md") == "fine"
    assert repo.git("rev-parse", place.branch) == commit.sha


async def test_closing_twice_or_after_the_user_removed_the_worktree_is_no_error(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when)
    assert await isolation.close(place)
    assert await isolation.close(place)

    other = await isolation.open("e2", when)
    repo.git("worktree", "remove", "--force", "--force", str(other.worktree))
    assert await isolation.close(other)
    assert repo.run_branches() == ["exec/e1/20261120_083059", "exec/e2/20261120_083059"]


async def test_two_executions_of_the_same_second_work_side_by_side(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    first, second = await isolation.open("e1", when), await isolation.open("e2", when)
    for place in (first, second):
        (place.root / "who.txt").write_text(place.execution)
        await isolation.commit(place, "feat: who", TRAILERS)
    assert [repo.show(place.branch, "who.txt") for place in (first, second)] == ["e1", "e2"]


async def test_an_id_that_has_a_workplace_is_refused_and_its_work_stays(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when)
    (place.root / "draft.txt").write_text("unfinished\n")
    with pytest.raises(GitConflict) as refused:
        await isolation.open("e1", when.replace(year=2027))
    assert "has a workplace already" in refused.value.title
    assert refused.value.exit_code is ExitCode.CONFLICT
    assert (place.root / "draft.txt").read_text() == "unfinished\n"
    assert repo.run_branches() == [place.branch]


async def test_a_branch_of_an_earlier_execution_is_never_taken_over_or_removed(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when)
    assert await isolation.close(place)
    with pytest.raises(GitConflict, match="exists already"):
        await isolation.open("e1", when)
    assert repo.run_branches() == [place.branch]


async def test_a_user_branch_named_exec_is_in_the_way_and_stays(
    repo: RepoBuilder, isolation: Isolation, when: datetime, state: Path
) -> None:
    repo.git("branch", "exec")
    before = repo.fingerprint()
    with pytest.raises(GitConflict) as refused:
        await isolation.open("e1", when)
    assert "'refs/heads/exec' exists" in refused.value.detail
    assert "git branch -m" in refused.value.hint
    assert repo.fingerprint() == before
    assert repo.worktrees() == []
    assert repo.branches() == ["exec", "main"]
    assert "e1" not in {path.name for path in tree(state)}


@pytest.mark.parametrize("bad", ["", "-rf", "a/b", "..", "a b", "a\nb", "a.lock", "ä", "x" * 101])
async def test_an_id_that_cannot_name_a_branch_is_refused(
    isolation: Isolation, bad: str, when: datetime
) -> None:
    with pytest.raises(UsageError):
        await isolation.open(bad, when)


async def test_a_worktree_moved_off_its_branch_is_neither_committed_in_nor_removed(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    repo.git("branch", "feature")
    place = await isolation.open("e1", when)
    RepoBuilder.git(_at(place), "switch", "--quiet", "feature")
    (place.root / "x.txt").write_text("x\n")
    with pytest.raises(GitError) as refused:
        await isolation.commit(place, "feat: x", TRAILERS)
    assert refused.value.code == "git_off_branch"
    assert f"switch '{place.branch}'" in refused.value.hint
    (place.root / "x.txt").unlink()
    _at(place).git("reset", "--quiet")
    assert not await isolation.close(place)
    assert repo.git("rev-parse", "feature") == place.base_commit


@pytest.mark.parametrize("link", ["missing", "to the user's repository", "a repository of its own"])
async def test_a_worktree_whose_link_was_changed_never_leads_to_the_users_repository(
    repo: RepoBuilder, when: datetime, link: str
) -> None:
    state = (
        repo.folder / ".state"
    )  # inside the repository, where git would find the user's by looking upwards
    isolation = Isolation(repo.folder, state)
    place = await isolation.open("e1", when)
    before = repo.fingerprint()
    (place.worktree / ".git").unlink()
    if link == "to the user's repository":
        (place.worktree / ".git").write_text(f"gitdir: {repo.git_folder}\n")
    elif link == "a repository of its own":
        _at(place).git("init", "--quiet")
    (place.root / "x.txt").write_text("x\n")

    with pytest.raises(LostWorktree) as refused:
        await isolation.commit(place, "feat: x", TRAILERS)
    assert "worktree repair" in refused.value.hint
    assert not await isolation.close(place)
    (place.root / "x.txt").unlink()
    after = repo.fingerprint()
    assert (after.index, after.head, after.refs, after.config) == (
        before.index,
        before.head,
        before.refs,
        before.config,
    )


async def test_commits_that_only_the_worktree_remembers_keep_it(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when)
    agent = _at(place)
    agent.git("switch", "--quiet", "--detach")
    agent.commit("somewhere else", side_py="1\n")
    agent.git("switch", "--quiet", place.branch)
    assert not await isolation.close(place)
    assert place.worktree.exists()


async def test_a_merge_under_way_keeps_the_worktree(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    repo.git("switch", "--quiet", "--create", "other")
    repo.commit("other", other_py="1\n")
    repo.git("switch", "--quiet", "main")
    place = await isolation.open("e1", when)
    _at(place).git("merge", "--quiet", "--no-ff", "--no-commit", "--strategy", "ours", "other")
    assert not await isolation.close(place)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("build/only-here.bin", True),
        (".env", True),
        ("same.log", False),
        ("differs.log", True),
        ("pkg/__pycache__/m.pyc", False),
        (".tool_cache/v/data", False),
    ],
)
async def test_ignored_files_that_exist_nowhere_else_keep_the_worktree(
    repo: RepoBuilder, isolation: Isolation, when: datetime, path: str, kept: bool
) -> None:
    repo.commit("ignores", **{".gitignore": "build/\n.env\n*.log\n__pycache__/\n.tool_cache/\n"})
    repo.write("same.log", "content\n")
    repo.write("differs.log", "the user's\n")
    place = await isolation.open("e1", when)
    file = place.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("content\n")
    if path.startswith(".tool_cache"):
        (place.root / ".tool_cache/CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")

    assert await isolation.commit(place, "feat: nothing", TRAILERS) is None
    assert await isolation.close(place) is not kept
    assert file.exists() is kept


def tree(folder: Path) -> list[Path]:
    """Everything below a folder."""
    return list(folder.rglob("*"))


def _at(place: Workplace) -> RepoBuilder:
    """The agent's hands: git in the work tree."""
    agent = RepoBuilder.__new__(RepoBuilder)
    agent.folder = place.worktree
    return agent
