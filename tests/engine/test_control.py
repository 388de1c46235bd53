"""Runs are paused, told things, given another model and stopped, from whatever process."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from paracle.app.domain.conversation import Usage
from paracle.app.domain.errors import Conflict, PolicyRefused, UsageError
from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Execution
from paracle.app.domain.states import State
from paracle.app.services import control, runs, trust
from paracle.app.services.runs import RunHandle
from paracle.app.services.workspace import Workspace
from tests.engine.killing import at_work, kill_once, newest_events
from tests.support.studio import Studio, Turn, children, of_kind, says, until, writes

SLOW = says("slow", delay=60)


def varied(length: int = 200) -> list[Turn]:
    """Many short steps of which no two are the same, so that nobody takes them for a loop."""
    return [*(writes(f"{n}.txt", delay=0.02) for n in range(length)), says("end")]


@contextmanager
def elsewhere(studio: Studio, *turns: Turn) -> Iterator[tuple[Workspace, Execution]]:
    """A run of another process, at work on its first steps, and this process's view of it."""
    model = studio.script(*turns)
    with at_work(studio, "run", "worker", "--model", model), studio.open() as here:
        until(lambda: newest_events(here.store) and here.store.executions(1)[0].totals.steps)
        yield here, here.store.executions(1)[0]


def events_of(here: Workspace, row: Execution) -> list[Event]:
    return list(runs.telling_events(here, row.id))


def between(events: list[Event], first: Kind, last: Kind) -> list[Event]:
    begin, end = (next(n for n, one in enumerate(events) if one.kind is kind) for kind in (first, last))
    return events[begin + 1 : end]


def test_nothing_begins_between_a_pause_and_what_ends_it(studio: Studio) -> None:
    with elsewhere(studio, *varied()) as (here, row):
        paused = control.pause(here, row.id, "wait a moment")
        assert (paused.state, paused.note) == (State.PAUSED, "wait a moment")
        begun, steps = time.monotonic(), here.store.execution(row.id).totals.steps
        # As long as ten steps would take.
        until(lambda: time.monotonic() > begun + 0.5)
        assert steps_under_way(events_of(here, row)) == 0
        assert control.unpause(here, row.id).state is State.RUNNING
        until(lambda: here.store.execution(row.id).totals.steps > steps + 10)
        told = between(events_of(here, row), Kind.PAUSED, Kind.RESUMED)
        assert of_kind(told, Kind.STEP_STARTED) == []
        control.stop(here, row.id)


def steps_under_way(events: list[Event]) -> int:
    begun = len(of_kind(events, Kind.STEP_STARTED))
    return begun - len(of_kind(events, Kind.STEP_COMPLETED, Kind.STEP_FAILED))


def test_a_run_of_another_process_is_stopped_within_a_second(studio: Studio) -> None:
    with elsewhere(studio, writes("a.txt"), SLOW) as (here, row):
        until(lambda: here.store.execution(row.id).totals.steps == 3)
        begun = time.monotonic()
        stopped = control.stop(here, row.id, "enough")
        assert time.monotonic() - begun < 1
        assert (stopped.state, stopped.note) == (State.TERMINATED, "enough")
        assert [change.path for change in runs.receipt_of(here, stopped).files] == ["a.txt"]


def test_a_paused_run_can_be_stopped(studio: Studio) -> None:
    with elsewhere(studio, *varied()) as (here, row):
        control.pause(here, row.id)
        assert control.stop(here, row.id).state is State.TERMINATED


def test_what_is_said_is_read_at_the_next_turn_and_by_no_other(studio: Studio) -> None:
    with elsewhere(studio, *varied()) as (here, row):
        control.pause(here, row.id)
        control.say(here, row.id, "use tabs")
        control.say(here, row.id, "and no spaces")
        control.unpause(here, row.id)

        def read() -> list[list[str]]:
            begun = of_kind(events_of(here, row), Kind.STEP_STARTED)
            return [one.payload["arguments"]["said"] for one in begun if "said" in one.payload["arguments"]]

        until(read)
        until(lambda: here.store.execution(row.id).totals.steps > 20)
        assert read() == [["use tabs", "and no spaces"]]
        control.stop(here, row.id)


def test_another_model_goes_on_with_the_conversation_and_has_a_line_of_its_own_in_the_ledger(
    studio: Studio,
) -> None:
    price = {"input_tokens": 10, "output_tokens": 1, "cost_usd": 0.01}
    first = [writes("a.txt", usage=price), writes("b.txt", delay=0.5, usage=price), says("first", delay=60)]
    other = studio.script(
        writes("x.txt"), writes("y.txt"), says("the other's end", usage=price), name="other"
    )
    with elsewhere(studio, *first) as (here, row):
        control.pause(here, row.id)
        begun = time.monotonic()
        switched = control.switch_model(here, row.id, other)
        assert time.monotonic() - begun < 1
        assert switched.model == other
        control.unpause(here, row.id)
        until(lambda: here.store.execution(row.id).state.is_final)
        receipt = runs.receipt_of(here, here.store.execution(row.id))
    assert receipt.model == other
    assert receipt.ledger.keys() == {row.model, other}
    assert sum(receipt.ledger.values(), Usage()) == receipt.usage


