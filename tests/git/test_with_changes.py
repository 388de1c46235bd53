"""An execution may begin with what the user has not committed; the user's own state stays as it is."""

import os
from datetime import datetime

import pytest

from paracle.app.git.checkouts import CheckoutBusy
from paracle.app.git.isolation import Isolation
from tests.support.repo import RepoBuilder


async def test_the_execution_sees_what_is_in_no_commit(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    repo.commit("ignore", **{".gitignore": "*.log\n"})
    repo.write("app.py", "edited\n")
    repo.git("add", "app.py")
    repo.write("app.py", "edited again\n")
    repo.write("new.txt", "new\n")
    repo.write("secret.log", "ignored\n")
    (repo.folder / "docs" / "guide.py").unlink()
    before = repo.fingerprint()

    place = await isolation.open("e1", when, with_changes=True)

    assert repo.fingerprint() == before
    names = {path.name for path in place.root.iterdir()}
    assert {"app.py", "new.txt"} < names
    assert names.isdisjoint({"secret.log", "docs"})
    assert (place.root / "app.py").read_text() == "edited again\n"
    assert place.warnings == ()
    assert repo.git("rev-parse", f"{place.base_commit}^") == repo.head
    assert await isolation.close(place)


async def test_without_changes_it_is_the_plain_fork(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when, with_changes=True)
    assert place.base_commit == repo.head


async def test_in_the_middle_of_a_merge_it_is_refused_and_nothing_is_left(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    (repo.git_folder / "MERGE_HEAD").write_text(repo.head + "\n")
    with pytest.raises(CheckoutBusy, match="a merge is under way"):
        await isolation.open("e1", when, with_changes=True)
    assert repo.run_branches() == []
    assert repo.worktrees() == []


async def test_an_edit_in_the_second_of_the_last_git_command_is_seen(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    # Of the same size and with the same time: git then compares with the time of the index itself.
    repo.git("config", "core.trustctime", "false")
    path = repo.write("same.txt", "one\n")
    moment = path.stat().st_mtime_ns - 10_000_000_000
    os.utime(path, ns=(moment, moment))
    repo.commit("same")
    path.write_text("two\n")
    for touched in (path, repo.git_folder / "index"):
        os.utime(touched, ns=(moment, moment))

    place = await isolation.open("e1", when, with_changes=True)

    assert (place.root / "same.txt").read_text() == "two\n"
