"""An execution whose process was killed goes on where its record ends, in any other process."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict
from paracle.app.domain.events import Event, Kind
from paracle.app.domain.states import State
from paracle.app.services import approvals, control, runs
from paracle.app.store.store import Store
from paracle.app.tools.files import TEMPORARY_PREFIX
from tests.engine.killing import kill_once
from tests.support.drafts import draft
from tests.support.studio import Studio, Turn, calls, commands, of_kind, says, until, writes

MOMENTS = sorted(random.Random(20261121).sample(range(2, 40), 12))


def session(effects: Path) -> list[Turn]:
    """Turns of every kind; the commands write down outside that they happened."""
    turns: list[Turn] = []
    for number in range(3):
        turns += [
            calls(("read_file", {"path": "README.md"}), ("list_files", {}), text="Look.", chunk_delay=0.02),
            writes(f"made/{number}.txt", f"{number}\n" * 100),
            commands("sh", "-c", f"echo {number} >> {effects}; sleep 0.02"),
        ]
    return [*turns, says("All done.")]


def killed(studio: Studio, model: str, moment: int) -> None:
    """Run the worker in another process, and kill that once so many events are there."""
    with (
        Store(studio.files.parac / ".local") as observer,
        subprocess.Popen(
            [sys.executable, "-m", "paracle", "run", "worker", "--model", model],
            cwd=studio.repo.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        until(
            lambda: (
                process.poll() is not None
                or any(observer.last_seq(row.id) >= moment for row in observer.executions())
            )
        )
        process.send_signal(signal.SIGKILL)
    state = Path(os.environ["PARACLE_STATE_DIR"])
    until(lambda: not _at_work_in(studio.folder, state))


def _at_work_in(*folders: Path) -> bool:
    said = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return any(str(folder) in line for line in said.splitlines() for folder in folders)


def steps_ended(events: list[Event]) -> Counter[str]:
    """How often each step came to an end, by its key."""
    keys = {event.payload["step"]: event.payload["key"] for event in of_kind(events, Kind.STEP_STARTED)}
    ended = of_kind(events, Kind.STEP_COMPLETED, Kind.STEP_FAILED)
    return Counter(keys[event.payload["step"]] for event in ended)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_goes_on_and_does_nothing_twice(studio: Studio, tmp_path: Path, moment: int) -> None:
    effects = tmp_path / "effects"
    model = studio.script(*session(effects))
    before = studio.fingerprint()
    killed(studio, model, moment)
    with studio.open() as here:
        (row,) = here.store.executions()
        if row.state is State.INTERRUPTED:
            handle = control.take_up(here, row.id)
            # A command that was under way may have done its work: a person is asked.
            until(lambda: approvals.waiting(here) or here.store.execution(row.id).state.is_final)
            for asked in approvals.waiting(here):
                approvals.answer(here, asked.id, "leave", reason="it may have happened")
            receipt = handle.wait()
        else:
            receipt = runs.receipt_of(here, row)
        events = [event for page in runs.follow(here, row) for event in page]
        assert here.store.check() == ()
    assert receipt.state is State.COMPLETED
    assert receipt.answer.strip() == "All done."
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert set(steps_ended(events).values()) == {1}
    done = effects.read_text().split()
    assert len(done) == len(set(done))
    assert {f"made/{number}.txt" for number in range(3)} <= {change.path for change in receipt.files}
    recorded = [event.payload["sha"] for event in of_kind(events, Kind.COMMIT)]
    assert len(recorded) == len(set(recorded))
    assert set(recorded) <= set(receipt.commits)
    assert studio.fingerprint() == before
    studio.repo.git("fsck", "--strict")


async def test_what_a_write_left_that_was_cut_off_is_no_work_of_the_agent(studio: Studio) -> None:
    slow = studio.script(writes("made/a.txt", "a\n"), says("done", delay=1))
    command = ["run", "worker", "--model", slow]
    await asyncio.to_thread(kill_once, studio, command, lambda events: bool(of_kind(events, Kind.COMMIT)))
    with studio.open() as here:
        (row,) = here.store.executions()
        assert row.state is State.INTERRUPTED
        # The intent of a write, and the file that it had begun when its process was killed.
        intent = {"step": 9, "key": "turn-9/1", "action": "tool", "name": "write_file", "idempotent": True}
        arguments = {"path": "made/b.txt", "text": "b\n"}
        await here.store.append(row.id, [draft(Kind.STEP_STARTED, **intent, arguments=arguments)])
        (Path(row.worktree) / "made" / f"{TEMPORARY_PREFIX}0123456789abcdef").write_text("b")
        (Path(row.worktree) / "made" / "own.txt").write_text("an agent's command wrote this\n")
        receipt = await asyncio.to_thread(lambda: control.take_up(here, row.id).wait())
    assert receipt.state is State.COMPLETED
    assert [change.path for change in receipt.files] == ["made/a.txt", "made/own.txt"]


def test_what_is_not_interrupted_cannot_be_taken_up(studio: Studio) -> None:
    studio.run(says())
    with studio.open() as here, pytest.raises(Conflict, match="not interrupted"):
        control.take_up(here, "last")


def test_an_interrupted_run_can_be_given_up(studio: Studio, tmp_path: Path) -> None:
    killed(studio, studio.script(*session(tmp_path / "effects")), 8)
    with studio.open() as here:
        row = control.stop(here, "last", "not worth it")
        assert row.state is State.TERMINATED
        assert runs.receipt_of(here, row).commits == tuple(
            event.payload["sha"] for event in of_kind(list(runs.telling_events(here, row.id)), Kind.COMMIT)
        )


def test_two_processes_do_not_take_up_the_same_run(studio: Studio, tmp_path: Path) -> None:
    killed(studio, studio.script(*session(tmp_path / "effects"), says("x", delay=60)), 8)
    with studio.open() as here, studio.open() as there:
        handle = control.take_up(here, "last")
        with pytest.raises(Conflict):
            control.take_up(there, handle.id)
        handle.stop()


def test_a_run_is_not_taken_up_after_another_has_gone_on_with_its_branch(
    studio: Studio, tmp_path: Path
) -> None:
    killed(studio, studio.script(*session(tmp_path / "effects")), 12)
    with studio.open() as here:
        (row,) = here.store.executions()
        answer = studio.script(writes("later.txt"), says("Mine."), name="later")
        later = runs.start(here, "worker", model=answer, follows=row.id).wait()
        tip = studio.repo.git("rev-parse", row.branch)
        with pytest.raises(Conflict, match=f"{later.execution[:4]} has gone on") as refused:
            control.take_up(here, row.id)
        assert f"run worker --on {row.short}" in refused.value.hint
        assert here.store.execution(row.id).state is State.INTERRUPTED
        assert studio.repo.git("rev-parse", row.branch) == tip
        assert control.stop(here, row.id).state is State.TERMINATED
