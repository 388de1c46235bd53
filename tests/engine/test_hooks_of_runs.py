"""Hooks around executions, model calls, steps of workflows and questions, and when a run goes on."""

from __future__ import annotations

import pytest

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Receipt
from paracle.app.domain.occasions import Vetoed
from paracle.app.domain.states import State
from paracle.app.services import approvals, control, jobs, retrying, runs, workflow_runs
from paracle.app.services.workspace import Workspace
from tests.engine.killing import kill_once
from tests.support.hooking import Hooks, changes, started, vetoes, warned
from tests.support.studio import Studio, Turn, alive, children, of_kind, reads, says, until, writes


def test_a_veto_before_an_execution_refuses_the_start(studio: Studio, hooks: Hooks) -> None:
    hooks.add("execution.before", vetoes("not on Fridays"), match={"agent": "worker"})
    hooks.trust()
    with studio.open() as here:
        with pytest.raises(Vetoed, match="not on Fridays") as refused:
            studio.start(here, says())
        assert refused.value.exit_code == 3
        assert here.store.executions() == ()
    assert studio.repo.git("branch", "--list", "exec/*") == ""


def test_what_a_hook_refuses_is_not_queued_either(studio: Studio, hooks: Hooks) -> None:
    hooks.add("execution.before", f"if told['arguments']['task'] == 'no': {vetoes('not on Fridays')}")
    hooks.trust()
    with studio.open() as here:
        with pytest.raises(Vetoed, match="not on Fridays"):
            jobs.enqueue(here, runs.request_of(here, "worker", task="no", model=studio.script(says())))
        assert here.store.executions() == ()
        request = runs.request_of(here, "worker", task="yes", model=studio.script(says()))
        queued = jobs.enqueue(here, request).execution
    assert queued.state is State.QUEUED
    assert hooks.told()[-1]["execution"] == queued.id


def test_a_stop_ends_the_hook_that_runs(studio: Studio, hooks: Hooks) -> None:
    pid = studio.folder / "pid"
    hooks.command("tool.before", f"sh -c 'echo $$ > {pid}; exec sleep 60'", timeout="1m")
    hooks.trust()
    with studio.open() as here:
        handle = studio.start(here, writes("a.txt"), says())
        until(lambda: pid.exists() and pid.read_text().strip())
        handle.stop("enough")
        assert handle.wait().state is State.TERMINATED
    assert not alive(int(pid.read_text()))


def test_the_task_can_be_changed_and_what_it_was_is_recorded(studio: Studio, hooks: Hooks) -> None:
    hooks.add("execution.before", "print(json.dumps({'task': told['arguments']['task'] + ', briefly'}))")
    hooks.add("execution.before", vetoes("never"), match={"agent": "nobody"})
    hooks.trust()
    with studio.open() as here:
        handle = studio.start(here, says(), task="Explain")
        receipt, events = handle.wait(), list(handle.events())
    assert receipt.inputs["task"] == "Explain, briefly"
    assert events[0].payload["task"] == "Explain, briefly"
    assert events[0].payload["hooks"] == {"by": ["hook 0"], "asked": {"task": "Explain"}}
    assert hooks.told()[0]["execution"] == receipt.execution


def test_inputs_that_do_not_fit_are_left_as_they_were(studio: Studio, hooks: Hooks) -> None:
    hooks.add("execution.before", changes(unheard_of=1))
    hooks.trust()
    with studio.open() as here:
        handle = studio.start(here, says(), task="Explain")
        receipt, events = handle.wait(), list(handle.events())
    assert receipt.inputs == {"task": "Explain"}
    assert "There is no input 'unheard_of'" in warned(events)


@pytest.mark.parametrize("last", [says("All is well."), {"error": "broken"}])
def test_a_hook_after_an_execution_sees_how_it_ended(studio: Studio, hooks: Hooks, last: Turn) -> None:
    hooks.add("execution.after", "sys.exit(1)")
    hooks.trust()
    receipt, events = studio.run(writes("a.txt"), last)
    (told,) = hooks.told()
    assert told["execution"] == receipt.execution
    assert told["result"]["success"] is (receipt.state is State.COMPLETED)
    assert (told["result"]["error"] is None) is (receipt.error is None)
    assert told["result"]["value"]["answer"] == receipt.answer
    assert told["result"]["value"]["files"] == ["a.txt"]
    # Told before the end is recorded, so that the account can say what became of it.
    assert "(execution.after) failed" in warned(events)
    assert events[-1].kind in (Kind.COMPLETED, Kind.FAILED)