def test_a_model_that_cannot_be_had_is_refused_in_the_words_of_the_process_that_runs(studio: Studio) -> None:
    with elsewhere(studio, *varied()) as (here, row):
        with pytest.raises(UsageError, match="nobody"):
            control.switch_model(here, row.id, "nobody:knows-it")
        with pytest.raises(Conflict, match="answers already"):
            control.switch_model(here, row.id, row.model)
        assert here.store.execution(row.id).state is State.RUNNING
        control.stop(here, row.id)


def test_nothing_is_said_to_a_playbook(studio: Studio) -> None:
    with studio.open() as here:
        handle = asking(studio, here)
        with pytest.raises(Conflict, match="runs offline"):
            handle.say("hello")
        handle.stop()


@pytest.mark.parametrize("when", ["paused", "at work"])
def test_a_run_that_is_killed_goes_on_here_with_all_that_was_said(studio: Studio, when: str) -> None:
    model = studio.script(writes("a.txt"), SLOW)
    with studio.open() as here:

        def said_and_paused(events: list[Event]) -> bool:
            if not any(event.payload.get("key") == "turn-2" for event in events):
                return False
            row = here.store.executions(1)[0]
            control.say(here, row.id, "hurry")
            if when == "paused":
                control.pause(here, row.id)
            return True

        kill_once(studio, ["run", "worker", "--model", model], said_and_paused)
    studio.script(writes("a.txt"), says("hurried"), says("read it"))
    with studio.open() as here:
        row = runs.find(here, "last")
        assert row.state is State.INTERRUPTED
        receipt = control.take_up(here, row.id).wait()
        begun = of_kind(events_of(here, row), Kind.STEP_STARTED)
    assert receipt.state is State.COMPLETED
    assert [one.payload["arguments"].get("said") for one in begun if "turn" in one.payload["arguments"]][
        -1
    ] == ["hurry"]
    assert [one.payload["key"] for one in begun].count("turn-1/1") == 1


def asking(studio: Studio, here: Workspace) -> RunHandle:
    """An offline run of this process that waits for leave to run a command."""
    studio.files.spec(
        "asker",
        "tools: [run_command]\npermissions: {shell: ask}\n"
        'playbook: [{tool: run_command, with: {argv: ["true"]}}, {say: done}]',
    )
    handle = runs.start(here, "asker")
    until(lambda: handle.execution.state is State.WAITING)
    return handle


def in_state(studio: Studio, here: Workspace, state: State) -> Execution:
    """An execution in a state, of this process where it lives."""
    match state:
        case State.RUNNING | State.PAUSED | State.TERMINATED:
            handle = studio.start(here, *varied())
            until(lambda: handle.execution.state is State.RUNNING)
            if state is State.PAUSED:
                handle.pause()
            if state is State.TERMINATED:
                handle.stop()
        case State.WAITING:
            handle = asking(studio, here)
        case State.COMPLETED:
            handle = studio.start(here, says())
            handle.wait()
        case State.FAILED:
            handle = studio.start(here, {"error": "broken"})
            handle.wait()
        case _:
            model = studio.script(*varied())
            kill_once(studio, ["run", "worker", "--model", model], lambda events: len(events) > 4)
            with studio.open() as again:
                return runs.find(again, "last")
    return handle.execution


ACTS: dict[str, Callable[[Workspace, str], object]] = {
    "pause": control.pause,
    "resume": control.unpause,
    "take up": control.take_up,
    "stop": control.stop,
    "say": lambda here, wanted: control.say(here, wanted, "hello"),
}
LEGAL = {
    State.RUNNING: {"pause", "stop", "say"},
    State.PAUSED: {"resume", "stop", "say"},
    State.WAITING: {"stop"},
    State.INTERRUPTED: {"take up", "stop"},
    State.COMPLETED: {"stop"},
    State.FAILED: {"stop"},
    State.TERMINATED: {"stop"},
}


@pytest.mark.parametrize("state", LEGAL)
def test_what_a_state_does_not_allow_is_refused_by_its_name_and_changes_nothing(
    studio: Studio, state: State
) -> None:
    with studio.open() as here:
        row = in_state(studio, here, state)
        for name, act in ACTS.items():
            if name not in LEGAL[state]:
                with pytest.raises(Conflict) as error:
                    act(here, row.id)
                assert error.value.hint
                words = str(error.value)
                assert state.word in words or state.predicate in words or "offline" in words
        assert here.store.execution(row.id).state is state


