"""What executions ask is answered from anywhere, once, and lost by no crash."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from paracle.app.domain.errors import Conflict, NotFound, UsageError
from paracle.app.domain.events import Event, Kind
from paracle.app.domain.states import State
from paracle.app.services import approvals, control, runs, workflow_runs
from paracle.app.services.runs import RunHandle
from paracle.app.services.workspace import Workspace
from tests.engine.killing import at_work, kill_once, newest_events
from tests.support.studio import Studio, commands, of_kind, says, until


def workflow(studio: Studio, *steps: str) -> None:
    text = "".join(f"  - {step}\n" for step in steps)
    studio.files.write("workflows/flow.yaml", f'permissions: {{write: ["**"]}}\nsteps:\n{text}')


SURE = '{id: sure, approval: "Really?"}'
WRITE = "{id: write, tool: write_file, depends_on: sure, with: {path: a.txt, text: x}}"


def asking(here: Workspace) -> RunHandle:
    """A workflow of this process that waits for its answer."""
    handle = workflow_runs.start(here, "flow")
    until(lambda: handle.execution.state is State.WAITING)
    return handle


def has_asked(events: list[Event]) -> bool:
    return bool(of_kind(events, Kind.ASKED))


def test_an_answer_of_another_process_is_heard(studio: Studio) -> None:
    workflow(studio, SURE, WRITE)
    with at_work(studio, "workflow", "run", "flow"), studio.open() as here:
        until(lambda: approvals.waiting(here))
        (asked,) = approvals.waiting(here)
        assert (asked.question, asked.options) == ("Really?", ("approve", "reject"))
        approvals.answer(here, asked.id, "approve", "looks fine")
        until(lambda: here.store.execution(asked.execution.id).state is State.COMPLETED)
        assert approvals.waiting(here) == ()


def test_what_is_asked_survives_a_kill_and_may_be_answered_while_nobody_runs_it(studio: Studio) -> None:
    workflow(studio, SURE, WRITE)
    kill_once(studio, ["workflow", "run", "flow"], has_asked)
    with studio.open() as here:
        (asked,) = approvals.waiting(here)
        assert asked.execution.state is State.INTERRUPTED
        approvals.answer(here, asked.id, "approve")
        receipt = control.take_up(here, asked.execution.id).wait()
        events = list(runs.telling_events(here, asked.execution.id))
    assert receipt.state is State.COMPLETED
    assert len(of_kind(events, Kind.ASKED)) == len(of_kind(events, Kind.ANSWERED)) == 1


def test_a_run_that_is_taken_up_waits_for_the_same_answer_again(studio: Studio) -> None:
    workflow(studio, SURE, WRITE)
    kill_once(studio, ["workflow", "run", "flow"], has_asked)
    with studio.open() as here:
        handle = control.take_up(here, "last")
        until(lambda: handle.execution.state is State.WAITING)
        (asked,) = approvals.waiting(here)
        approvals.answer(here, asked.id, "reject", "not today")
        receipt = handle.wait()
    assert receipt.state is State.FAILED
    assert receipt.error is not None
    assert "not today" in receipt.error["detail"]


def test_what_a_failure_kept_a_run_from_coming_to_again_is_in_its_receipt(studio: Studio) -> None:
    calls = "for_each: ['600', '0', '0'], max_parallel: 2, with: {argv: [sleep, '{{ item }}']}"
    steps = f"[{{id: each, tool: run_command, {calls}}}]"
    studio.files.write("workflows/flow.yaml", f"permissions: {{shell: allow}}\nsteps: {steps}\n")
    studio.trust()
    kill_once(
        studio, ["workflow", "run", "flow"], lambda events: len(of_kind(events, Kind.STEP_COMPLETED)) == 2
    )
    kill_once(studio, ["runs", "resume", "last"], has_asked)
    with studio.open() as here:
        (asked,) = approvals.waiting(here)
        approvals.answer(here, asked.id, asked.options[-1])
        # It fails with the first turn, before it comes to the third.
        receipt = control.take_up(here, "last").wait()
    assert receipt.state is State.FAILED
    assert receipt.tool_calls == {"run_command": 3}


@pytest.mark.parametrize(("default", "state"), [("approve", State.COMPLETED), ("reject", State.FAILED)])
def test_where_nobody_answers_in_time_the_default_holds_and_says_so(
    studio: Studio, default: str, state: State
) -> None:
    workflow(studio, f'{{id: sure, approval: "Really?", timeout: 0.2, default: {default}}}', WRITE)
    with studio.open() as here:
        handle = workflow_runs.start(here, "flow")
        receipt = handle.wait()
        (answered,) = of_kind(list(runs.telling_events(here, handle.id)), Kind.ANSWERED)
    assert receipt.state is state
    assert (answered.payload["answer"], answered.payload["by"]) == (default, "timeout")


def test_of_two_answers_at_the_same_moment_one_holds_and_the_other_is_told_so(studio: Studio) -> None:
    workflow(studio, SURE, WRITE)
    with studio.open() as here, studio.open() as first, studio.open() as second:
        handle = asking(here)
        told = together(
            lambda: approvals.answer_in(first, handle.id, "sure", "approve"),
            lambda: approvals.answer_in(second, handle.id, "sure", "reject"),
        )
        receipt = handle.wait()
        (answered,) = of_kind(list(runs.telling_events(here, handle.id)), Kind.ANSWERED)
    assert [type(one) for one in told if one is not None] == [Conflict]
    is_yes = answered.payload["answer"] == "approve"
    assert told[0 if is_yes else 1] is None
    assert receipt.state is (State.COMPLETED if is_yes else State.FAILED)


def together(*acts: Callable[[], object]) -> list[Exception | None]:
    """Do several things at once; gives what each raised."""
    told: list[Exception | None] = [None] * len(acts)
    gate = threading.Barrier(len(acts))

    def do(place: int, act: Callable[[], object]) -> None:
        gate.wait()
        try:
            act()
        except Conflict as error:
            told[place] = error

    threads = [threading.Thread(target=do, args=one) for one in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def test_an_id_stands_for_one_question_for_good(studio: Studio) -> None:
    workflow(studio, '{id: one, approval: "First?"}', '{id: two, approval: "Second?"}')
    with studio.open() as here:
        handle = workflow_runs.start(here, "flow")
        until(lambda: len(approvals.waiting(here)) == 2)
        first, second = approvals.waiting(here)
        with pytest.raises(Conflict, match="2 questions"):
            approvals.answer(here, handle.id, "approve")
        approvals.answer(here, first.short, "approve")
        until(lambda: len(approvals.waiting(here)) == 1)
        with pytest.raises(Conflict, match="answered already"):
            approvals.answer(here, first.id, "approve")
        with pytest.raises(NotFound):
            approvals.answer(here, f"{handle.id}:3", "approve")
        assert approvals.waiting(here)[0].id == second.id
        approvals.answer(here, "", "approve")
        assert handle.wait().state is State.COMPLETED


def test_only_what_is_offered_can_be_answered(studio: Studio) -> None:
    studio.worker()
    studio.files.spec("asker", "tools: [run_command]\npermissions: {shell: ask}")
    with studio.open() as here:
        model = studio.script(commands("true"), commands("true"), says("done"))
        handle = runs.start(here, "asker", model=model)
        until(lambda: approvals.waiting(here))
        with pytest.raises(UsageError, match="maybe") as error:
            approvals.answer(here, handle.id, "maybe")
        assert "once, run, no" in error.value.hint
        approvals.answer(here, handle.id, "run")
        receipt = handle.wait()
    assert receipt.state is State.COMPLETED
    assert receipt.tool_calls == {"run_command": 2}


def test_what_has_ended_asks_nothing_any_more(studio: Studio) -> None:
    workflow(studio, SURE)
    with studio.open() as here:
        handle = asking(here)
        handle.stop()
        assert approvals.waiting(here) == ()
        with pytest.raises(NotFound):
            approvals.answer(here, handle.id, "approve")


def test_while_one_step_waits_another_goes_on(studio: Studio) -> None:
    workflow(studio, SURE, "{id: free, tool: write_file, with: {path: free.txt, text: x}}")
    with studio.open() as here:
        handle = asking(here)
        until(lambda: any(e.payload.get("name") == "free" for e in ended(here, handle)))
        assert handle.execution.state is State.WAITING
        approvals.answer(here, handle.id, "approve")
        assert handle.wait().state is State.COMPLETED


def ended(here: Workspace, handle: RunHandle) -> list[Event]:
    assert newest_events(here.store)
    return of_kind(list(runs.telling_events(here, handle.id)), Kind.STEP_COMPLETED)
