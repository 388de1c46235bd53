"""A budget ends a run before the call that would go over it, and keeps everything until then."""

import pytest

from paracle.app.domain.events import Kind
from paracle.app.domain.executions import Receipt
from paracle.app.domain.states import State
from tests.support.studio import Studio, calls, commands, of_kind, reads, says, writes

USED = {"input_tokens": 60, "output_tokens": 40, "cost_usd": 0.25}


def ended_by(receipt: Receipt, key: str) -> bool:
    return (
        receipt.state is State.FAILED
        and receipt.error is not None
        and receipt.error["code"] == "budget"
        and f"budget.{key}" in str(receipt.error["hint"])
    )


@pytest.mark.parametrize(("budget", "key"), [("tokens: 200", "tokens"), ("usd: 0.5", "usd")])
def test_what_the_model_used_ends_the_run_before_the_next_question(
    studio: Studio, budget: str, key: str
) -> None:
    studio.worker(extra=f"budget: {{{budget}}}")
    studio.repo.commit("budget")
    receipt, events = studio.run(
        writes("one.txt", usage=USED), writes("two.txt", usage=USED), writes("three.txt", usage=USED), says()
    )
    assert ended_by(receipt, key)
    assert receipt.usage.tokens == 200
    assert [change.path for change in receipt.files] == ["one.txt", "two.txt"]
    asked = [event for event in of_kind(events, Kind.STEP_STARTED) if event.payload["action"] == "model"]
    assert len(asked) == 2


def test_a_budget_of_nothing_asks_nothing(studio: Studio) -> None:
    studio.worker(extra="budget: {tokens: 0}")
    studio.repo.commit("budget")
    receipt, events = studio.run(says())
    assert ended_by(receipt, "tokens")
    assert of_kind(events, Kind.STEP_STARTED) == []


def test_the_tool_calls_are_counted_one_by_one(studio: Studio) -> None:
    studio.worker(extra="budget: {tool_calls: 2}")
    studio.repo.commit("budget")
    receipt, events = studio.run(writes("one.txt"), writes("two.txt"), writes("three.txt"), says())
    assert ended_by(receipt, "tool_calls")
    assert receipt.tool_calls == {"write_file": 2}
    assert [change.path for change in receipt.files] == ["one.txt", "two.txt"]
    assert [event.payload["name"] for event in of_kind(events, Kind.STEP_STARTED)].count("write_file") == 2


def test_calls_made_side_by_side_are_all_done_up_to_the_budget(
    studio: Studio, capfd: pytest.CaptureFixture[str]
) -> None:
    studio.worker(extra="budget: {tool_calls: 3}")
    studio.repo.commit("budget")
    receipt, events = studio.run(calls(*[("read_file", {"path": "README.md"})] * 6), says())
    assert ended_by(receipt, "tool_calls")
    assert receipt.tool_calls == {"read_file": 3}
    done = of_kind(events, Kind.STEP_COMPLETED)
    assert [event.payload["name"] for event in done].count("read_file") == 3
    assert of_kind(events, Kind.STEP_FAILED) == []
    assert "Traceback" not in "".join(capfd.readouterr())


def test_the_minutes_end_a_call_that_is_under_way(studio: Studio) -> None:
    studio.worker(extra="budget: {minutes: 0.01}")
    studio.repo.commit("budget")
    receipt, events = studio.run(writes("one.txt"), commands("sleep", "60"), says())
    assert ended_by(receipt, "minutes")
    assert 0.6 <= receipt.seconds < 20
    assert [change.path for change in receipt.files] == ["one.txt"]
    assert of_kind(events, Kind.STEP_FAILED)[0].payload["name"] == "run_command"
    assert studio.worktrees() == []


def test_a_run_within_its_budget_ends_well(studio: Studio) -> None:
    studio.worker(extra="budget: {tokens: 201, usd: 1, minutes: 5, tool_calls: 1}")
    studio.repo.commit("budget")
    receipt, _ = studio.run(reads("README.md"), says(usage=USED))
    assert (receipt.state, receipt.error) == (State.COMPLETED, None)
