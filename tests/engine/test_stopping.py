"""A stop at any moment: the account is kept, nothing goes on, nothing is left lying about."""

import os
import threading
from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict
from paracle.app.domain.events import Kind
from paracle.app.domain.executions import Receipt
from paracle.app.domain.states import State
from paracle.app.engine.engine import Engine
from paracle.app.engine.request import RunRequest
from paracle.app.services import runs
from paracle.app.services.runs import RunHandle
from paracle.app.services.workspace import Workspace
from tests.support.repo import stand_in
from tests.support.studio import (
    Studio,
    alive,
    children,
    commands,
    of_kind,
    reads,
    says,
    text_of,
    until,
    writes,
)

SLOW = {"text": [f"line {number}\n" for number in range(1000)], "chunk_delay": 0.02}


def assert_kept(studio: Studio, here: Workspace, handle: RunHandle, reason: str) -> Receipt:
    """The account of a stopped run is whole, and nothing of it is left beside its branch."""
    receipt, row = handle.wait(), handle.execution
    last = here.store.events(handle.id)[-1]
    assert receipt.state is row.state is State.TERMINATED
    assert (last.kind, last.payload["reason"], row.note) == (Kind.TERMINATED, reason, reason)
    assert Receipt.from_dict(last.payload["receipt"]) == receipt
    assert studio.worktrees() == []
    assert children() == []
    return receipt


def test_while_the_model_speaks(studio: Studio) -> None:
    with studio.open() as here:
        handle = studio.start(here, writes("kept.txt"), SLOW, says("never"))
        next(event for event in handle.events() if event.kind is Kind.TEXT)
        handle.stop("enough")
        receipt = assert_kept(studio, here, handle, "enough")
        assert text_of(here.store.events(handle.id)).startswith("line 0\n")
    assert studio.repo.show(receipt.branch, "kept.txt") == "words"
    assert receipt.commits == (studio.repo.git("rev-parse", receipt.branch),)


def test_while_a_command_runs_with_all_that_it_started(studio: Studio) -> None:
    pids = studio.folder / "pids"
    script = f"""echo begun > begun.txt
        (setsid sleep 600 & echo $! >> {pids})
        (sleep 600 & echo $! >> {pids})
        sleep 600"""
    with studio.open() as here:
        handle = studio.start(here, commands("sh", "-c", script), says("never"))
        until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        handle.stop()
        receipt = assert_kept(studio, here, handle, "stopped by the user")
        (failed,) = of_kind(here.store.events(handle.id), Kind.STEP_FAILED)
    assert failed.payload["error"]["title"] == "Stopped"
    assert [pid for pid in pids.read_text().split() if alive(int(pid))] == []
    assert studio.repo.show(receipt.branch, "begun.txt") == "begun"


async def test_before_it_has_begun(studio: Studio) -> None:
    with studio.open() as here:
        agent, inputs = runs.prepare(here, "worker", {}, "")
        request = RunRequest(agent=agent, inputs=inputs, model=studio.script(says()), folder=studio.folder)
        engine = Engine(here.store, here.project.root, here.state)
        begun = await engine.start(request)
        await engine.stop(begun.execution.id, "changed my mind")
        receipt = await begun.done
        assert receipt.state is State.TERMINATED
        assert here.store.execution(begun.execution.id).state is State.TERMINATED
        assert engine.running == ()
    assert [*studio.worktrees(), *studio.repo.run_branches()] == []


