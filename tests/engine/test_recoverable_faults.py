"""A thousand faults of models, none of them for good: the runs end well, and each effect happens once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from paracle.app.domain.errors import ModelError
from paracle.app.domain.events import Event, Kind, describe
from paracle.app.domain.executions import Receipt
from paracle.app.domain.states import State
from paracle.app.engine.engine import Engine
from paracle.app.engine.patience import Patience
from paracle.app.engine.request import RunRequest
from paracle.app.services.workspace import Workspace
from tests.support.studio import Studio, Turn, commands, of_kind, says, until, writes

QUICK = Patience(first_wait=0.001, longest_wait=0.03, silence=0.1, cool=0.02)
FAULTS = 1000
AT_ONCE = 8
IN_A_ROW = 4
"""Faults before one answer; a model is asked again five times."""


def fault(choice: random.Random) -> Turn:
    """One of the five kinds; two of them after some words, which are not part of any answer then."""
    match choice.choice(("timeout", "rate_limit", "server_error", "malformed", "dropped")):
        case "rate_limit":
            return {"rate_limit": {"retry_after": choice.choice((0, 0.002))}}
        case "malformed":
            return {"malformed": '{"tool": "run_command", "argv": ['}
        case "dropped":
            return {"text": ["I shall ", "now"], "fault": "dropped"}
        case kind:
            return {"fault": kind}


def session(choice: random.Random, name: str, effects: Path) -> Iterator[Turn]:
    """Four turns with an effect and the answer, each with its faults before."""
    for number in range(4):
        yield from faults_before(choice)
        yield commands("sh", "-c", f"echo {name}-{number} >> {effects}")
    yield from faults_before(choice)
    yield writes(f"{name}.txt")
    yield from faults_before(choice)
    yield says("Done.")


def faults_before(choice: random.Random) -> list[Turn]:
    """Some faults in a row; two answers without sense at the most, as a third ends the run."""
    found: list[Turn] = []
    for _ in range(choice.randint(2, IN_A_ROW)):
        new = fault(choice)
        if "malformed" in new and sum("malformed" in one for one in found) == 2:
            new = {"fault": "dropped"}
        found.append(new)
    return found


async def run_all(
    here: Workspace, models: list[str], patience: Patience
) -> list[tuple[Receipt, list[Event]]]:
    """Run the worker once with each model, some side by side."""
    engine = Engine(here.store, here.project.root, here.state, patience=patience)
    room = asyncio.Semaphore(AT_ONCE)
    agent = here.project.agent("worker")

    async def run(model: str) -> tuple[Receipt, list[Event]]:
        async with room:
            request = RunRequest(agent=agent, inputs={}, model=model, folder=here.project.root)
            started = await engine.start(request)
            receipt = await started.done
        return receipt, list(here.store.events(started.execution.id))

    ended = await asyncio.gather(*map(run, models))
    await engine.close()
    return ended


def test_a_thousand_faults_pass(studio: Studio, tmp_path: Path) -> None:
    choice = random.Random(20261122)
    effects = tmp_path / "effects"
    scripts: dict[str, list[Turn]] = {}
    made = 0
    while made < FAULTS:
        name = f"run-{len(scripts)}"
        scripts[name] = list(session(choice, name, effects))
        made += len(scripts[name]) - 6
    models = [studio.script(*turns, name=name) for name, turns in scripts.items()]
    with studio.open() as here:
        ended = asyncio.run(run_all(here, models, QUICK))
    done = [receipt for receipt, _ in ended if receipt.state is State.COMPLETED]
    assert len(done) >= 0.99 * len(ended), [receipt.error for receipt, _ in ended if receipt.error]
    assert {receipt.answer for receipt in done} == {"Done."}
    assert set(Counter(effects.read_text().split()).values()) == {1}
    met = [event for _, events in ended for event in of_kind(events, Kind.RETRIED)]
    spoiled = [
        event
        for _, events in ended
        for event in of_kind(events, Kind.LOG)
        if "unreadable" in event.payload["text"]
    ]
    assert len(met) + len(spoiled) >= 0.99 * FAULTS
    told = " ".join(event.payload["error"]["title"] for event in met)
    for words in ("no sign", "ask again later", "The server fails", "The connection was lost"):
        assert words in told


def test_a_model_that_never_answers_fails_the_run_in_words(studio: Studio) -> None:
    model = studio.script(*[{"fault": "server_error"}] * 6, says())
    with studio.open() as here:
        ((receipt, events),) = asyncio.run(run_all(here, [model], QUICK))
    assert receipt.state is State.FAILED
    assert receipt.error is not None
    assert receipt.error["code"] in (ModelError.code, "circuit_open")
    assert len(of_kind(events, Kind.RETRIED)) == QUICK.attempts


def test_another_model_takes_over_from_one_that_does_not_answer(studio: Studio) -> None:
    spare = studio.script(says("Here I am."), name="spare")
    studio.worker(extra=f"fallback_models: ['{spare}']")
    model = studio.script(*[{"fault": "dropped"}] * 6, says())
    with studio.open() as here:
        ((receipt, _),) = asyncio.run(run_all(here, [model], QUICK))
    assert (receipt.state, receipt.answer) == (State.COMPLETED, "Here I am.")
    assert len(receipt.degraded) == 1


@pytest.mark.parametrize("kind", ["timeout", "server_error", "dropped"])
def test_what_was_said_before_a_fault_is_no_part_of_the_answer(studio: Studio, kind: str) -> None:
    model = studio.script({"text": "I shall ", "fault": kind}, says("Done."))
    with studio.open() as here:
        ((receipt, _),) = asyncio.run(run_all(here, [model], QUICK))
    assert (receipt.state, receipt.answer) == (State.COMPLETED, "Done.")


def hosts(events: list[Event]) -> list[str]:
    return [event.payload["state"] for event in of_kind(events, Kind.BREAKER)]


def test_a_host_that_is_left_alone_is_tried_once_and_may_answer_again(studio: Studio) -> None:
    patience = replace(QUICK, failures=2, longest_wait=1.0)
    model = studio.script(*[{"fault": "server_error"}] * 2, says("Done."))
    with studio.open() as here:
        ((receipt, events),) = asyncio.run(run_all(here, [model], patience))
    assert (receipt.state, receipt.answer) == (State.COMPLETED, "Done.")
    assert hosts(events) == ["open", "half-open", "closed"]
    words = [describe(event) for event in of_kind(events, Kind.BREAKER)]
    assert words[0].endswith("left alone for 0.02 s (breaker open)")
    assert words[1].endswith("tried once (breaker half-open)")


def test_nobody_waits_for_a_host_that_is_left_alone_while_another_model_can_answer(studio: Studio) -> None:
    patience = replace(QUICK, failures=2, cool=3600.0, longest_wait=7200.0)
    spare = studio.script(says("Here I am."), name="spare")
    studio.worker(extra=f"fallback_models: ['{spare}']")
    model = studio.script(*[{"fault": "dropped"}] * 6, says())
    with studio.open() as here:
        ((receipt, events),) = asyncio.run(run_all(here, [model], patience))
        assert receipt.answer == "Here I am."
        assert [event.payload["wait"] < 1 for event in of_kind(events, Kind.RETRIED)] == [True]
        assert hosts(events) == ["open"]


@pytest.mark.parametrize("together", [1, 3])
def test_runs_alone_and_together_wait_once_for_a_host_that_is_left_alone(
    studio: Studio, together: int
) -> None:
    patience = replace(QUICK, failures=2, longest_wait=1.0)
    model = studio.script(*[{"fault": "server_error"}] * 9, says())
    with studio.open() as here:
        ended = asyncio.run(run_all(here, [model] * together, patience))
    assert {receipt.state for receipt, _ in ended} == {State.FAILED}
    for _, events in ended:
        waits = [event.payload["wait"] for event in of_kind(events, Kind.RETRIED)]
        assert len([wait for wait in waits if wait > 0.015]) <= 1
        assert len(waits) <= 2


def test_the_list_says_that_a_host_is_left_alone(studio: Studio) -> None:
    patience = replace(QUICK, failures=1, cool=3600.0, longest_wait=7200.0)
    model = studio.script({"fault": "server_error"}, says())

    async def watch(here: Workspace) -> str:
        engine = Engine(here.store, here.project.root, here.state, patience=patience)
        agent = here.project.agent("worker")
        request = RunRequest(agent=agent, inputs={}, model=model, folder=here.project.root)
        started = await engine.start(request)
        identifier = started.execution.id
        await asyncio.to_thread(until, lambda: "breaker" in here.store.execution(identifier).note)
        note = here.store.execution(identifier).note
        await engine.close()
        return note

    with studio.open() as here:
        assert asyncio.run(watch(here)).endswith("left alone for 1 h 00 m (breaker open)")