def test_a_veto_of_a_model_call_ends_the_run(studio: Studio, hooks: Hooks) -> None:
    hooks.add("model.before", f"if told['arguments']['turn'] == 2: {vetoes('enough')}")
    hooks.add("model.after")
    hooks.trust()
    receipt, events = studio.run(writes("a.txt"), says("never said"))
    assert (receipt.state, receipt.answer) == (State.FAILED, "")
    assert receipt.error is not None
    assert (receipt.error["code"], receipt.error["detail"]) == ("vetoed", "enough")
    assert [change.path for change in receipt.files] == ["a.txt"]
    assert [told["result"]["value"]["calls"][0]["name"] for told in hooks.told("model.after")] == [
        "write_file"
    ]
    assert started(events, "model")[1]["hooks"]["veto"] == "enough"


def test_what_a_person_said_can_be_changed_before_the_model_reads_it(studio: Studio, hooks: Hooks) -> None:
    hooks.add("model.before", "if 'said' in told['arguments']: " + changes(said=["be kind"]))
    hooks.trust()
    with studio.open() as here:
        handle = studio.start(here, says("Hm.", delay=0.3), says("Fine."))
        until(lambda: handle.execution.totals.steps)
        handle.say("be rude")
        events = list(handle.events())
    last = started(events, "model")[-1]
    assert last["arguments"]["said"] == ["be kind"]
    assert last["hooks"]["asked"]["said"] == ["be rude"]


WORKFLOW = """\
permissions: {write: ["**"]}
steps:
  - {id: build, tool: write_file, with: {path: built.txt, text: x}}
  - {id: deploy, tool: write_file, depends_on: build, with: {path: deployed.txt, text: x}}
"""


def flow(here: Workspace) -> tuple[Receipt, list[Event]]:
    handle = workflow_runs.start(here, "ship")
    events = list(handle.events())
    return handle.wait(), events


def test_a_step_of_a_workflow_is_refused_by_its_id(studio: Studio, hooks: Hooks) -> None:
    studio.files.write("workflows/ship.yaml", WORKFLOW)
    hooks.add("step.before", vetoes("frozen"), match={"workflow": "ship", "step": "dep*"})
    hooks.add("step.after", match={"workflow": "s*"})
    hooks.add("tool.after", match={"step": "build"})
    hooks.trust()
    with studio.open() as here:
        receipt, events = flow(here)
    assert receipt.state is State.FAILED
    assert (
        receipt.error is not None and "deploy: The hook 'hook 0' said no: frozen" in receipt.error["detail"]
    )
    assert [change.path for change in receipt.files] == ["built.txt"]
    assert [(told["name"], told["step"]) for told in hooks.told("step.after")] == [("build", "build")]
    (tool,) = hooks.told("tool.after")
    assert (tool["name"], tool["workflow"], tool["step"], tool["key"]) == (
        "write_file", "ship", "build", "build/call",
    )  # fmt: skip
    assert [step["key"] for step in started(events, "step")] == ["build", "deploy"]


def test_a_question_that_a_hook_refuses_is_answered_with_no(studio: Studio, hooks: Hooks) -> None:
    studio.files.write("workflows/ship.yaml", "steps: [{id: ask, approval: Ship it?}]\n")
    hooks.add("approval.before", vetoes("frozen"), match={"step": "ask"})
    hooks.trust()
    with studio.open() as here:
        receipt, events = flow(here)
        assert approvals.waiting(here) == ()
    (answered,) = of_kind(events, Kind.ANSWERED)
    assert (answered.payload["answer"], answered.payload["by"]) == ("reject", "the hook 'hook 0'")
    assert receipt.error is not None and "frozen" in receipt.error["detail"]


