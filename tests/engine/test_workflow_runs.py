"""Workflows run: values flow, conditions hold, failures are named, and nothing completes that failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from paracle.app.domain.errors import Conflict
from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Receipt
from paracle.app.domain.states import State
from paracle.app.services import approvals, retrying, workflow_runs
from paracle.app.services.runs import RunHandle
from paracle.app.services.workspace import Workspace
from tests.support.studio import Studio, of_kind, until


def agent(studio: Studio, name: str, *actions: Mapping[str, Any], more: str = "") -> None:
    """An offline agent that may write anything."""
    playbook = yaml.safe_dump({"playbook": [dict(action) for action in actions]}, sort_keys=False)
    tools = "tools: [read_file, search, write_file, todo_scan]"
    studio.files.spec(
        name, f"{tools}\npermissions: {{write: ['**']}}\n{more}\n{playbook}".replace("\n\n", "\n")
    )


def workflow(studio: Studio, text: str, name: str = "flow") -> None:
    studio.files.write(f"workflows/{name}.yaml", text)


def run(studio: Studio, name: str = "flow", **inputs: Any) -> tuple[Receipt, list[Event]]:
    with studio.open() as here:
        handle = workflow_runs.start(here, name, inputs)
        events = list(handle.events())
        return handle.wait(), events


def ended(events: list[Event]) -> list[str]:
    """The workflow's own steps in the order in which they ended."""
    return [
        event.payload["name"]
        for event in of_kind(events, Kind.STEP_COMPLETED, Kind.STEP_FAILED)
        if event.payload["action"] == "step"
    ]


def test_values_flow_from_step_to_step(studio: Studio) -> None:
    agent(
        studio,
        "counter",
        {"say": "three"},
        {"tool": "todo_scan", "save": "found"},
        more="output: {found: any}",
    )
    agent(
        studio,
        "writer",
        {"write": "{{ inputs.path }}", "text": "{{ inputs.words }}\n"},
        more=("inputs: {path: {type: path}, words: {type: text}}"),
    )
    workflow(
        studio,
        """\
inputs: {where: {type: path, default: OUT.md}}
steps:
  - {id: count, agent: counter}
  - id: write
    agent: writer
    depends_on: count
    inputs: {path: "{{ inputs.where }}", words: "{{ steps.count.outputs.answer }}"}
outputs: {said: "{{ steps.count.outputs.answer }}"}
""",
    )
    receipt, events = run(studio, where="docs/OUT.md")
    assert receipt.state is State.COMPLETED, receipt.error
    assert receipt.outputs == {"said": "three"}
    assert [change.path for change in receipt.files] == ["docs/OUT.md"]
    assert studio.repo.git("show", f"{receipt.branch}:docs/OUT.md").strip() == "three"
    assert ended(events) == ["count", "write"]


def test_a_condition_leaves_a_step_and_what_needs_it_out(studio: Studio) -> None:
    agent(studio, "speaker", {"say": "hello"})
    workflow(
        studio,
        """\
steps:
  - {id: first, agent: speaker}
  - {id: never, agent: speaker, depends_on: first, when: "{{ steps.first.outputs.answer == 'no' }}"}
  - {id: behind, agent: speaker, depends_on: never}
  - {id: looks, agent: speaker, depends_on: never, when: "{{ steps.never.status == 'skipped' }}"}
""",
    )
    receipt, events = run(studio)
    assert receipt.state is State.COMPLETED, receipt.error
    assert [event.payload["name"] for event in of_kind(events, Kind.STEP_SKIPPED)] == ["behind"]
    assert ended(events) == ["first", "never", "looks"]


def test_a_failed_step_fails_the_workflow_and_names_what_was_left_out(studio: Studio) -> None:
    agent(studio, "speaker", {"say": "hello"})
    workflow(
        studio,
        """\
steps:
  - {id: broken, tool: read_file, with: {path: nowhere.txt}}
  - {id: next, agent: speaker, depends_on: broken}
""",
    )
    receipt, _ = run(studio)
    assert receipt.state is State.FAILED
    assert receipt.error is not None
    assert "broken" in receipt.error["detail"]
    assert "next" in receipt.error["detail"]


def test_a_fallback_takes_the_place_of_a_failed_step(studio: Studio) -> None:
    agent(studio, "speaker", {"say": "spare words"})
    workflow(
        studio,
        """\
steps:
  - id: broken
    tool: read_file
    with: {path: nowhere.txt}
    on_error: fallback:spare
    outputs: {answer: text}
  - {id: spare, agent: speaker}
  - id: next
    tool: write_file
    depends_on: broken
    with: {path: a.txt, text: "{{ steps.broken.outputs.answer }}"}
permissions: {write: ["**"]}
""",
    )
    receipt, _ = run(studio)
    assert receipt.state is State.COMPLETED, receipt.error
    assert studio.repo.git("show", f"{receipt.branch}:a.txt") == "spare words"


