"""What a start has made that was killed before its execution had begun, and that another start makes anew."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.git.isolation import Isolation
from tests.support.kills import cut_off
from tests.support.repo import RepoBuilder, tree_fingerprint


async def test_a_place_in_which_nothing_was_done_is_made_anew_in_the_same_second(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    before = repo.fingerprint()
    first = await isolation.open("e1", when)
    await isolation.take_back("e1")
    assert repo.run_branches() == []
    assert repo.worktrees() == []
    assert await isolation.open("e1", when) == first
    assert repo.fingerprint() == before


async def test_a_copy_in_which_nothing_was_done_is_made_anew(
    tmp_path: Path, state: Path, when: datetime
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "app.py").write_text("print('hello')\n")
    before = tree_fingerprint(folder)
    isolation = Isolation(folder, state)
    first = await isolation.open("e1", when)
    await isolation.take_back("e1")
    assert not first.worktree.exists()
    assert not first.repository.exists()
    again = await isolation.open("e1", when)
    assert (again.root / "app.py").read_text() == "print('hello')\n"
    assert tree_fingerprint(folder) == before


async def test_where_nothing_was_made_nothing_is_taken_back(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    other = await isolation.open("e2", when)
    before = repo.fingerprint()
    await isolation.take_back("e1")
    assert repo.run_branches() == [other.branch]
    assert other.worktree.exists()
    assert repo.fingerprint() == before


@pytest.mark.parametrize("moment", range(1, 7))
def test_wherever_a_start_is_killed_the_next_one_finds_room(
    repo: RepoBuilder, state: Path, when: datetime, moment: int
) -> None:
    before = repo.fingerprint()
    cut_off(lambda: asyncio.run(Isolation(repo.folder, state).open("e1", when)), moment)

    async def again() -> None:
        isolation = Isolation(repo.folder, state)
        await isolation.take_back("e1")
        place = await isolation.open("e1", when)
        assert (place.root / "app.py").read_text() == "print('hello')\n"
        assert await isolation.close(place)

    asyncio.run(again())
    assert repo.fingerprint() == before
    assert repo.worktrees() == []
    assert [path for path in state.glob("worktrees/*/*") if path.name != ".gitignore"] == []
    assert repo.healthy()
