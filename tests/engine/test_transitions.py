"""The life of an execution under several processes: what the table allows happens, all else is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from paracle.app.domain.errors import Conflict
from paracle.app.domain.events import Kind
from paracle.app.domain.states import TRANSITIONS, State
from paracle.app.engine.engine import Engine
from paracle.app.engine.request import RunRequest
from paracle.app.services import approvals, runs, workflow_runs
from paracle.app.services.workspace import Workspace
from paracle.app.store.rows import RecordGrew
from paracle.app.store.store import Store
from tests.support.drafts import draft, queued, started
from tests.support.drivers import Driver, Refused
from tests.support.studio import Studio, commands, of_kind, says, until

GATE = """\
steps:
  - {id: gate, approval: "Go on?"}
  - {id: look, tool: read_file, depends_on: gate, with: {path: README.md}}
"""


class Project:
    """A project with something to run that waits for a person, and something that takes for ever."""

    def __init__(self, folder: Path) -> None:
        self.studio = Studio(folder)
        self.studio.files.write("workflows/gate.yaml", GATE)
        self.slow = self.studio.script(says(["For ", "ever."], chunk_delay=3600))

    def driver(self) -> Driver:
        """Another process that has it open."""
        return Driver(self.studio.repo.folder)

    def start(self, driver: Driver, kind: str) -> str:
        """Have something run, until it waits or is at it."""
        if kind == "gate":
            return str(driver.ask("start", "workflow", "gate", ""))
        return str(driver.ask("start", "agent", "worker", self.slow))

    def open(self) -> Workspace:
        """The project as the test looks at it."""
        return self.studio.open()


def reaches(here: Workspace, execution: str, state: State) -> None:
    """Wait for a state that an execution is bound to come to."""
    until(lambda: here.store.execution(execution).state is state)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "studio")


@pytest.fixture
def here(project: Project) -> Iterator[Workspace]:
    with project.open() as opened:
        yield opened


def brought_to(project: Project, here: Workspace, state: State, driver: Driver) -> str:
    """An execution in a state, driven by a process, or by none where the state has none."""
    kind = "gate" if state in (State.WAITING, State.COMPLETED, State.FAILED) else "slow"
    identifier = project.start(driver, kind)
    reaches(here, identifier, State.WAITING if kind == "gate" else State.RUNNING)
    until(lambda: here.store.execution(identifier).totals.steps)
    match state:
        case State.PAUSED:
            driver.ask("pause", identifier)
        case State.COMPLETED:
            driver.ask("answer", identifier, "approve")
        case State.FAILED:
            driver.ask("answer", identifier, "reject")
        case State.TERMINATED:
            driver.ask("stop", identifier)
        case State.INTERRUPTED:
            driver.kill()
            here.store.interrupt_orphans()
    reaches(here, identifier, state)
    return identifier


ACTS = {"pause": State.PAUSED, "resume": State.RUNNING, "stop": State.TERMINATED, "take_up": State.RUNNING}
ALLOWED = {
    "pause": {State.RUNNING},
    "resume": {State.PAUSED},
    "stop": {State.RUNNING, State.PAUSED, State.WAITING, State.INTERRUPTED},
    "take_up": {State.INTERRUPTED},
}
"""In which states a person can do what."""


@pytest.mark.parametrize("state", [state for state in State if state is not State.QUEUED])
def test_what_a_person_may_do_in_a_state_is_done_and_all_else_is_refused(
    project: Project, here: Workspace, state: State
) -> None:
    other = project.driver()
    for act, target in ACTS.items():
        driver = project.driver()
        identifier = brought_to(project, here, state, driver)
        before = here.store.execution(identifier)
        if state in ALLOWED[act]:
            assert target in TRANSITIONS[state]
            other.ask(act, identifier)
            reaches(here, identifier, target)
        elif act == "stop":
            assert other.ask(act, identifier) == state
        else:
            with pytest.raises(Refused, match=rf"{state.predicate}|{state.word}|not") as refused:
                other.ask(act, identifier)
            assert refused.value.code != "internal"
            assert here.store.execution(identifier) == before
        driver.kill()
        other.ask("look")
    other.kill()


def test_what_was_paused_when_its_process_died_runs_when_it_is_taken_up(
    project: Project, here: Workspace
) -> None:
    driver = project.driver()
    identifier = brought_to(project, here, State.PAUSED, driver)
    driver.kill()
    here.store.interrupt_orphans()
    reaches(here, identifier, State.INTERRUPTED)
    driver = project.driver()
    driver.ask("take_up", identifier)
    reaches(here, identifier, State.RUNNING)
    driver.ask("pause", identifier)
    reaches(here, identifier, State.PAUSED)
    assert driver.ask("resume", identifier) == State.RUNNING
    driver.kill()


def test_two_that_let_it_go_on_at_once_do_no_harm(studio: Studio) -> None:
    async def both(here: Workspace) -> list[BaseException | None]:
        engine = Engine(here.store, here.project.root, here.state)
        request = RunRequest(
            agent=here.project.agent("worker"), inputs={}, model=model, folder=here.project.root
        )
        started = await engine.start(request)
        await asyncio.to_thread(until, lambda: here.store.execution(started.execution.id).totals.steps)
        said = {"by": "ada", "reason": ""}
        await engine.control(started.execution.id, "pause", said)
        resuming = [engine.control(started.execution.id, "resume", said) for _ in range(2)]
        outcomes = await asyncio.gather(*resuming, return_exceptions=True)
        assert (await started.done).state is State.COMPLETED
        await engine.close()
        return [one for one in outcomes if isinstance(one, BaseException)]

    model = studio.script(says(["For ", "a while."], chunk_delay=0.3))
    with studio.open() as here:
        (refused,) = asyncio.run(both(here))
    assert isinstance(refused, Conflict)
    assert "is not paused" in str(refused)


def test_a_question_whose_step_has_ended_is_asked_no_more(studio: Studio) -> None:
    studio.files.spec("asker", "tools: [run_command]\npermissions: {shell: ask}")
    model = studio.script(commands("true"), says())
    studio.files.write(
        "workflows/flow.yaml",
        f"""\
