"""A run is done again from a step: what was before it is kept and paid for once, what comes after is new."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from paracle.app.domain.conversation import Usage
from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Execution, Receipt
from paracle.app.domain.states import State
from paracle.app.services import approvals, control, retrying, runs, trust, workflow_runs
from paracle.app.services.runs import RunHandle
from paracle.app.services.workspace import Workspace
from tests.engine.killing import kill_once
from tests.support.studio import Studio, Turn, calls, of_kind, says, until, writes

PRICE = {"input_tokens": 10, "output_tokens": 5, "cost_usd": 0.01}
ONE_TURN = Usage(10, 5, 10_000)
BROKEN: Turn = {"error": "the model broke"}


def session(last: Turn) -> list[Turn]:
    """Two files are written, then comes the last turn."""
    return [
        writes("a.txt", "one\n", usage=PRICE),
        calls(("read_file", {"path": "missing.txt"}), usage=PRICE),
        writes("b.txt", "two\n", usage=PRICE),
        {**last, "usage": PRICE},
    ]


def finished(handle: RunHandle) -> tuple[Receipt, list[Event]]:
    events = list(handle.events())
    return handle.wait(), events


def steps_begun(events: list[Event]) -> list[str]:
    return [event.payload["key"] for event in of_kind(events, Kind.STEP_STARTED)]


def failed_run(studio: Studio, here: Workspace) -> Execution:
    """A run whose last turn failed; the script is mended afterwards."""
    receipt = studio.start(here, *session(BROKEN)).wait()
    assert receipt.state is State.FAILED
    studio.script(*session(says("All done.")))
    return runs.find(here, receipt.execution)


def test_a_retry_does_only_what_failed_and_pays_for_nothing_else(studio: Studio) -> None:
    before = studio.fingerprint()
    with studio.open() as here:
        row = failed_run(studio, here)
        receipt, events = finished(retrying.retry(here, row.id))
        again = runs.find(here, receipt.execution)
    assert (receipt.state, receipt.answer) == (State.COMPLETED, "All done.")
    assert steps_begun(events) == ["turn-4"]
    assert receipt.usage == again.totals.usage == ONE_TURN
    assert (receipt.steps, receipt.tool_calls, receipt.refused) == (1, {}, 0)
    assert receipt.origin == {"execution": row.id, "before": "turn-4", "model": ""}
    assert receipt.branch != row.branch
    assert [change.path for change in receipt.files] == ["a.txt", "b.txt"]
    assert studio.repo.git("rev-parse", receipt.branch) == studio.repo.git("rev-parse", row.branch)
    assert studio.fingerprint() == before


def test_a_retry_from_a_turn_leaves_the_commits_after_it_out(studio: Studio) -> None:
    with studio.open() as here:
        row = failed_run(studio, here)
        receipt, events = finished(retrying.retry(here, row.id, "turn-3"))
    assert receipt.state is State.COMPLETED
    assert steps_begun(events) == ["turn-3", "turn-3/1", "turn-4"]
    assert receipt.tool_calls == {"write_file": 1}
    first, second = studio.repo.git("rev-list", f"main..{receipt.branch}").split()
    assert second in studio.repo.git("rev-list", row.branch).split()
    assert receipt.commits == (first,)
    assert [change.path for change in receipt.files] == ["a.txt", "b.txt"]


def test_a_step_can_be_named_by_its_number(studio: Studio) -> None:
    with studio.open() as here:
        row = failed_run(studio, here)
        numbers = {
            event.payload["key"]: event.payload["step"]
            for event in of_kind(list(runs.telling_events(here, row.id)), Kind.STEP_STARTED)
        }
        _, events = finished(retrying.retry(here, row.id, str(numbers["turn-3/1"])))
    assert steps_begun(events) == ["turn-3/1", "turn-4"]


def test_a_step_that_was_never_begun_is_not_found(studio: Studio) -> None:
    with studio.open() as here:
        row = failed_run(studio, here)
        with pytest.raises(NotFound, match="turn-9") as error:
            retrying.retry(here, row.id, "turn-9")
        assert "turn-4" in error.value.hint
        assert here.store.count() == 1


def test_a_retry_of_a_retry_keeps_what_both_have_done(studio: Studio) -> None:
    with studio.open() as here:
        row = failed_run(studio, here)
        studio.script(*session(BROKEN))
        second, _ = finished(retrying.retry(here, row.id, "turn-3"))
        assert second.state is State.FAILED
        studio.script(*session(says("At last.")))
        third, events = finished(retrying.retry(here, second.execution))
        fourth, more = finished(retrying.retry(here, third.execution, "turn-1"))
    assert (third.answer, steps_begun(events)) == ("At last.", ["turn-4"])
    assert studio.repo.git("rev-parse", third.branch) == studio.repo.git("rev-parse", second.branch)
    assert [change.path for change in third.files] == ["a.txt", "b.txt"]
    assert steps_begun(more)[0] == "turn-1"
    assert fourth.base_commit == third.base_commit == studio.repo.git("rev-parse", "main").strip()


def test_what_did_not_fail_is_only_done_again_from_a_step_that_is_named(studio: Studio) -> None:
    receipt, _ = studio.run(says())
    with studio.open() as here, pytest.raises(Conflict, match="has failed: it is done"):
        retrying.retry(here, receipt.execution)


def test_a_run_at_work_is_not_retried(studio: Studio) -> None:
    with studio.open() as here:
        handle = studio.start(here, says("x", delay=60))
        until(lambda: handle.execution.state is State.RUNNING)
        with pytest.raises(Conflict, match="is running"):
            retrying.retry(here, handle.id)
        handle.stop()


def test_a_run_that_was_stopped_goes_on_from_the_step_that_was_cut_off(studio: Studio) -> None:
    with studio.open() as here:
        handle = studio.start(here, writes("a.txt"), says("never", delay=60))
        until(lambda: handle.execution.totals.steps == 3)
        handle.stop()
        studio.script(writes("a.txt"), says("said"))
        receipt, events = finished(retrying.retry(here, handle.id))
    assert (receipt.answer, steps_begun(events)) == ("said", ["turn-2"])


def test_answers_that_could_not_be_read_are_asked_for_again_and_not_given_again(studio: Studio) -> None:
    bad: Turn = {"malformed": "{", "usage": PRICE}
    good = [writes("a.txt", usage=PRICE), bad, writes("b.txt", usage=PRICE)]
    with studio.open() as here:
        failed = studio.start(here, *good, bad, bad, bad).wait()
        assert failed.state is State.FAILED
        studio.script(*good, says("Readable.", usage=PRICE))
        receipt, events = finished(retrying.retry(here, failed.execution))
    assert (receipt.state, receipt.answer) == (State.COMPLETED, "Readable.")
    assert receipt.origin is not None
    assert (receipt.origin["before"], steps_begun(events)) == ("turn-4", ["turn-4"])
    assert [change.path for change in receipt.files] == ["a.txt", "b.txt"]


def test_an_agent_of_a_workflow_is_asked_again_for_what_could_not_be_read(studio: Studio) -> None:
    bad: Turn = {"malformed": "{"}
    model = studio.script(writes("b.txt"), bad, bad, bad)
    studio.files.spec("writer", "tools: [write_file]\npermissions: {write: ['**']}")
    studio.files.write(
        "workflows/flow.yaml",
        f"""\
