"""Real commands in processes of their own, killed at a moment that a test names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from paracle.app.domain.events import Event
from paracle.app.store.store import Store
from tests.support.studio import Studio, until


@contextmanager
def at_work(studio: Studio, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command at work on the studio's project; gone afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", "paracle", *arguments],
        cwd=studio.repo.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def newest_events(observer: Store) -> list[Event]:
    """What the newest execution has recorded so far; nothing where there is none yet."""
    rows = observer.executions(1)
    return list(observer.telling_events(rows[0].id)) if rows else []


def kill_once(studio: Studio, arguments: Sequence[str], holds: Callable[[list[Event]], bool]) -> None:
    """Run a command, and kill it with -9 once something holds of the newest execution's events."""
    with Store(studio.files.parac / ".local") as observer, at_work(studio, *arguments) as process:
        until(lambda: holds(newest_events(observer)))
        assert process.poll() is None
        process.kill()
    state = Path(os.environ["PARACLE_STATE_DIR"])
    until(lambda: not _at_work_in(studio.folder, state))


def _at_work_in(*folders: Path) -> bool:
    said = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return any(str(folder) in line for line in said.splitlines() for folder in folders)
