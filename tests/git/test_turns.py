"""Who comes next at a lock, and answers that many share."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from paracle.app.git.command import logged
from paracle.app.git.failures import GitConflict
from paracle.app.git.isolation import Isolation
from paracle.app.git.locks import repository_lock
from paracle.app.git.shared import Shared
from paracle.app.git.workplaces import branch_name
from tests.support.repo import RepoBuilder
from tests.support.studio import children


async def settled() -> None:
    """Let everything go on that can."""
    for _ in range(10):
        await asyncio.sleep(0)


class Line:
    """Those who want one repository's lock, in the order in which they got it."""

    def __init__(self, state: Path) -> None:
        self.got: list[str] = []
        self._state = state
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._go_on: dict[str, asyncio.Event] = {}

    async def joins(self, name: str, *, first: bool = False) -> None:
        self._go_on[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._hold(name, first))
        await settled()

    async def leaves(self, name: str) -> None:
        self._go_on[name].set()
        await self._tasks[name]
        await settled()

    async def gives_up(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.wait({self._tasks[name]})
        await settled()

    async def _hold(self, name: str, first: bool) -> None:
        async with repository_lock(self._state, self._state / "repo", first=first):
            self.got.append(name)
            await self._go_on[name].wait()


async def test_the_lock_goes_to_who_came_first_and_to_starts_before_all_others(tmp_path: Path) -> None:
    line = Line(tmp_path)
    for name in ("one", "two", "three"):
        await line.joins(name)
    await line.joins("start", first=True)
    assert line.got == ["one"]
    for name in ("one", "start", "two", "three"):
        await line.leaves(name)
    assert line.got == ["one", "start", "two", "three"]


async def test_who_gives_up_is_passed_over_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    line = Line(tmp_path)
    for name in ("one", "two", "three", "four"):
        await line.joins(name)
    await line.gives_up("two")
    await line.gives_up("one")
    await line.leaves("three")
    await line.leaves("four")
    assert line.got == ["one", "three", "four"]


async def test_a_turn_that_comes_together_with_a_stop_goes_to_the_next(tmp_path: Path) -> None:
    line = Line(tmp_path)
    for name in ("one", "two", "three"):
        await line.joins(name)
    await asyncio.gather(line.gives_up("one"), line.gives_up("two"))
    await line.leaves("three")
    assert line.got == ["one", "three"]


def test_each_event_loop_has_its_own_line_and_the_lock_holds_between_them(tmp_path: Path) -> None:
    held: list[str] = []

    async def hold(name: str) -> None:
        for _ in range(20):
            async with repository_lock(tmp_path, tmp_path / "repo"):
                held.append(name)
                await asyncio.sleep(0)
                assert held[-1] == name
                held.append(name)

    async def both() -> None:
        await asyncio.gather(hold("here"), asyncio.to_thread(asyncio.run, hold("there")))

    asyncio.run(both())
    assert held[::2] == held[1::2]
    assert sorted(set(held)) == ["here", "there"]


class Question:
    """Counts how often it is looked into; each answer waits until it is given."""

    def __init__(self) -> None:
        self.asked = 0
        self.ended = 0
        self._answers: list[asyncio.Future[str]] = []

    async def __call__(self) -> str:
        self.asked += 1
        answer = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        try:
            return f"{self.asked}: {await answer}"
        finally:
            self.ended += 1

    async def give(self, text: str) -> None:
        self._answers[-1].set_result(text)
        await settled()


async def test_who_asks_at_once_shares_an_answer_and_who_comes_later_gets_the_next() -> None:
    question = Question()
    shared = Shared(question)
    early = [asyncio.create_task(shared.answer()) for _ in range(3)]
    await settled()
    late = [asyncio.create_task(shared.answer()) for _ in range(2)]
    await settled()
    assert question.asked == 1
    await question.give("old")
    assert question.asked == 2
    await question.give("new")
    assert await asyncio.gather(*early, *late) == ["1: old"] * 3 + ["2: new"] * 2


async def test_a_question_that_nobody_waits_for_any_more_is_dropped_and_can_be_asked_again() -> None:
    question = Question()
    shared = Shared(question)
    one, two = asyncio.create_task(shared.answer()), asyncio.create_task(shared.answer())
    await settled()
    waiting = asyncio.create_task(shared.answer())
    await settled()
    one.cancel()
    waiting.cancel()
    await asyncio.wait({one, waiting})
    assert (question.asked, question.ended) == (1, 0)
    two.cancel()
    await asyncio.wait({two})
    assert (question.asked, question.ended) == (1, 1)
    again = asyncio.create_task(shared.answer())
    await settled()
    await question.give("here")
    assert await again == "2: here"


async def test_everybody_who_shares_a_question_hears_why_it_failed() -> None:
    async def fail() -> str:
        await asyncio.sleep(0)
        raise LookupError("gone")

    shared = Shared(fail)
    results = await asyncio.gather(*(shared.answer() for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["gone"] * 3


def test_one_isolation_serves_one_event_loop_after_another(
    isolation: Isolation, repo: RepoBuilder, when: datetime
) -> None:
    for name in ("e1", "e2"):
        place = asyncio.run(isolation.open(name, when))
        assert asyncio.run(isolation.close(place))
    assert len(repo.run_branches()) == 2
    assert children() == []


async def test_five_that_start_at_once_look_at_the_repository_together(
    isolation: Isolation, repo: RepoBuilder, when: datetime
) -> None:
    with logged() as commands:
        places = await asyncio.gather(*(isolation.open(f"e{number}", when) for number in range(5)))
    assert {place.base_commit for place in places} == {repo.git("rev-parse", "HEAD")}
    counted = [command.arguments[0] for command in commands].count
    assert (counted("worktree"), counted("checkout")) == (0, 5)
    assert counted("rev-parse") <= 2
    assert counted("status") <= 2


@pytest.mark.parametrize("packed", [False, True])
async def test_a_branch_that_was_there_before_is_neither_taken_nor_removed(
    isolation: Isolation, repo: RepoBuilder, when: datetime, packed: bool
) -> None:
    branch = branch_name("e1", when)
    repo.git("branch", branch)
    if packed:
        repo.git("pack-refs", "--all")
    with pytest.raises(GitConflict, match="exists already"):
        await isolation.open("e1", when)
    assert repo.git("rev-parse", branch) == repo.git("rev-parse", "HEAD")