permissions: {{write: ["**"]}}
steps:
  - {{id: first, tool: write_file, with: {{path: a.txt, text: x}}}}
  - {{id: ask, agent: writer, depends_on: first, inputs: {{task: look}}, model: "{model}"}}
""",
    )
    with studio.open() as here:
        failed = workflow_runs.start(here, "flow").wait()
        assert failed.state is State.FAILED
        studio.script(writes("b.txt"), says("Readable."))
        receipt, events = finished(retrying.retry(here, failed.execution))
    assert receipt.state is State.COMPLETED, receipt.error
    assert steps_begun(events) == ["ask", "ask/turn-2"]


def test_a_run_that_was_ended_for_going_in_circles_is_retried_from_the_turn_that_did(studio: Studio) -> None:
    again = calls(("list_files", {}))
    with studio.open() as here:
        handle = studio.start(here, again, again, again)
        until(lambda: handle.execution.state is State.WAITING)
        approvals.answer(here, handle.id, "stop")
        assert handle.wait().state is State.FAILED
        studio.script(again, again, says("Out of it."))
        receipt, events = finished(retrying.retry(here, handle.id))
    assert (receipt.answer, steps_begun(events)) == ("Out of it.", ["turn-3"])


def test_a_question_that_was_taken_back_with_its_run_is_asked_again_by_a_retry(studio: Studio) -> None:
    again = calls(("list_files", {}))
    with studio.open() as here:
        stopped = studio.start(here, again, again, again, says("Done."))
        until(lambda: stopped.execution.state is State.WAITING)
        stopped.stop()
        retried = retrying.retry(here, stopped.id)
        until(lambda: retried.execution.state is State.WAITING)
        approvals.answer(here, retried.id, "go on")
        receipt, events = finished(retried)
    assert (receipt.state, receipt.answer) == (State.COMPLETED, "Done.")
    assert steps_begun(events)[0] == "turn-3/1"


def test_a_fork_with_another_model_keeps_the_context_and_splits_the_ledger(studio: Studio) -> None:
    other = studio.script(*session(says("Another end.")), name="other")
    with studio.open() as here:
        row = failed_run(studio, here)
        receipt, events = finished(retrying.fork(here, row.id, "turn-3", model=other))
    assert (receipt.answer, receipt.model) == ("Another end.", other)
    assert {event.payload["name"] for event in of_kind(events, Kind.STEP_STARTED)} == {other, "write_file"}
    assert receipt.ledger == {other: ONE_TURN + ONE_TURN}


def test_a_fork_from_the_first_turn_takes_other_inputs_and_a_later_one_does_not(studio: Studio) -> None:
    with studio.open() as here:
        row = failed_run(studio, here)
        with pytest.raises(Conflict, match="turn-1 has read task"):
            retrying.fork(here, row.id, "turn-2", inputs={"task": "other"})
        assert here.store.count() == 1
        receipt, _ = finished(retrying.fork(here, row.id, "turn-1", inputs={"task": "other"}))
    assert receipt.inputs == {"task": "other"}


def test_a_run_at_work_can_be_forked_and_goes_on(studio: Studio) -> None:
    with studio.open() as here:
        handle = studio.start(here, writes("a.txt"), says("slow", delay=60))
        until(lambda: handle.execution.totals.steps == 3)
        other = studio.script(writes("a.txt"), says("quick"), name="other")
        receipt, _ = finished(retrying.fork(here, handle.id, "turn-2", model=other))
        assert receipt.answer == "quick"
        assert handle.execution.state is State.RUNNING
        handle.stop()


def test_an_offline_run_keeps_its_calls_and_refuses_inputs_that_change_them(studio: Studio) -> None:
    playbook = """\