def test_a_run_that_is_paused_while_a_hook_thinks_about_a_question_asks_it_later(
    studio: Studio, hooks: Hooks
) -> None:
    studio.files.write("workflows/ship.yaml", "steps: [{id: ask, approval: Ship it?}]\n")
    go = studio.folder / "go"
    hooks.add("approval.before", f"import time\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.02)")
    hooks.trust()
    with studio.open() as here:
        handle = workflow_runs.start(here, "ship")
        until(lambda: hooks.told("approval.before"))
        handle.pause()
        go.touch()
        until(lambda: not children())
        assert approvals.waiting(here) == ()
        handle.resume()
        until(lambda: approvals.waiting(here))
        (asked,) = approvals.waiting(here)
        approvals.answer(here, asked.id, "approve")
        assert handle.wait().state is State.COMPLETED


def test_a_question_can_be_put_in_other_words_and_its_answer_is_told(studio: Studio, hooks: Hooks) -> None:
    studio.files.write("workflows/ship.yaml", "steps: [{id: ask, approval: Ship it?}]\n")
    hooks.add("approval.before", changes(question="Ship it, on a Friday?"))
    hooks.add("approval.after")
    hooks.trust()
    with studio.open() as here:
        handle = workflow_runs.start(here, "ship")
        until(lambda: approvals.waiting(here))
        (asked,) = approvals.waiting(here)
        assert asked.question == "Ship it, on a Friday?"
        approvals.answer(here, asked.id, "approve", "it is Monday")
        assert handle.wait().state is State.COMPLETED
    (told,) = hooks.told("approval.after")
    assert told["result"]["value"]["answer"] == "approve"
    assert told["result"]["value"]["reason"] == "it is Monday"


def test_a_hook_cannot_change_what_answers_there_are(studio: Studio, hooks: Hooks) -> None:
    studio.files.write(
        "workflows/ship.yaml", "steps: [{id: ask, approval: Go?, timeout: 100ms, default: reject}]\n"
    )
    hooks.add("approval.before", changes(default="approve"))
    hooks.trust()
    with studio.open() as here:
        receipt, events = flow(here)
    assert receipt.state is State.FAILED
    assert "it changed 'default', which no hook can change here" in warned(events)


def test_a_killed_run_goes_on_and_asks_no_hook_about_what_is_recorded(studio: Studio, hooks: Hooks) -> None:
    hooks.add("tool.before", changes(path="safe.txt"), match={"tool": "write_file"})
    hooks.add("tool.after")
    hooks.add("model.before")
    hooks.trust()
    turns = [writes("a.txt", "one\n"), says("Slow.", delay=60)]
    kill_once(
        studio,
        ["run", "worker", "--model", studio.script(*turns)],
        lambda events: any(event.payload.get("key") == "turn-2" for event in events),
    )
    until(lambda: hooks.told("tool.after"))
    studio.script(turns[0], says("Quick."))
    with studio.open() as here:
        receipt = control.take_up(here, "last").wait()
    assert (receipt.state, receipt.answer.strip()) == (State.COMPLETED, "Quick.")
    assert [change.path for change in receipt.files] == ["safe.txt"]
    assert [told["key"] for told in hooks.told("tool.before")] == ["turn-1/1"]
    assert [told["key"] for told in hooks.told("tool.after")] == ["turn-1/1"]
    # A turn that was cut off has no outcome: the model is asked again, and so are the hooks.
    assert [told["key"] for told in hooks.told("model.before")] == ["turn-1", "turn-2", "turn-2"]


def test_a_retry_keeps_what_was_changed_and_what_was_refused(studio: Studio, hooks: Hooks) -> None:
    hooks.add("tool.before", changes(path="safe.txt"), match={"tool": "write_file"})
    hooks.add("tool.before", vetoes("never"), match={"tool": "read_file"})
    hooks.trust()
    turns = [writes("a.txt", "one\n"), reads("README.md")]
    with studio.open() as here:
        studio.start(here, *turns, {"error": "broken"}).wait()
        studio.script(*turns, says("Done."))
        receipt = retrying.retry(here, "last").wait()
    assert (receipt.state, [change.path for change in receipt.files]) == (State.COMPLETED, ["safe.txt"])
    assert len(hooks.told()) == 2
