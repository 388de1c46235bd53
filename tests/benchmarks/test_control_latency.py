"""How soon what a person asks for is done by the process that runs the execution, asked from another one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

import pytest

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Execution
from paracle.app.domain.states import State
from paracle.app.services import control, runs
from paracle.app.services.workspace import Workspace
from tests.support.drivers import Driver
from tests.support.studio import Studio, Turn, calls, of_kind, says, until

Figure = Callable[[str, float, str, float], None]

TIMES = 15


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


@contextmanager
def run_elsewhere(studio: Studio, here: Workspace, *turns: Turn) -> Iterator[tuple[Driver, Execution]]:
    """An execution that another process drives, once it is at its third event of a step."""
    driver = Driver(studio.repo.folder)
    identifier = driver.ask("start", "agent", "worker", studio.script(*turns))
    until(lambda: here.store.execution(identifier).totals.steps)
    yield driver, here.store.execution(identifier)
    driver.kill()
    here.store.interrupt_orphans()


def quick_calls() -> list[Turn]:
    """Some hundred calls one after another, each over at once."""
    # Another file each time: the same call again and again is asked about.
    turn = calls(*(("read_file", {"path": "README.md", "start": 1}), ("list_files", {})) * 20)
    other = calls(*(("list_files", {}), ("read_file", {"path": "README.md"})) * 20)
    return [turn, other] * 20


def told(figure: Figure, name: str, seconds: list[float], limit: float) -> None:
    """Record the 95th percentile in milliseconds."""
    figure(f"{name}, p95 of {len(seconds)}", quantiles(seconds, n=20)[-1] * 1000, "ms", limit)
    figure(f"{name}, median", median(seconds) * 1000, "ms", limit)


def events_of(here: Workspace, row: Execution) -> list[Event]:
    return list(runs.pages(here, row))


@pytest.mark.timeout(600)
def test_from_a_pause_to_the_last_step_that_begins(figure: Figure, studio: Studio) -> None:
    taken: list[float] = []
    with studio.open() as here:
        for _ in range(TIMES):
            with run_elsewhere(studio, here, *quick_calls(), says()) as (_, row):
                asked = time.time()
                control.pause(here, row.id)
                until(lambda row=row: here.store.execution(row.id).state is State.PAUSED)  # type: ignore[misc]
                time.sleep(0.1)  # in which a step that slipped through would show
                begun = of_kind(events_of(here, row), Kind.STEP_STARTED)
                taken.append(max(0.0, begun[-1].time - asked))
    told(figure, "pause to the last step that begins", taken, 100)


@pytest.mark.timeout(600)
def test_from_a_stop_to_the_end_of_what_is_under_way(figure: Figure, studio: Studio) -> None:
    halted: list[float] = []
    ended: list[float] = []
    with studio.open() as here:
        for _ in range(TIMES):
            with run_elsewhere(studio, here, says(["For ", "ever."], chunk_delay=600)) as (_, row):
                asked = time.time()
                control.stop(here, row.id)
                ended.append(time.time() - asked)
                (failed,) = of_kind(events_of(here, row), Kind.STEP_FAILED)
                halted.append(failed.time - asked)
    told(figure, "stop to the end of a cooperative step", halted, 100)
    told(figure, "stop to the whole account, work tree put away", ended, 1000)


@pytest.mark.timeout(600)
def test_from_kill_9_to_the_first_new_event(figure: Figure, studio: Studio) -> None:
    first: list[float] = []
    step: list[float] = []
    with studio.open() as here:
        for _ in range(TIMES):
            other = Driver(studio.repo.folder)
            other.ask("look")
            with run_elsewhere(studio, here, says(["For ", "ever."], chunk_delay=600)) as (driver, row):
                last = here.store.last_seq(row.id)
                killed = time.time()
                driver.crash()
                other.ask("look")
                other.ask("take_up", row.id)
                steps = row.totals.steps
                until(lambda row=row, steps=steps: here.store.execution(row.id).totals.steps > steps)  # type: ignore[misc]
                new = here.store.events(row.id, after=last)
                (resumed,) = of_kind(new, Kind.RESUMED)
                first.append(resumed.time - killed)
                step.append(of_kind(new, Kind.STEP_STARTED)[-1].time - killed)
            other.kill()
    told(figure, "kill -9 to the first event of the process that goes on", first, 300)
    told(figure, "kill -9 to the first step that is done again", step, 1000)


@pytest.mark.timeout(600)
def test_from_a_switch_of_the_model_to_its_record(figure: Figure, studio: Studio) -> None:
    taken: list[float] = []
    other = studio.script(says("Another one."), name="other")
    with studio.open() as here:
        for _ in range(TIMES):
            with run_elsewhere(studio, here, says(["For ", "ever."], chunk_delay=600)) as (_, row):
                asked = time.time()
                control.switch_model(here, row.id, other)
                taken.append(time.time() - asked)
                assert here.store.execution(row.id).model == other
    told(figure, "switch of the model, asked to done", taken, 200)


@pytest.mark.timeout(600)
def test_from_an_event_to_a_second_process_that_follows(figure: Figure, studio: Studio) -> None:
    late: list[float] = []
    seen: list[int] = []
    lines = [f"line {number}\n" for number in range(600)]
    with (
        studio.open() as here,
        run_elsewhere(studio, here, says(lines, chunk_delay=0.005), says()) as (_, row),
    ):
        after = here.store.last_seq(row.id)
        # It comes back a dozen times, each time where it left off.
        while len(seen) < 500:
            for batch in islice(here.store.follow(row.id, after=after), 10):
                now = time.time()
                late += [now - event.time for event in batch]
                seen += [event.seq for event in batch]
                after = seen[-1]
        control.stop(here, row.id)
    assert seen == list(range(seen[0], seen[0] + len(seen)))
    told(figure, f"event to a second process, {len(seen)} events without gap or repetition", late, 100)
