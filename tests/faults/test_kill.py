"""kill -9 at moments of its own choosing: what was committed is there, what was not is not lost."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.states import State
from paracle.app.store.store import Store
from tests.support.repo import tree_fingerprint
from tests.support.studio import Studio, Turn, calls, commands, of_kind, says, until, writes

CHOICE = random.Random(20261120)
MOMENTS = sorted(CHOICE.sample(range(1, 60), 26))

LOOSE = "echo loose > loose.txt; echo ignored > secret.log; for n in 1 2 3 4 5; do echo $n; done"


def session() -> list[Turn]:
    """Some sixty events of every kind, then silence."""
    turns: list[Turn] = []
    for number in range(4):
        turns += [
            calls(
                ("read_file", {"path": "README.md"}),
                ("list_files", {}),
                text=[f"Look {number}.\n", "Good.\n"],
                chunk_delay=0.03,
            ),
            writes(f"made/{number}.txt", f"{number}\n" * 1000),
            commands("sh", "-c", LOOSE),
        ]
    return [*turns, says("never", delay=600)]


def seen(process: "subprocess.Popen[bytes]", store: Store, count: int) -> tuple[Event, ...]:
    """The events that are there as soon as there are ``count``."""

    def there() -> bool:
        assert process.poll() is None, "it ended by itself"
        return any(store.last_seq(row.id) >= count for row in store.executions())

    until(there)
    return store.events(store.executions()[0].id)


def nothing_goes_on(*folders: Path) -> bool:
    """Whether no process works in these folders: a git that was left behind finishes what it does."""
    said = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return not any(str(folder) in line for line in said.splitlines() for folder in folders)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_keeps_all_that_was_committed(studio: Studio, moment: int) -> None:
    studio.repo.commit("ignore", **{".gitignore": "*.log\n"})
    studio.repo.write("README.md", "# changed by hand\n")
    before = studio.fingerprint()
    model = studio.script(*session())
    with Store(studio.files.parac / ".local") as observer:
        with subprocess.Popen(
            [sys.executable, "-m", "paracle", "run", "worker", "--model", model],
            cwd=studio.repo.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            observed = seen(process, observer, moment)
            os.kill(process.pid, signal.SIGKILL)
        state = Path(os.environ["PARACLE_STATE_DIR"])
        until(lambda: nothing_goes_on(studio.folder, state))
        told = observer.events(observed[0].execution)
    worktrees = {path: tree_fingerprint(path) for path in state.glob("worktrees/*/*") if path.is_dir()}

    with studio.open() as here:
        (row,) = here.store.executions()
        events = here.store.events(row.id)
        assert row.state is State.INTERRUPTED
        assert events[: len(observed)] == observed
        assert events[:-1] == told
        assert events[-1].kind is Kind.INTERRUPTED
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        for commit in of_kind(events, Kind.COMMIT):
            assert studio.repo.git("merge-base", commit.payload["sha"], row.branch) == commit.payload["sha"]
        begun = row.started is not None

        again = studio.start(here, writes("again.txt"), says("works"))
        assert again.wait().answer == "works"
        assert here.store.execution(row.id) == row
    left = {path: found for path, found in worktrees.items() if begun}
    assert {path: tree_fingerprint(path) for path in left} == left
    assert len(left) == begun
    assert studio.fingerprint() == before
    assert studio.repo.healthy()
    with sqlite3.connect(studio.files.parac / ".local" / "engine.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
