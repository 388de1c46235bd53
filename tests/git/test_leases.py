"""git's lock on a work tree says which process works in it, and when it last did."""

import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from paracle.app.git.isolation import Isolation
from paracle.app.git.worktrees import own_directory
from tests.support.repo import RepoBuilder

MOMENT = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
REASON = re.compile(rf"paracle: execution e1 is running \(pid (\d+), started {MOMENT}, alive {MOMENT}\)\n")
LONG_AGO = "alive 2001-01-01T00:00:00Z"


def moment(words: str) -> datetime:
    return datetime.strptime(words, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def begun() -> datetime:
    """When this process began, as ``ps`` has it: days-hours:minutes:seconds ago, without leading parts."""
    said = subprocess.run(
        ["ps", "-o", "etime=", "-p", str(os.getpid())], capture_output=True, text=True, check=True
    )
    parts = [int(part) for part in re.split("[-:]", said.stdout.strip())]
    units = (86_400, 3_600, 60, 1)[-len(parts) :]
    return datetime.now(UTC) - timedelta(seconds=sum(a * b for a, b in zip(parts, units, strict=True)))


def aged(lock: Path) -> None:
    """As if the last sign of life were long ago."""
    lock.write_text(re.sub(rf"alive {MOMENT}", LONG_AGO, lock.read_text()))


async def test_the_reason_names_process_start_and_sign_of_life(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when)
    reason = (own_directory(place.worktree) / "locked").read_text()
    assert reason.strip() in repo.git("worktree", "list", "--verbose")
    found = REASON.fullmatch(reason)
    assert found is not None
    assert int(found[1]) == os.getpid()
    assert abs(moment(found[2]) - begun()) < timedelta(seconds=3)
    assert datetime.now(UTC) - moment(found[3]) < timedelta(seconds=30)


async def test_a_sign_of_life_changes_nothing_but_its_time(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when)
    lock = own_directory(place.worktree) / "locked"
    aged(lock)
    before = lock.read_text()

    isolation.renew(place)

    after = lock.read_text()
    assert LONG_AGO not in after
    assert REASON.fullmatch(after)
    assert after.partition(", alive")[0] == before.partition(", alive")[0]


async def test_a_lock_that_was_taken_away_does_not_come_back(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when)
    lock = own_directory(place.worktree) / "locked"
    repo.git("worktree", "unlock", str(place.worktree))
    isolation.renew(place)
    assert not lock.exists()
    assert await isolation.close(place)
    isolation.renew(place)
    assert repo.worktrees() == []


async def test_a_lock_of_somebody_else_stays_as_it_is(
    repo: RepoBuilder, isolation: Isolation, when: datetime
) -> None:
    place = await isolation.open("e1", when)
    lock = own_directory(place.worktree) / "locked"
    lock.write_text("paracle: execution e9 is running (pid 1)\n")
    isolation.renew(place)
    assert lock.read_text() == "paracle: execution e9 is running (pid 1)\n"
