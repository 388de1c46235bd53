"""The steps of a workflow as they stand, made from the events of its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.workflows import ResolvedWorkflow, WorkflowSpec
from paracle.widgets._flow_steps import FlowProgress, Standing

SPEC = {
    "name": "flow",
    "steps": [
        {"id": "each", "agent": "a", "for_each": ["x", "y"]},
        {"id": "shall", "approval": "Go on?", "depends_on": ["each"]},
        {"id": "last", "agent": "a", "depends_on": ["shall"]},
    ],
}


class Told:
    """Events in order, put one by one."""

    def __init__(self) -> None:
        self.progress = FlowProgress()
        self._seq = 0
        workflow = ResolvedWorkflow(WorkflowSpec.model_validate(SPEC), Path("flow.yaml"))
        self.tell(Kind.QUEUED, request={"workflow": workflow.to_dict()})

    def tell(self, kind: Kind, **payload: Any) -> bool:
        self._seq += 1
        return self.progress.put([Event("7f3k", self._seq, float(self._seq), kind, payload)])

    def begin(self, number: int, key: str, action: str = "step") -> bool:
        return self.tell(Kind.STEP_STARTED, step=number, key=key, action=action, name=key, arguments={})

    def end(self, number: int, status: str = "done") -> bool:
        return self.tell(Kind.STEP_COMPLETED, step=number, result={"status": status}, summary="words")

    def ask(self, key: str) -> bool:
        return self.tell(Kind.ASKED, approval=key, question="?")

    def first(self) -> Standing:
        return self.standings[0]

    @property
    def standings(self) -> list[Standing]:
        return [step.standing for step in self.progress.steps]


def test_inner_steps_belong_to_the_workflows_step() -> None:
    told = Told()
    assert told.standings == [Standing.AHEAD] * 3
    assert told.begin(1, "each")
    assert told.begin(2, "each[1]/turn-1/call-1", "tool")
    assert told.progress.steps[0].note == "each[1]/turn-1/call-1"
    assert not told.end(2), "what lies within a step does not end it"
    assert told.end(1)
    assert told.standings == [Standing.DONE, Standing.AHEAD, Standing.AHEAD]


def test_of_two_questions_in_a_step_both_have_to_be_answered() -> None:
    told = Told()
    told.begin(1, "each")
    told.ask("each[0]/turn-1/permission")
    told.ask("each[1]/turn-1/permission")
    told.tell(Kind.ANSWERED, approval="each[0]/turn-1/permission", answer="no")
    assert told.first() is Standing.ASKS
    told.tell(Kind.ANSWERED, approval="each[1]/turn-1/permission", answer="no")
    assert told.first() is Standing.RUNNING


def test_a_crash_cuts_off_what_ran_and_leaves_what_asks_to_be_answered() -> None:
    told = Told()
    told.begin(1, "each")
    told.begin(2, "shall")
    told.ask("shall")
    told.tell(Kind.INTERRUPTED, reason="gone")
    assert told.standings == [Standing.CUT_OFF, Standing.ASKS, Standing.AHEAD]
    told.begin(3, "each")
    told.begin(4, "shall")
    assert told.standings == [Standing.RUNNING, Standing.ASKS, Standing.AHEAD], "it asks no second time"
    told.tell(Kind.TERMINATED, reason="stopped")
    assert told.standings == [Standing.CUT_OFF, Standing.CUT_OFF, Standing.AHEAD]


def test_steps_are_left_out_by_their_condition_or_for_want_of_another() -> None:
    told = Told()
    told.begin(1, "each")
    told.end(1, "skipped")
    told.tell(Kind.STEP_SKIPPED, key="last", name="last", reason="shall was left out")
    assert told.standings == [Standing.LEFT_OUT, Standing.AHEAD, Standing.LEFT_OUT]
    assert told.progress.steps[2].note == "shall was left out"


def test_a_run_of_an_agent_has_no_graph() -> None:
    progress = FlowProgress()
    assert not progress.put([Event("7f3k", 1, 1.0, Kind.QUEUED, {"request": {"agent": {}}})])
    assert progress.steps == ()
