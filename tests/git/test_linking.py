"""The record of a work tree that no git wrote: as one of git's, whole or not there; git's own in doubt."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.git.command import logged
from paracle.app.git.isolation import Isolation
from paracle.app.git.locks import HalfMade, Mark
from tests.support.repo import RepoBuilder


def files_of(record: Path) -> dict[str, str]:
    """The files of a record but for the reflog and the index, with what is in them."""
    return {
        path.name: path.read_text()
        for path in record.iterdir()
        if path.is_file() and path.name not in ("index", "locked", "ORIG_HEAD")
    }


async def test_git_finds_the_record_as_good_as_one_of_its_own(
    repo: RepoBuilder, isolation: Isolation, when: datetime, tmp_path: Path
) -> None:
    with logged() as commands:
        place = await isolation.open("e1", when)
    assert "worktree" not in {command.arguments[0] for command in commands}
    own = tmp_path / "own"
    repo.git("worktree", "add", "--quiet", "-b", "other", str(own))
    ours, gits = (files_of(repo.git_folder / "worktrees" / name) for name in ("e1", "own"))
    assert set(ours) == set(gits)
    assert ours["commondir"] == gits["commondir"]
    assert ours["gitdir"] == gits["gitdir"].replace(str(own), str(place.worktree))
    assert ours["HEAD"] == gits["HEAD"].replace("other", place.branch)
    links = [tree.joinpath(".git").read_text().rpartition("/") for tree in (place.worktree, own)]
    assert links[0][:2] == links[1][:2]

    listed = repo.git("worktree", "list", "--porcelain")
    assert f"worktree {place.worktree}\nHEAD {repo.head}\nbranch refs/heads/{place.branch}\nlocked" in listed
    repo.git("worktree", "prune", "--expire", "now")
    repo.git("gc", "--quiet", "--prune=now")
    repo.git("fsck", "--strict")
    assert repo.git("-C", str(place.worktree), "status", "--porcelain") == ""
    assert await isolation.close(place)
    assert not (repo.git_folder / "worktrees" / "e1").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("include.path", "more"), ("core.sharedRepository", "group"), ("extensions.worktreeConfig", "true")],
)
async def test_where_the_configuration_may_have_a_say_git_makes_the_record(
    repo: RepoBuilder, isolation: Isolation, when: datetime, name: str, value: str
) -> None:
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.git("config", name, value)
    with logged() as commands:
        place = await isolation.open("e1", when)
    assert "worktree" in {command.arguments[0] for command in commands}
    assert await isolation.close(place)


async def test_what_a_killed_process_left_of_a_record_is_cleared_by_the_next_start(
    repo: RepoBuilder, isolation: Isolation, state: Path, when: datetime
) -> None:
    first = await isolation.open("e1", when)
    folder = first.worktree.parent
    begun = repo.git_folder / "paracle-killed"
    made = HalfMade("killed", str(repo.folder), str(folder / "killed"), "exec/killed/1", repo.head)
    Mark.set(folder, made).release()
    begun.mkdir()
    (begun / "locked").touch()
    (folder / "killed").mkdir()
    (folder / "killed" / ".git").write_text("gitdir: nowhere\n")

    second = await isolation.open("e2", when)
    assert not begun.exists()
    assert not (folder / "killed").exists()
    assert not list(folder.glob("*.opening"))
    assert await isolation.close(first)
    assert await isolation.close(second)


async def test_a_record_of_that_name_is_git_s_own_to_deal_with(
    repo: RepoBuilder, isolation: Isolation, when: datetime, tmp_path: Path
) -> None:
    """A work tree of the user may be called as an execution is; git finds another name for ours then."""
    repo.git("worktree", "add", "--quiet", "-b", "theirs", str(tmp_path / "e1"))
    place = await isolation.open("e1", when)
    assert (repo.git_folder / "worktrees" / "e11").is_dir()
    assert repo.git("-C", str(tmp_path / "e1"), "rev-parse", "--abbrev-ref", "HEAD") == "theirs"
    assert await isolation.close(place)
    assert (repo.git_folder / "worktrees" / "e1").is_dir()
