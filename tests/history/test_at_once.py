"""Sixteen executions start while others are merged and cleaned up and the user commits."""

import asyncio
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from paracle.app.domain.errors import Conflict
from paracle.app.domain.history import Mode
from paracle.app.git.failures import GitConflict
from paracle.app.git.isolation import Isolation
from paracle.app.services import history
from tests.support.history import Past

STARTED = [f"e{number:02}" for number in range(16)]


def start(past: Past, names: list[str]) -> None:
    """Open workplaces at once, commit in each, and close them."""

    async def work() -> None:
        isolation = Isolation(past.repo.folder, past.state)
        places = await asyncio.gather(*(isolation.open(name, datetime(2026, 11, 20)) for name in names))
        for place in places:
            (place.root / "who.txt").write_text(place.execution)
        await asyncio.gather(*(isolation.commit(place, "feat: who", {}) for place in places))
        await asyncio.gather(*(isolation.close(place) for place in places))

    asyncio.run(work())


def again(act: Callable[[], object]) -> None:
    """Do what people do when something has moved at that moment: the same again."""
    for _ in range(100):
        try:
            act()
        except (GitConflict, Conflict):
            continue
        return
    raise AssertionError("it never went through")


def merge(past: Past, runs: list[str]) -> None:
    with past.opened() as workspace:
        for run in runs:
            again(lambda run=run: history.merge(workspace, run, mode=Mode.MERGE))  # type: ignore[misc]


def clean_up(past: Past, over: threading.Event) -> None:
    with past.opened() as workspace:
        while not over.is_set():
            history.cleanup(workspace)
            history.branches(workspace)


def commit(past: Past, names: list[str]) -> None:
    """The user's commits, which git itself refuses while another git has the index."""
    for name in names:
        past.repo.write(name, "mine\n")
        for words in (["add", name], ["commit", "--quiet", "--message", name, "--", name]):
            again(lambda words=words: commanded(past, words))  # type: ignore[misc]


def commanded(past: Past, words: list[str]) -> None:
    done = subprocess.run(["git", *words], cwd=past.repo.folder, capture_output=True, text=True, check=False)
    if "lock" in done.stderr:
        raise Conflict(done.stderr)
    assert done.returncode == 0, done.stderr


def test_sixteen_starts_merges_a_cleanup_and_the_users_commits_go_on_at_once(past: Past) -> None:
    runs = [past.execution({f"run{number}": f"{number}\n"}) for number in range(4)]
    mine = [f"mine{number}" for number in range(8)]
    over = threading.Event()
    with ThreadPoolExecutor() as pool:
        cleaning = pool.submit(clean_up, past, over)
        work = [pool.submit(start, past, STARTED[first : first + 4]) for first in range(0, 16, 4)]
        work += [pool.submit(merge, past, runs), pool.submit(commit, past, mine)]
        try:
            for one in work:
                one.result()
        finally:
            over.set()
        cleaning.result()
    history.cleanup(past.workspace)

    repo = past.repo
    assert repo.run_branches() == [f"exec/{name}/20261120_000000" for name in STARTED]
    assert [repo.show(branch, "who.txt") for branch in repo.run_branches()] == STARTED
    assert {*mine, *(f"run{number}" for number in range(4))} < set(repo.names("HEAD"))
    assert repo.git("status", "--porcelain") == ""
    subjects = repo.git("log", "--format=%s").splitlines()
    assert all(subjects.count(name) == 1 for name in mine)
    assert past.leftovers() == []
    assert repo.healthy()