tools: [write_file]
permissions: {write: ["**"]}
inputs: {name: {type: text, default: Ada}, end: {type: text, default: bye}}
playbook:
  - {write: a.txt, text: "{{ inputs.name }}"}
  - {write: b.txt, text: "{{ inputs.end }}"}
  - {say: "{{ inputs.end }}"}"""
    studio.files.spec("greeter", playbook)
    with studio.open() as here:
        row = runs.find(here, runs.start(here, "greeter").wait().execution)
        receipt, events = finished(retrying.fork(here, row.id, "turn-2", inputs={"end": "later"}))
        wrong, none = finished(retrying.fork(here, row.id, "turn-2", inputs={"name": "Bob"}))
    assert (receipt.answer, steps_begun(events)) == ("later", ["turn-2/1"])
    assert studio.repo.show(receipt.branch, "a.txt") == "Ada"
    assert studio.repo.show(receipt.branch, "b.txt") == "later"
    assert wrong.state is State.FAILED
    assert wrong.error is not None
    assert "turn-1/1" in wrong.error["hint"]
    assert steps_begun(none) == []


FLOW = """\
permissions: {{write: ["**"]}}
inputs: {{first: {{type: text, default: one}}, second: {{type: text, default: two}}}}
steps:
  - {{id: one, tool: write_file, with: {{path: one.txt, text: "{{{{ inputs.first }}}}"}}}}
  - {{id: sure, approval: "Go on?", depends_on: one}}
  - {{id: two, tool: {tool}, depends_on: sure, with: {{path: two.txt{text}}}}}
  - {{id: three, tool: write_file, depends_on: two, with: {{path: three.txt, text: done}}}}