def test_for_each_goes_through_a_list_side_by_side(studio: Studio) -> None:
    workflow(
        studio,
        """\
inputs: {names: {type: "list[text]", default: [a, b, c, d]}}
steps:
  - id: make
    tool: write_file
    for_each: "{{ inputs.names }}"
    max_parallel: 2
    with: {path: "{{ item }}.txt", text: "{{ item }}"}
permissions: {write: ["**"]}
""",
    )
    receipt, events = run(studio)
    assert receipt.state is State.COMPLETED, receipt.error
    assert sorted(change.path for change in receipt.files) == ["a.txt", "b.txt", "c.txt", "d.txt"]
    # Each commit holds what its own step wrote, though all share the work tree.
    for event in of_kind(events, Kind.COMMIT):
        assert len(event.payload["files"]) == 1


def test_a_batch_of_items_is_given_to_each_turn(studio: Studio) -> None:
    workflow(
        studio,
        """\
inputs: {names: {type: "list[text]", default: [a, b, c, d, e]}}
steps:
  - id: make
    tool: write_file
    for_each: "{{ inputs.names }}"
    batch_size: 2
    with: {path: "{{ item | first }}.txt", text: "{{ item | join(' ') }}"}
permissions: {write: ["**"]}
""",
    )
    receipt, _ = run(studio)
    assert receipt.state is State.COMPLETED, receipt.error
    texts = {
        change.path: studio.repo.git("show", f"{receipt.branch}:{change.path}") for change in receipt.files
    }
    assert texts == {"a.txt": "a b", "c.txt": "c d", "e.txt": "e"}


def test_a_step_is_tried_again_as_often_as_it_says(studio: Studio) -> None:
    workflow(
        studio,
        """\
steps:
  - {id: broken, tool: read_file, with: {path: nowhere.txt}, retry: {attempts: 3, delay: 0, jitter: 0}}
""",
    )
    receipt, events = run(studio)
    assert receipt.state is State.FAILED
    assert [event.payload["attempt"] for event in of_kind(events, Kind.RETRIED)] == [1, 2]
    assert receipt.tool_calls == {"read_file": 3}


@pytest.mark.parametrize(("answer", "state"), [("approve", State.COMPLETED), ("reject", State.FAILED)])
def test_an_approval_waits_for_a_person(studio: Studio, answer: str, state: State) -> None:
    agent(studio, "speaker", {"say": "hello"})
    workflow(
        studio,
        """\
steps:
  - {id: gate, approval: "May {{ project.name }} go on?"}
  - {id: next, agent: speaker, depends_on: gate}
""",
    )
    with studio.open() as here, studio.open() as there:
        handle = workflow_runs.start(here, "flow")
        until(lambda: approvals.waiting(there))
        (asked,) = approvals.waiting(there)
        assert asked.question.startswith("May ")
        assert asked.execution.state is State.WAITING
        approvals.answer(there, handle.id, answer, reason="because")
        assert handle.wait().state is state
        assert not approvals.waiting(there)


def test_an_approval_that_nobody_answers_takes_its_default(studio: Studio) -> None:
    workflow(studio, 'steps:\n  - {id: gate, approval: "Go on?", timeout: 0.05, default: reject}\n')
    receipt, events = run(studio)
    assert receipt.state is State.FAILED
    (answered,) = of_kind(events, Kind.ANSWERED)
    assert (answered.payload["answer"], answered.payload["by"]) == ("reject", "timeout")


def test_a_workflow_calls_another_one(studio: Studio) -> None:
    agent(studio, "speaker", {"say": "{{ inputs.word }}!"}, more="inputs: {word: {type: text}}")
    workflow(
        studio,
        """\
inputs: {word: {type: text, required: true}}
steps: [{id: say, agent: speaker, inputs: {word: "{{ inputs.word }}"}}]
outputs: {said: "{{ steps.say.outputs.answer }}"}
""",
        "inner",
    )
    workflow(
        studio,
        """\
steps:
  - {id: one, workflow: inner, inputs: {word: hi}}
  - {id: two, workflow: inner, depends_on: one, inputs: {word: "{{ steps.one.outputs.said }}"}}
outputs: {all: "{{ steps.two.outputs.said }}"}
""",
    )
    receipt, _ = run(studio)
    assert receipt.state is State.COMPLETED, receipt.error
    assert receipt.outputs == {"all": "hi!!"}


def test_an_adaptive_workflow_runs_all_of_its_steps(studio: Studio) -> None:
    steps = "".join(f"  - {{id: s{n}, tool: list_files, with: {{path: '.'}}}}\n" for n in range(45))
    workflow(studio, f"adaptive: true\nconcurrency: 8\nsteps:\n{steps}")
    receipt, events = run(studio)
    assert receipt.state is State.COMPLETED, receipt.error
    assert sorted(ended(events)) == sorted(f"s{n}" for n in range(45))