@pytest.mark.parametrize(
    ("state", "name", "after"),
    [
        (State.RUNNING, "pause", State.PAUSED),
        (State.RUNNING, "stop", State.TERMINATED),
        (State.PAUSED, "resume", State.RUNNING),
        (State.PAUSED, "stop", State.TERMINATED),
        (State.WAITING, "stop", State.TERMINATED),
        (State.INTERRUPTED, "take up", State.RUNNING),
        (State.INTERRUPTED, "stop", State.TERMINATED),
        (State.COMPLETED, "stop", State.COMPLETED),
        (State.FAILED, "stop", State.FAILED),
        (State.TERMINATED, "stop", State.TERMINATED),
    ],
)
def test_what_a_state_allows_leads_where_the_table_says(
    studio: Studio, state: State, name: str, after: State
) -> None:
    with studio.open() as here:
        row = in_state(studio, here, state)
        ACTS[name](here, row.id)
        assert here.store.execution(row.id).state is after


def test_what_is_asked_is_done_once_even_where_its_answer_cannot_be_written_at_first(studio: Studio) -> None:
    def said() -> list[str]:
        events = list(runs.telling_events(here, handle.id))
        return [event.payload["text"] for event in of_kind(events, Kind.SAID)]

    with studio.open() as here, studio.open() as other, ThreadPoolExecutor() as threads:
        handle = studio.start(here, SLOW)
        until(lambda: handle.execution.totals.steps)
        with closing(sqlite3.connect(studio.files.parac / ".local" / "engine.db")) as db:
            no_room = "BEGIN SELECT RAISE(ABORT, 'no room'); END"
            db.execute(f"CREATE TRIGGER full BEFORE UPDATE OF answer ON requests {no_room}")
            first = threads.submit(control.say, other, handle.id, "once")
            until(lambda: said() == ["once"])
            # Whatever is committed makes the process look at its open requests again, in their order.
            second = threads.submit(control.say, other, handle.id, "then")
            until(lambda: "then" in said())
            assert not first.done()
            db.execute("DROP TRIGGER full")
        assert first.result().id == second.result().id == handle.id
        assert said() == ["once", "then"]
        handle.stop()


def test_a_run_that_cannot_be_opened_while_it_is_paused_fails_once_it_goes_on(studio: Studio) -> None:
    hold, begun, go = (studio.folder / name for name in ("hold", "begun", "go"))
    wait = f"touch {begun}; while [ ! -e {go} ]; do sleep 0.02; done; exit 1"
    studio.repo.git("config", "filter.slow.smudge", f"if [ -e {hold} ]; then {wait}; else cat; fi")
    studio.repo.git("config", "filter.slow.clean", "cat")
    studio.repo.git("config", "filter.slow.required", "true")
    studio.repo.write(".gitattributes", "*.md filter=slow\n")
    studio.repo.commit("a filter")
    model = studio.script(writes("a.txt"), SLOW)
    kill_once(studio, ["run", "worker", "--model", model], lambda events: bool(of_kind(events, Kind.COMMIT)))
    with studio.open() as here:
        here.store.interrupt_orphans()
        row = runs.find(here, "last")
        shutil.rmtree(Path(row.worktree))
        hold.touch()
        handle = control.take_up(here, row.id)
        until(begun.exists)
        handle.pause("while it is being opened")
        go.touch()
        until(lambda: not children())
        assert handle.execution.state is State.PAUSED
        handle.resume()
        receipt = handle.wait()
    assert receipt.state is State.FAILED
    assert receipt.error is not None
    assert receipt.error["code"] == "git_filter_failed"


def test_the_process_behind_a_run_is_known_from_another(studio: Studio) -> None:
    model = studio.script(*varied())
    with at_work(studio, "run", "worker", "--model", model) as process, studio.open() as here:
        until(lambda: newest_events(here.store))
        row = here.store.executions(1)[0]
        assert control.process_of(here, row) == process.pid
        control.stop(here, row.id)
        process.wait()
        assert control.process_of(here, row) is None


def test_scripts_of_a_record_are_not_run_on_unless_they_are_trusted_as_they_are(studio: Studio) -> None:
    text = """\
permissions: {shell: allow}
steps: [{id: sure, approval: "Go?"}, {id: go, run: "echo one > a.txt", depends_on: sure}]
"""
    studio.files.write("workflows/flow.yaml", text)
    with studio.open() as here:
        trust.accept(here, trust.look(here))
    kill_once(studio, ["workflow", "run", "flow"], lambda events: bool(of_kind(events, Kind.ASKED)))
    with studio.open() as here:
        trust.revoke(here)
        with pytest.raises(PolicyRefused, match="commands"):
            control.take_up(here, "last")
        studio.files.write("workflows/flow.yaml", text.replace("one", "two"))
        trust.accept(here, trust.look(here))
        with pytest.raises(PolicyRefused, match="commands"):
            control.take_up(here, "last")
        assert runs.find(here, "last").state is State.INTERRUPTED