"""
BROKEN_FLOW = FLOW.format(tool="read_file", text="")
GOOD_FLOW = FLOW.format(tool="write_file", text=', text: "{{ inputs.second }}"')


def failed_flow(studio: Studio, here: Workspace) -> Execution:
    """A workflow whose third step failed; its file is mended afterwards."""
    studio.files.write("workflows/flow.yaml", BROKEN_FLOW)
    handle = workflow_runs.start(here, "flow")
    until(lambda: approvals.waiting(here))
    approvals.answer(here, handle.id, "approve")
    assert handle.wait().state is State.FAILED
    studio.files.write("workflows/flow.yaml", GOOD_FLOW)
    return handle.execution


def test_a_workflow_goes_on_from_the_step_that_failed_once_its_file_is_mended(studio: Studio) -> None:
    with studio.open() as here:
        row = failed_flow(studio, here)
        receipt, events = finished(retrying.retry(here, row.id))
    assert receipt.state is State.COMPLETED, receipt.error
    assert of_kind(events, Kind.ASKED) == []
    assert steps_begun(events) == ["two", "two/call", "three", "three/call"]
    assert [change.path for change in receipt.files] == ["one.txt", "three.txt", "two.txt"]


def test_a_fork_of_a_workflow_refuses_inputs_that_a_kept_step_has_read(studio: Studio) -> None:
    with studio.open() as here:
        row = failed_flow(studio, here)
        with pytest.raises(Conflict, match="one has read first"):
            retrying.fork(here, row.id, "two", inputs={"first": "1"})
        receipt, _ = finished(retrying.fork(here, row.id, "two", inputs={"second": "2"}))
    assert studio.repo.show(receipt.branch, "two.txt") == "2"


def test_a_tolerated_failure_and_a_try_made_again_are_not_where_a_retry_begins(studio: Studio) -> None:
    studio.files.write(
        "workflows/flow.yaml",
        """\
permissions: {write: ["**"]}
steps:
  - {id: odd, tool: read_file, with: {path: nowhere.txt}, on_error: continue}
  - {id: fine, tool: write_file, depends_on: odd, with: {path: a.txt, text: x}}
  - {id: bad, tool: read_file, depends_on: fine, with: {path: b.txt}, retry: {attempts: 2, delay: 0}}
""",
    )
    with studio.open() as here:
        row = runs.find(here, workflow_runs.start(here, "flow").wait().execution)
        assert row.state is State.FAILED
        receipt, events = finished(retrying.retry(here, row.id))
    assert receipt.origin is not None
    assert receipt.origin["before"] == "bad~2/call"
    assert steps_begun(events)[:2] == ["bad", "bad~2/call"]
    assert "fine" not in steps_begun(events)


def test_a_retry_in_a_folder_without_git_has_a_repository_of_its_own(studio: Studio) -> None:
    studio.repo.git("status")
    (studio.repo.folder / ".git").rename(studio.folder / "git-put-away")
    with studio.open() as here:
        row = failed_run(studio, here)
        receipt, events = finished(retrying.retry(here, row.id, "turn-3"))
        old = runs.receipt_of(here, row)
    assert receipt.state is State.COMPLETED, receipt.error
    assert steps_begun(events) == ["turn-3", "turn-3/1", "turn-4"]
    assert receipt.repository != old.repository
    assert [change.path for change in receipt.files] == ["a.txt", "b.txt"]


def test_a_retry_that_is_killed_is_taken_up_with_what_it_began_with(studio: Studio) -> None:
    with studio.open() as here:
        row = failed_run(studio, here)
        studio.script(*session(says("never", delay=60)))
    arguments = ["runs", "retry", row.id, "--from", "turn-3"]
    kill_once(
        studio,
        arguments,
        lambda events: bool(events[0].payload["origin"]) and "turn-4" in steps_begun(events),
    )
    with studio.open() as here:
        studio.script(*session(says("All done.")))
        receipt, events = finished(control.take_up(here, "last"))
    assert (receipt.state, receipt.answer) == (State.COMPLETED, "All done.")
    assert steps_begun(events) == ["turn-3", "turn-3/1", "turn-4", "turn-4"]
    assert receipt.usage == ONE_TURN + ONE_TURN
    assert [change.path for change in receipt.files] == ["a.txt", "b.txt"]


def test_setup_and_checks_are_done_again_since_they_are_about_a_work_tree_of_its_own(
    studio: Studio, tmp_path: Path
) -> None:
    settings = {
        "worktree": {"setup": [f"echo setup >> {tmp_path}/log"]},
        "checks": [f"test -e {tmp_path}/log"],
    }
    studio.files.write("project.yaml", yaml.safe_dump(settings))
    studio.repo.commit("settings")
    with studio.open() as here:
        trust.accept(here, trust.look(here))
        row = failed_run(studio, here)
        receipt, events = finished(retrying.retry(here, row.id))
    assert (tmp_path / "log").read_text() == "setup\n" * 2
    assert [check.ok for check in receipt.checks] == [True]
    begun = of_kind(events, Kind.STEP_STARTED)
    assert [event.payload["action"] for event in begun] == ["setup", "model", "check"]
    assert receipt.usage == ONE_TURN