steps:
  - {{id: slow, agent: asker, model: "{model}", timeout: 0.3, on_error: fallback:spare}}
  - {{id: spare, tool: read_file, with: {{path: README.md}}}}
""",
    )
    with studio.open() as here:
        receipt = workflow_runs.start(here, "flow").wait()
        assert receipt.state is State.COMPLETED, receipt.error
        assert approvals.waiting(here) == ()
        events = list(runs.pages(here, here.store.execution(receipt.execution)))
    (answered,) = of_kind(events, Kind.ANSWERED)
    assert answered.payload["answer"] == "withdrawn"


def test_leave_to_do_a_step_again_is_leave_to_do_it_once_more(
    project: Project, here: Workspace, tmp_path: Path
) -> None:
    effects = tmp_path / "effects"
    effects.touch()

    def happened(times: int) -> None:
        until(lambda: len(effects.read_text().splitlines()) == times)

    def crash_and_go_on(driver: Driver, answer: str) -> Driver:
        driver.kill()
        here.store.interrupt_orphans()
        other = project.driver()
        other.ask("take_up", identifier)
        until(lambda: approvals.waiting(here))
        approvals.answer(here, identifier, answer)
        return other

    model = project.studio.script(
        commands("sh", "-c", f"echo once >> {effects}; sleep 20"), says(), name="long"
    )
    driver = project.driver()
    identifier = driver.ask("start", "agent", "worker", model)
    happened(1)
    driver = crash_and_go_on(driver, "again")
    happened(2)
    driver = crash_and_go_on(driver, "leave")
    reaches(here, identifier, State.COMPLETED)
    happened(2)
    driver.kill()


async def test_nobody_goes_on_with_a_record_that_has_grown_since_it_was_read(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        await store.create("aaaa000000", queued())
        seen = store.last_seq("aaaa000000")
        interrupted = draft(Kind.INTERRUPTED, reason="the process ended")
        await store.append("aaaa000000", [started(), interrupted])
        resumed = draft(Kind.RESUMED, by="ada", reason="", after="interrupted")
        with pytest.raises(RecordGrew):
            await store.take_over("aaaa000000", resumed, seen=seen)
        assert (await store.take_over("aaaa000000", resumed, seen=seen + 2)).state is State.RUNNING


class Lives(RuleBasedStateMachine):
    """Three processes on one project, and what each execution is by the table."""

    executions: Bundle[str] = Bundle("executions")

    root: Path

    @initialize()
    def open(self) -> None:
        self.project = Project(Path(mkdtemp(dir=self.root)) / "studio")
        self.here = self.project.open()
        self.drivers = [self.project.driver() for _ in range(3)]
        self.expected: dict[str, State] = {}
        self.asks: dict[str, bool] = {}
        self.owner: dict[str, int] = {}

    who = st.integers(0, 2)

    @rule(target=executions, who=who, kind=st.sampled_from(["gate", "slow"]))
    def start(self, who: int, kind: str) -> str:
        identifier = self.project.start(self.drivers[who], kind)
        self.owner[identifier], self.asks[identifier] = who, kind == "gate"
        self.become(identifier, State.WAITING if kind == "gate" else State.RUNNING)
        return identifier

    @rule(execution=executions, who=who, act=st.sampled_from(["pause", "resume", "stop"]))
    def steer(self, execution: str, who: int, act: str) -> None:
        state = self.expected[execution]
        if state in ALLOWED[act]:
            self.drivers[who].ask(act, execution)
            self.become(execution, ACTS[act])
        elif act == "stop":
            self.drivers[who].ask(act, execution)
        else:
            with pytest.raises(Refused):
                self.drivers[who].ask(act, execution)

    @rule(execution=executions, who=who, word=st.sampled_from(["approve", "reject"]))
    def answer(self, execution: str, who: int, word: str) -> None:
        state = self.expected[execution]
        if not self.asks[execution] or state.is_final:
            with pytest.raises(Refused, match="Nothing waits"):
                self.drivers[who].ask("answer", execution, word)
            return
        self.drivers[who].ask("answer", execution, word)
        self.asks[execution] = False
        self.answered = {**getattr(self, "answered", {}), execution: word}
        if state is State.WAITING:
            self.become(execution, self.end_of(execution))

    def end_of(self, execution: str) -> State:
        return State.COMPLETED if self.answered[execution] == "approve" else State.FAILED

    @rule(execution=executions, who=who)
    def take_up(self, execution: str, who: int) -> None:
        if self.expected[execution] is not State.INTERRUPTED:
            with pytest.raises(Refused, match="not interrupted"):
                self.drivers[who].ask("take_up", execution)
            return
        self.drivers[who].ask("take_up", execution)
        self.owner[execution] = who
        if execution in getattr(self, "answered", {}):
            self.become(execution, self.end_of(execution))
        else:
            self.become(execution, State.WAITING if self.asks[execution] else State.RUNNING)

    @rule(who=who)
    def kill(self, who: int) -> None:
        self.drivers[who].kill()
        self.drivers[who] = self.project.driver()
        self.here.store.interrupt_orphans()
        for execution, state in self.expected.items():
            if self.owner[execution] == who and state.is_live:
                self.become(execution, State.INTERRUPTED)

    def become(self, execution: str, state: State) -> None:
        reaches(self.here, execution, state)
        self.expected[execution] = state

    @invariant()
    def the_row_is_the_state_and_the_events_lead_there(self) -> None:
        for execution, state in getattr(self, "expected", {}).items():
            row = self.here.store.execution(execution)
            assert row.state is state
            events = list(runs.pages(self.here, row))
            assert [event.seq for event in events] == list(range(1, len(events) + 1))

    def teardown(self) -> None:
        for driver in getattr(self, "drivers", ()):
            driver.kill()
        if hasattr(self, "here"):
            assert self.here.store.check() == ()
            self.here.close()


@pytest.mark.timeout(300)
def test_whatever_people_and_crashes_do_an_execution_is_what_the_table_says(tmp_path: Path) -> None:
    class Here(Lives):
        root = tmp_path

    run_state_machine_as_test(Here, settings=settings(max_examples=5, stateful_step_count=15, deadline=None))
