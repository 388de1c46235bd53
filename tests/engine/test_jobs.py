"""The queue: what waits is taken in order, once, by whichever worker comes first, and nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import closing

import pytest

from paracle.app.domain.errors import Conflict, UsageError
from paracle.app.domain.events import Draft, Kind
from paracle.app.domain.executions import Execution
from paracle.app.domain.jobs import HIGHEST, Order, Standing, Stays
from paracle.app.domain.states import State
from paracle.app.services import approvals, control, jobs, runs, workflow_runs
from paracle.app.services.jobs import Working
from paracle.app.services.workspace import Workspace
from paracle.app.store.jobs import Jobs
from paracle.app.store.store import Store
from tests.support.drafts import queued
from tests.support.studio import Studio, calls, of_kind, says, until, writes


def put(here: Workspace, model: str, order: Order | None = None, task: str = "") -> Execution:
    """Queue a run of the worker; gives the row that waits."""
    return jobs.enqueue(here, runs.request_of(here, "worker", task=task, model=model), order).execution


def begin(here: Workspace, told: list[Execution], stays: Stays = Stays.WHILE_DUE, slots: int = 1) -> Working:
    """A worker of this process."""
    return jobs.work(here, slots=slots, stays=stays, tell=told.append)


def work_off(here: Workspace, stays: Stays = Stays.WHILE_DUE) -> list[Execution]:
    """Work until nothing is left; gives the rows of what has begun, in order."""
    told: list[Execution] = []
    working = begin(here, told, stays)
    until(lambda: working.is_done(0.01))
    return [row for row in told if not row.state.is_final]


def standing(here: Workspace, row: Execution) -> Standing:
    """Why a job is where it is."""
    (found,) = [job for job in jobs.listing(here) if job.execution.id == row.id]
    return found.standing(time.time())


def reaches(here: Workspace, row: Execution, state: State) -> None:
    """Wait for a state that an execution is bound to come to."""
    until(lambda: here.store.execution(row.id).state is state)


def test_what_waits_is_taken_by_priority_and_then_in_order(studio: Studio) -> None:
    model = studio.script(says("Done."))
    with studio.open() as here:
        wanted = [put(here, model, Order(priority=priority)).id for priority in (0, 5, -1, 5)]
        assert [row.id for row in work_off(here)] == [wanted[1], wanted[3], wanted[0], wanted[2]]
        assert {here.store.execution(one).state for one in wanted} == {State.COMPLETED}
        assert jobs.listing(here) == ()
        assert here.store.read("SELECT count(*) FROM jobs") == [(0,)]
        assert jobs.workers(here) == ()


def test_the_account_says_who_has_taken_it(studio: Studio) -> None:
    with studio.open() as here:
        row = put(here, studio.script(says("Done.")))
        assert (row.state, standing(here, row)) == (State.QUEUED, Standing.DUE)
        work_off(here)
        kinds = [event.kind for event in here.store.events(row.id)]
        assert kinds[:3] == [Kind.QUEUED, Kind.TAKEN, Kind.STARTED]
        assert runs.receipt_of(here, here.store.execution(row.id)).answer == "Done."


def test_what_waits_is_nobodys_and_is_not_marked_as_interrupted(studio: Studio) -> None:
    with studio.open() as here:
        row = put(here, studio.script(says()))
    with studio.open() as here:
        assert here.store.interrupt_orphans() == ()
        assert here.store.execution(row.id).state is State.QUEUED


def test_a_delayed_job_does_not_begin_before_its_time(studio: Studio) -> None:
    model = studio.script(says("Done."))
    with studio.open() as here:
        moment = time.time() + 0.6
        late = put(here, model, Order(priority=9, not_before=moment))
        soon = put(here, model)
        assert [row.id for row in work_off(here)] == [soon.id]
        assert standing(here, late) is Standing.DELAYED
        assert [row.id for row in work_off(here, Stays.WHILE_HOPEFUL)] == [late.id]
        started = here.store.execution(late.id).started
        assert started is not None and started >= moment


def test_a_key_whose_job_has_not_ended_gives_that_execution(studio: Studio) -> None:
    model = studio.script(says("Done."))
    with studio.open() as here:
        asked = runs.request_of(here, "worker", model=model)
        first = jobs.enqueue(here, asked, Order(dedup="nightly"))
        again = jobs.enqueue(here, asked, Order(dedup="nightly", priority=3))
        other = jobs.enqueue(here, asked, Order(dedup="weekly"))
        assert (again.execution.id, again.is_new) == (first.execution.id, False)
        assert other.is_new
        work_off(here)
        anew = jobs.enqueue(here, asked, Order(dedup="nightly"))
        assert anew.is_new and anew.execution.id != first.execution.id


def test_a_job_begins_after_another_execution_has_ended_however_it_ends(studio: Studio) -> None:
    with studio.open() as here, studio.open() as there:
        ahead = studio.start(here, says("never", delay=60))
        row = put(there, studio.script(says("Done."), name="next"), Order(after=ahead.id))
        told: list[Execution] = []
        working = begin(there, told, Stays.WHILE_HOPEFUL)
        assert standing(here, row) is Standing.BEHIND
        ahead.stop()
        until(lambda: working.is_done(0.01))
        ended, begun = here.store.execution(ahead.id).finished, here.store.execution(row.id).started
        assert ended is not None and begun is not None and begun >= ended


def test_a_follow_up_goes_on_with_the_branch_once_that_has_ended(studio: Studio) -> None:
    first = studio.script(writes("a.txt", "one\n", delay=0.3), says("First."))
    second = studio.script(writes("b.txt", "two\n"), says("Second."), name="second")
    third = studio.script(calls(("read_file", {"path": "b.txt"})), says("Third."), name="third")
    with studio.open() as here, studio.open() as there:
        ahead = runs.start(here, "worker", model=first)
        one = jobs.queue_next(there, ahead.id, "go on", model=second).execution
        two = jobs.queue_next(there, one.id, "and on", model=third).execution
        work_off(there, Stays.WHILE_HOPEFUL)
        receipts = [runs.receipt_of(here, here.store.execution(id)) for id in (ahead.id, one.id, two.id)]
        assert {receipt.branch for receipt in receipts} == {here.store.execution(ahead.id).branch}
        assert [receipt.answer for receipt in receipts] == ["First.", "Second.", "Third."]
        assert [receipt.follows for receipt in receipts] == ["", ahead.id, one.id]
        assert receipts[1].inputs["task"] == "go on"
        assert receipts[2].refused == 0 and receipts[2].tool_calls == {"read_file": 1}
        assert studio.repo.git("show", f"{receipts[0].branch}:a.txt") == "one"
        assert studio.repo.git("show", f"{receipts[0].branch}:b.txt") == "two"


def test_a_follow_up_waits_while_somebody_else_is_at_work_on_the_branch(studio: Studio) -> None:
    with studio.open() as here, studio.open() as there:
        ahead = studio.start(here, writes("a.txt"), says())
        ahead.wait()
        other = runs.start(
            here, "worker", model=studio.script(says("x", delay=60), name="o"), follows=ahead.id
        )
        model = studio.script(says("Mine."), name="mine")
        with pytest.raises(Conflict, match="on that branch"):
            jobs.queue_next(there, ahead.id, "go on", model=model)
        row = jobs.queue_next(there, other.id, "go on", model=model).execution
        assert work_off(there) == []
        other.stop()
        assert [one.id for one in work_off(there)] == [row.id]


def test_a_follow_up_that_can_never_start_is_refused(studio: Studio) -> None:
    with studio.open() as here:
        waits = put(here, studio.script(says()))
        jobs.cancel(here, waits.id)
        with pytest.raises(Conflict, match="no branch"):
            jobs.queue_next(here, waits.id, "go on")


def test_a_follow_up_of_what_ended_without_a_branch_fails_and_says_why(studio: Studio) -> None:
    model = studio.script(says())
    with studio.open() as here:
        waits = put(here, model)
        row = jobs.queue_next(here, waits.id, "go on").execution
        jobs.cancel(here, waits.id)
        assert work_off(here) == []
        ended = here.store.execution(row.id)
        assert ended.state is State.FAILED
        assert "no branch" in ended.note


def test_a_workflow_waits_like_any_run(studio: Studio) -> None:
    studio.files.write(
        "workflows/flow.yaml",
        "inputs: {word: {type: text, required: true}}\nsteps:\n"
        "  - {id: make, tool: write_file, with: {path: a.txt, text: '{{ inputs.word }}'}}\n"
        "permissions: {write: ['**']}\n",
    )
    with studio.open() as here:
        row = jobs.enqueue(here, workflow_runs.request_of(here, "flow", {"word": "hi"})).execution
        work_off(here)
        receipt = runs.receipt_of(here, here.store.execution(row.id))
        assert receipt.state is State.COMPLETED, receipt.error
        assert studio.repo.git("show", f"{receipt.branch}:a.txt") == "hi"


def test_what_waits_can_be_cancelled_moved_and_stopped(studio: Studio) -> None:
    model = studio.script(says("Done."))
    with studio.open() as here:
        first, second, third = (put(here, model) for _ in range(3))
        assert jobs.move(here, third.id, 1).order.priority == 1
        assert jobs.cancel(here, first.id, "not needed").note == "not needed"
        assert control.stop(here, second.id, "nor this").state is State.TERMINATED
        assert [row.id for row in work_off(here)] == [third.id]
        assert runs.receipt_of(here, here.store.execution(first.id)).state is State.TERMINATED
        for row in (first, third):
            with pytest.raises(Conflict, match="does not wait"):
                jobs.cancel(here, row.id)
            with pytest.raises(Conflict, match="does not wait"):
                jobs.move(here, row.id, 2)
        with pytest.raises(UsageError, match="priority"):
            put(here, model, Order(priority=HIGHEST + 1))


def test_what_can_no_longer_begin_fails_and_the_next_one_is_taken(studio: Studio) -> None:
    gone = studio.script(says("never"), name="gone")
    with studio.open() as here:
        broken = put(here, gone, Order(priority=1))
        fine = put(here, studio.script(says("Done.")))
        (studio.folder / "gone.yaml").unlink()
        assert [row.id for row in work_off(here)] == [fine.id]
        receipt = runs.receipt_of(here, here.store.execution(broken.id))
        assert receipt.state is State.FAILED
        assert receipt.error is not None and "gone.yaml" in str(receipt.error)


@pytest.mark.parametrize(
    ("damage", "state"),
    [
        ("UPDATE events SET payload = '{\"agent\": ' WHERE execution = ?", State.FAILED),
        (
            'UPDATE events SET payload = \'{"agent": "worker", "request": {}}\' WHERE execution = ?',
            State.FAILED,
        ),
        ("UPDATE executions SET state = 'dreaming' WHERE id = ?", None),
        ("DELETE FROM events WHERE execution = ?", State.FAILED),
    ],
)
def test_a_damaged_row_keeps_no_other_from_being_taken(
    studio: Studio, damage: str, state: State | None
) -> None:
    model = studio.script(says("Done."))
    with studio.open() as here:
        broken = put(here, model, Order(priority=1))
        fine = [put(here, model) for _ in range(2)]
        with closing(sqlite3.connect(here.store.path)) as connection, connection:
            connection.execute(damage, (broken.id,))
        assert [row.id for row in work_off(here)] == [row.id for row in fine]
        if state is not None:
            assert here.store.execution(broken.id).state is state


def test_two_workers_take_everything_and_nothing_twice(studio: Studio) -> None:
    model = studio.script(says("Done."))
    with studio.open() as here, studio.open() as there:
        wanted = {put(here, model).id for _ in range(10)}
        told: list[Execution] = []
        working = [begin(one, told, slots=3) for one in (here, there)]
        until(lambda: all(one.is_done(0.01) for one in working))
        begun = Counter(row.id for row in told if not row.state.is_final)
        assert begun == dict.fromkeys(wanted, 1)
        for one in wanted:
            assert len(of_kind(here.store.events(one), Kind.TAKEN)) == 1
            assert here.store.execution(one).state is State.COMPLETED


async def test_of_many_claims_at_once_one_is_granted(studio: Studio) -> None:
    folder = studio.files.parac / ".local"
    stores = [Store(folder) for _ in range(4)]
    try:
        await Jobs(stores[0]).put("aaaa000000", queued(), Order())
        taken = Draft(Kind.TAKEN, {"worker": "w", "branch": "", "follows": None}, time.time())
        claims = (Jobs(store).claim("aaaa000000", taken) for store in stores)
        granted = await asyncio.gather(*claims, return_exceptions=True)
        assert sum(isinstance(one, Execution) for one in granted) == 1
        assert sum(isinstance(one, Conflict) for one in granted) == 3
        assert [event.kind for event in stores[0].events("aaaa000000")] == [Kind.QUEUED, Kind.TAKEN]
    finally:
        for store in stores:
            store.close()


async def claim(here: Workspace, execution: str) -> None:
    """Take a job as a process does that dies before the work has begun."""
    with Store(here.store.folder) as store:
        taken = Draft(Kind.TAKEN, {"worker": "w", "branch": "", "follows": None}, time.time())
        await Jobs(store).claim(execution, taken)


def test_a_job_whose_worker_died_before_it_had_begun_is_taken_up_from_its_beginning(studio: Studio) -> None:
    with studio.open() as here:
        row = put(here, studio.script(writes("a.txt"), says("Done.")))
        asyncio.run(claim(here, row.id))
        assert [one.standing(0.0) for one in jobs.listing(here)] == [Standing.LOST]
        assert [one.id for one in work_off(here)] == [row.id]
        receipt = runs.receipt_of(here, here.store.execution(row.id))
        assert (receipt.state, receipt.answer) == (State.COMPLETED, "Done.")
        assert [change.path for change in receipt.files] == ["a.txt"]


def test_what_a_worker_cannot_take_up_is_left_with_the_reason_in_its_record(studio: Studio) -> None:
    gone = studio.script(says("never"), name="gone")
    with studio.open() as here:
        row = put(here, gone)
        asyncio.run(claim(here, row.id))
        (studio.folder / "gone.yaml").unlink()
        fine = put(here, studio.script(says("Done.")))
        assert [one.id for one in work_off(here)] == [fine.id]
        assert standing(here, row) is Standing.LEFT
        told = [event.payload["text"] for event in of_kind(here.store.events(row.id), Kind.LOG)]
        assert told and all("could not take it up" in text and "gone.yaml" in text for text in told)
        assert control.stop(here, row.id).state is State.TERMINATED


def test_a_worker_that_drains_ends_what_it_has_and_takes_nothing_more(studio: Studio) -> None:
    with studio.open() as here:
        slow = put(here, studio.script(says("Slow.", delay=0.4), name="slow"))
        left = put(here, studio.script(says("Later.")))
        told: list[Execution] = []
        working = begin(here, told, Stays.FOR_GOOD)
        until(lambda: here.store.execution(slow.id).state is State.RUNNING)
        working.drain()
        until(lambda: working.is_done(0.01))
        assert here.store.execution(slow.id).state is State.COMPLETED
        assert here.store.execution(left.id).state is State.QUEUED
        assert jobs.workers(here) == ()


def test_a_worker_that_is_stopped_stops_what_it_runs(studio: Studio) -> None:
    with studio.open() as here:
        slow = put(here, studio.script(says("never", delay=60)))
        working = begin(here, [], Stays.FOR_GOOD)
        until(lambda: here.store.execution(slow.id).state is State.RUNNING)
        assert [(one.busy, one.slots) for one in jobs.workers(here)] == [(1, 1)]
        working.stop("enough")
        until(lambda: working.is_done(0.01))
        ended = here.store.execution(slow.id)
        assert (ended.state, ended.note) == (State.TERMINATED, "enough")


def test_what_waits_for_a_person_keeps_no_job_from_being_taken_and_goes_on_at_once(studio: Studio) -> None:
    text = 'steps: [{id: sure, approval: "Go?"}, {id: look, tool: list_files, depends_on: sure}]\n'
    studio.files.write("workflows/gate.yaml", text)
    with studio.open() as here:
        waits = jobs.enqueue(here, workflow_runs.request_of(here, "gate", {})).execution
        working = begin(here, [], Stays.FOR_GOOD)
        reaches(here, waits, State.WAITING)
        # The worker looks at the queue, with its only execution waiting, and again after that.
        for name in ("first", "second"):
            row = put(here, studio.script(says("Done."), name=name))
            reaches(here, row, State.COMPLETED)
        slow = put(here, studio.script(says("never", delay=60), name="slow"))
        reaches(here, slow, State.RUNNING)
        assert [(one.busy, one.slots) for one in jobs.workers(here)] == [(1, 1)]
        approvals.answer(here, waits.id, "approve")
        reaches(here, waits, State.COMPLETED)
        assert here.store.execution(slow.id).state is State.RUNNING
        working.stop("enough")


def test_what_is_paused_keeps_no_job_from_being_taken(studio: Studio) -> None:
    with studio.open() as here:
        paused = put(here, studio.script(says("Slow.", delay=0.3), says("Unsaid."), name="slow"))
        left = put(here, studio.script(says("Done.")))
        working = begin(here, [], Stays.WHILE_DUE)
        until(lambda: here.store.execution(paused.id).totals.steps)
        control.pause(here, paused.id)
        reaches(here, left, State.COMPLETED)
        assert here.store.execution(paused.id).state is State.PAUSED
        control.unpause(here, paused.id)
        until(lambda: working.is_done(0.01))
        assert here.store.execution(paused.id).state is State.COMPLETED


def test_a_worker_that_ends_by_itself_does_not_wait_for_what_only_a_person_can_free(studio: Studio) -> None:
    with studio.open() as here:
        ahead = studio.start(here, says("never", delay=60))
        row = put(here, studio.script(says("Done."), name="next"), Order(after=ahead.id))
        with closing(sqlite3.connect(here.store.path)) as connection, connection:
            connection.execute("UPDATE executions SET owner = '1-dead' WHERE id = ?", (ahead.id,))
        here.store.interrupt_orphans()
        assert work_off(here, Stays.WHILE_HOPEFUL) == []
        assert standing(here, row) is Standing.STUCK
        with pytest.raises(Conflict, match="may never end"):
            jobs.after(here, ahead.id)