@pytest.mark.parametrize("moment", ["worktree add", "checkout --force", "worktree remove"])
def test_while_git_is_at_work(studio: Studio, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Where the configuration may have a say in it, it is git that makes the work tree's record.
    studio.repo.git("config", "include.path", "more")
    hold, reached = gate(studio, moment, monkeypatch)
    with studio.open() as here:
        handle = studio.start(here, says())
        reached.read_text()
        stopping = threading.Thread(target=handle.stop)
        stopping.start()
        if moment == "worktree remove":  # This one is waited for: the work is done, and is being put away.
            hold.write_text("go on\n")
        stopping.join()
        receipt = handle.wait()
    assert receipt.state is (State.COMPLETED if moment == "worktree remove" else State.TERMINATED)
    assert studio.worktrees() == []
    assert children() == []


def test_while_a_commit_is_made_the_receipt_knows_of_it(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, reached = gate(studio, "update-ref", monkeypatch)
    with studio.open() as here:
        handle = studio.start(here, writes("kept.txt"), says("never"))
        reached.read_text()
        stopping = threading.Thread(target=handle.stop)
        stopping.start()
        until(lambda: handle.id in here.running)
        hold.write_text("go on\n")
        stopping.join()
        receipt = handle.wait()
    assert receipt.commits == (studio.repo.git("rev-parse", receipt.branch),)
    assert [change.path for change in receipt.files] == ["kept.txt"]
    assert receipt.tip == receipt.commits[0]


def gate(studio: Studio, command: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A git that does ``command``, says so through the second path, and waits for a word in the first."""
    hold, reached = studio.folder / "hold", studio.folder / "reached"
    os.mkfifo(hold)
    os.mkfifo(reached)
    script = f"""case "$*" in
        *"{command}"*) "$REAL" "$@"; code=$?; echo here > '{reached}'; read line < '{hold}'; exit $code;;
        *) exec "$REAL" "$@";;
    esac"""
    monkeypatch.setenv("PATH", stand_in(studio.folder / "bin", script))
    return hold, reached


def test_twice_at_once(studio: Studio) -> None:
    with studio.open() as here:
        handle = studio.start(here, writes("kept.txt"), SLOW, says("never"))
        next(event for event in handle.events() if event.kind is Kind.TEXT)
        stops = [threading.Thread(target=handle.stop, args=("now",)) for _ in range(4)]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        receipt = assert_kept(studio, here, handle, "now")
        assert len(of_kind(here.store.events(handle.id), Kind.TERMINATED)) == 1
    assert studio.repo.show(receipt.branch, "kept.txt") == "words"


def test_after_the_end_it_changes_nothing(studio: Studio) -> None:
    with studio.open() as here:
        handle = studio.start(here, says("done"))
        receipt = handle.wait()
        last = here.store.last_seq(handle.id)
        handle.stop()
        assert runs.stop(here, handle.id).state is State.COMPLETED
        assert handle.wait() == receipt
        assert here.store.last_seq(handle.id) == last


def test_at_the_very_moment_of_the_end(studio: Studio) -> None:
    with studio.open() as here:
        for _ in range(5):
            handle = studio.start(here, reads("README.md"), says("done"))
            for event in handle.events():
                if event.kind is Kind.COMPLETED:
                    handle.stop()
            assert handle.execution.state is State.COMPLETED


def test_a_run_of_another_process_is_left_alone(studio: Studio) -> None:
    with studio.open() as here, studio.open() as elsewhere:
        handle = studio.start(here, SLOW)
        with pytest.raises(Conflict, match="another process") as refused:
            runs.stop(elsewhere, handle.id)
        assert refused.value.hint
        assert handle.execution.state.is_live
        handle.stop()


def test_closing_the_workspace_stops_every_run_and_keeps_the_accounts(studio: Studio) -> None:
    here = studio.open()
    handles = [studio.start(here, writes(f"{number}.txt"), SLOW) for number in range(3)]
    for handle in handles:
        next(event for event in handle.events() if event.kind is Kind.TEXT)
    here.close()
    assert [handle.wait().state for handle in handles] == [State.TERMINATED] * 3
    with studio.open() as again:
        rows = again.store.executions()
        assert {row.note for row in rows} == {"the program that ran it was closed"}
        assert [row.totals.files for row in rows] == [1, 1, 1]
    assert studio.worktrees() == []
    assert children() == []
    assert not any(thread.name.startswith("paracle") for thread in threading.enumerate())


@pytest.mark.parametrize("moment", range(1, 30, 2))
def test_at_any_moment(studio: Studio, moment: int) -> None:
    before = studio.fingerprint()
    work = [(writes(f"{number}.txt"), commands("sh", "-c", "date > date.txt")) for number in range(4)]
    with studio.open() as here:
        handle = studio.start(here, *(turn for pair in work for turn in pair), SLOW)
        next(event for event in handle.events() if event.seq >= moment)
        handle.stop("enough")
        receipt = assert_kept(studio, here, handle, "enough")
        events = here.store.events(handle.id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert studio.fingerprint() == before
    if not receipt.branch:  # It was stopped before it had one.
        assert studio.repo.run_branches() == []
        return
    on_branch = studio.repo.git("rev-list", "--reverse", f"{receipt.base_commit}..{receipt.branch}").split()
    assert list(receipt.commits) == on_branch
    told = [event.payload["sha"] for event in of_kind(events, Kind.COMMIT)]
    assert told in (on_branch, on_branch[:-1])
