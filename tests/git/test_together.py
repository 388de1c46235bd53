"""git commands side by side, of which one fails: none of the others is left behind."""

from __future__ import annotations

import asyncio

import pytest

from paracle.app.git.command import git
from paracle.app.git.tasks import each, together
from tests.support.repo import RepoBuilder
from tests.support.studio import children


@pytest.mark.timeout(60)
def test_a_loop_ends_though_a_command_is_just_being_started_when_another_fails(repo: RepoBuilder) -> None:
    async def fail(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        raise LookupError

    # At every turn of the loop in which a start can be under way.
    for turns in range(40):
        with pytest.raises(LookupError):
            asyncio.run(together(git(repo.folder, "rev-parse", "HEAD"), fail(turns)))
    assert not children()


def test_results_come_in_order() -> None:
    async def later(number: int) -> int:
        await asyncio.sleep(0.01 * (3 - number))
        return number

    assert asyncio.run(each(later(number) for number in range(3))) == [0, 1, 2]
    assert asyncio.run(each(())) == []
