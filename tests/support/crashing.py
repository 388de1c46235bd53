"""Workers on one project that are killed -9 again and again, and a person who answers what they ask.

``python -m tests.support.crashing FOLDER SEED KILLS`` is the nursery: a process without threads that forks
the workers and the person, kills one of them at a moment of its choosing, and puts another in its place. What
they run is in :mod:`tests.support.crash_jobs`; :mod:`tests.support.crash_checks` judges what they have left.
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path

# Loaded once, so that a worker is at work some milliseconds after it was forked.
import jinja2  # noqa: F401
import yaml

import paracle.app.engine.engine  # noqa: F401
from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.domain.executions import Execution
from paracle.app.domain.states import State
from paracle.app.services import approvals, control, runs, workflow_runs
from paracle.app.services.workspace import Workspace
from tests.support.crash_jobs import KINDS, effects_in, session
from tests.support.studio import Studio

WORKERS = 2
AT_ONCE = 3
"""Executions that a worker drives side by side."""

PATIENCE = 60.0
"""Seconds in which everything must come to its end once nobody is killed any more."""


def crash(studio: Studio, seed: int, kills: int) -> None:
    """Let the workers be killed so many times, then come to their end.

    Raises:
        AssertionError: one of them ended by itself with an error, or they came to no end.
    """
    (studio.folder / "more").touch()
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.crashing", str(studio.folder), str(seed), str(kills)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{kills} killed", done.stdout


# In the workers


def work(folder: Path) -> None:
    """Take up what was interrupted, begin something new while there is to be more, end when all has ended."""
    with Workspace.open(folder / "shop") as here:
        while True:
            here.store.interrupt_orphans()
            rows = here.store.executions(100_000)
            more = (folder / "more").exists()
            if len(here.running) < AT_ONCE:
                _next(here, folder, rows, more)
            if not more and all(row.state.is_final for row in rows):
                return
            time.sleep(0.005)


def _next(here: Workspace, folder: Path, rows: tuple[Execution, ...], more: bool) -> None:
    for row in rows:
        if row.state is State.INTERRUPTED:
            # The other worker may have been faster.
            with suppress(Conflict):
                control.take_up(here, row.id)
                return
    if not more or sum(not row.state.is_final for row in rows) >= WORKERS * AT_ONCE:
        return
    with _alone(folder / "next"):
        _begin(here, folder, here.store.count())


def _begin(here: Workspace, folder: Path, number: int) -> None:
    kind, name = KINDS[number % len(KINDS)], f"job-{number}"
    if kind != "agent":
        workflow_runs.start(here, kind, task=name)
        return
    script = folder / f"{name}.yaml"
    script.write_text(yaml.safe_dump(session(name, effects_in(folder))))
    runs.start(here, "worker", task=name, model=f"script:{script}")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# In the person


def answer(folder: Path, seed: int) -> None:
    """Answer everything that is asked, one way or the other, until there is nobody left to ask."""
    choice = random.Random(seed)
    with Workspace.open(folder / "shop") as here:
        while not (folder / "over").exists():
            for asked in approvals.waiting(here):
                # Its time may be up, and its step over.
                with suppress(NotFound, Conflict):
                    approvals.answer(here, asked.id, choice.choice(asked.options))
            time.sleep(choice.random() * 0.02)


# In the nursery


class Nursery:
    """Keeps the workers and the person alive, but for the one that it kills."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._choice = random.Random(seed)
        self._store = folder / "shop" / ".parac" / ".local" / "engine.db"
        self._roles: dict[int, Callable[[], None]] = {}
        for _ in range(WORKERS):
            self._fork(partial(work, folder))
        self.person = self._fork(partial(answer, folder, seed))

    def kill_one(self) -> None:
        """Wait for a moment, and kill one of them, mostly a worker."""
        self._wait()
        workers = [pid for pid in self._roles if pid != self.person]
        victim = self.person if self._choice.random() < 0.1 else self._choice.choice(workers)
        os.kill(victim, signal.SIGKILL)
        _, status = os.waitpid(victim, 0)
        role = self._roles.pop(victim)
        assert os.WIFSIGNALED(status), f"a worker ended by itself: {status}"
        born = self._fork(role)
        if victim == self.person:
            self.person = born

    def finish(self) -> None:
        """Let them come to their end."""
        (self._folder / "more").unlink()
        self._leave([pid for pid in self._roles if pid != self.person])
        (self._folder / "over").touch()
        self._leave([self.person])

    def _leave(self, waiting: list[int]) -> None:
        deadline = time.monotonic() + PATIENCE
        while waiting:
            assert time.monotonic() < deadline, "they come to no end"
            ended, status = os.waitpid(waiting[0], os.WNOHANG)
            if ended:
                assert status == 0, f"a worker ended by itself: {status}"
                del self._roles[waiting.pop(0)]
            time.sleep(0.01)

    def end(self) -> None:
        """Leave nobody behind."""
        for pid in self._roles:
            os.kill(pid, signal.SIGKILL)

    def _wait(self) -> None:
        if self._choice.random() < 0.4:
            time.sleep(self._choice.uniform(0.02, 0.3))
            return
        wanted = self._events() + self._choice.randint(2, 25)
        deadline = time.monotonic() + 1.0
        while self._events() < wanted and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(self._choice.random() * 0.004)

    def _events(self) -> int:
        """How many there are; looked up anew each time, for nobody who is forked may inherit a connection."""
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(f"file:{self._store}?mode=ro", uri=True)) as db,
        ):
            return int(db.execute("SELECT coalesce(sum(last_seq), 0) FROM executions").fetchone()[0])
        return 0

    def _fork(self, role: Callable[[], None]) -> int:
        pid = os.fork()
        if pid:
            self._roles[pid] = role
            return pid
        status = 1
        try:
            role()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)


def main(folder: Path, seed: int, kills: int) -> None:
    """The nursery's life."""
    nursery = Nursery(folder, seed)
    try:
        for _ in range(kills):
            nursery.kill_one()
        nursery.finish()
    finally:
        nursery.end()
    print(f"{kills} killed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