def test_the_receipt_tells_of_a_step_that_ran_in_anothers_place(studio: Studio) -> None:
    agent(studio, "speaker", {"say": "spare words"})
    workflow(
        studio,
        """\
steps:
  - {id: broken, tool: read_file, with: {path: nowhere.txt}, on_error: "fallback:spare"}
  - {id: spare, agent: speaker}
""",
    )
    receipt, _ = run(studio)
    assert receipt.state is State.COMPLETED, receipt.error
    (words,) = receipt.degraded
    assert words.startswith("spare ran in the place of broken, which failed: ")
    assert "nowhere.txt" in words


def test_the_receipt_tells_of_a_failed_step_that_was_gone_on_without(studio: Studio) -> None:
    agent(studio, "speaker", {"say": "hello"})
    workflow(
        studio,
        """\
steps:
  - {id: broken, tool: read_file, with: {path: nowhere.txt}, on_error: continue}
  - {id: next, agent: speaker, depends_on: broken}
""",
    )
    receipt, events = run(studio)
    assert ended(events) == ["broken", "next"]
    (words,) = receipt.degraded
    assert words.startswith("broken failed, and what needs it went on without it: ")


FAILS_BESIDE_A_QUESTION = """\
permissions: {shell: allow}
steps:
  - {id: gate, approval: "May it go on?"}
  - {id: bad, run: "while [ ! -e %s ]; do sleep 0.01; done; exit 1"}
  - {id: needs, run: "true", depends_on: bad}
  - {id: far, run: "true", depends_on: gate}
"""


@contextmanager
def failing_beside_a_question(studio: Studio, more: str = "") -> Iterator[tuple[Workspace, RunHandle]]:
    """Another process's view of it, and the run, told to fail once it has asked."""
    go = studio.folder / "go"
    workflow(studio, FAILS_BESIDE_A_QUESTION % go + more)
    studio.trust()
    with studio.open() as here, studio.open() as there:
        handle = workflow_runs.start(here, "flow")
        until(lambda: approvals.waiting(there))
        go.touch()
        yield there, handle


def test_a_question_whose_answer_can_change_nothing_is_withdrawn(studio: Studio) -> None:
    with failing_beside_a_question(studio) as (there, handle):
        receipt = handle.wait()
        events = list(handle.events())
        assert not approvals.waiting(there)
    assert receipt.state is State.FAILED
    (answered,) = of_kind(events, Kind.ANSWERED)
    assert (answered.payload["answer"], answered.payload["by"]) == ("withdrawn", "nobody")
    assert "bad failed" in answered.payload["reason"]
    skipped = {event.payload["name"]: event.payload["reason"] for event in of_kind(events, Kind.STEP_SKIPPED)}
    assert skipped == {"needs": "depends on bad, which failed", "far": "not begun, since bad failed"}
    assert receipt.error is not None
    assert receipt.error["title"] == "1 step failed"
    assert receipt.error["detail"].endswith(
        "Not asked any more: gate. Left out, depending on bad: needs. Not begun, since bad failed: far"
    )
    assert f"paracle runs retry {handle.execution.short}" in receipt.error["hint"]


def test_a_question_that_a_step_after_the_failure_waits_for_stays(studio: Studio) -> None:
    more = """\
  - id: tidy
    run: "true"
    depends_on: [bad, gate]
    when: "{{ steps.bad.status == 'failed' }}"
"""
    with failing_beside_a_question(studio, more) as (there, handle):
        until(lambda: any(event.kind is Kind.STEP_SKIPPED for event in there.store.events(handle.id)))
        approvals.answer(there, handle.id, "approve")
        receipt = handle.wait()
        events = list(handle.events())
    assert receipt.state is State.FAILED
    assert ended(events) == ["bad", "gate", "tidy"]


def test_one_of_several_questions_is_answered_by_its_name(studio: Studio) -> None:
    workflow(studio, 'steps: [{id: first, approval: "One?"}, {id: second, approval: "Two?"}]')
    with studio.open() as here, studio.open() as there:
        handle = workflow_runs.start(here, "flow")
        until(lambda: len(approvals.waiting(there)) == 2)
        assert approvals.answer(there, f"{handle.id}:second", "approve").question == "Two?"
        assert [asked.key for asked in approvals.waiting(there)] == ["first"]
        with pytest.raises(Conflict, match="has answered already"):
            approvals.answer(there, f"{handle.id}:second", "approve")
        approvals.answer(there, f"{handle.id}:first", "approve")
        assert handle.wait().state is State.COMPLETED


def test_a_withdrawn_question_is_asked_again_by_a_retry_once_the_cause_is_mended(studio: Studio) -> None:
    with failing_beside_a_question(studio) as (there, handle):
        assert handle.wait().state is State.FAILED
        mended = FAILS_BESIDE_A_QUESTION.replace("exit 1", "exit 0") % (studio.folder / "go")
        workflow(studio, mended)
        studio.trust()
        again = retrying.retry(there, handle.id)
        until(lambda: approvals.waiting(there))
        (asked,) = approvals.waiting(there)
        assert (asked.key, asked.execution.id) == ("gate", again.id)
        approvals.answer(there, again.id, "approve")
        assert again.wait().state is State.COMPLETED
