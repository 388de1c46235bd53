"""Thirty agents, five at a time: how soon each is at work, and what the rest costs beside their own time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from math import ceil
from pathlib import Path
from statistics import median, quantiles

import pytest

from paracle.app.domain.events import Kind
from paracle.app.domain.states import State
from paracle.app.engine.engine import Engine
from paracle.app.engine.request import RunRequest
from paracle.app.services import runs, workflow_runs
from paracle.app.services.workspace import Workspace
from tests.support.studio import Studio, of_kind, says

Figure = Callable[[str, float, str, float], None]

AGENTS, AT_ONCE = 30, 5
SECONDS = 2.0
"""What each agent's model takes for its answer; agents that people use take minutes."""

IDEAL = ceil(AGENTS / AT_ONCE) * SECONDS

FLOW = """\
concurrency: {at_once}
steps:
  - id: each
    agent: speaker
    for_each: {items}
    max_parallel: {at_once}
"""


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "studio")


async def start_all(here: Workspace, model: str) -> tuple[list[float], float]:
    """Run them; gives how long each took to its first model call, and the whole."""
    engine = Engine(here.store, here.project.root, here.state)
    room = asyncio.Semaphore(AT_ONCE)
    agent = here.project.agent("worker")

    async def run() -> float:
        async with room:
            asked = time.time()
            request = RunRequest(agent=agent, inputs={}, model=model, folder=here.project.root)
            started = await engine.start(request)
            receipt = await started.done
        assert receipt.state is State.COMPLETED
        events = runs.telling_events(here, started.execution.id)
        return next(event.time for event in events if event.kind is Kind.STEP_STARTED) - asked

    begun = time.perf_counter()
    spawned = await asyncio.gather(*(run() for _ in range(AGENTS)))
    total = time.perf_counter() - begun
    await engine.close()
    return spawned, total


@pytest.mark.timeout(300)
def test_thirty_executions_side_by_side(figure: Figure, studio: Studio) -> None:
    model = studio.script(says(["Well, ", "done."], chunk_delay=SECONDS))
    with studio.open() as here:
        runs.start(here, "worker", model=studio.script(says(), name="first")).wait()
        spawned, total = asyncio.run(start_all(here, model))
    name = f"{AGENTS} agents, {AT_ONCE} at once, each in a work tree of its own"
    figure(f"{name}: spawn, p95", quantiles(spawned, n=20)[-1] * 1000, "ms", 75)
    figure(f"{name}: spawn, median", median(spawned) * 1000, "ms", 75)
    figure(f"{name}: total, times the ideal", total / IDEAL, "", 1.15)


@pytest.mark.timeout(300)
def test_thirty_agents_of_one_workflow(figure: Figure, studio: Studio) -> None:
    model = studio.script(says(["Well, ", "done."], chunk_delay=SECONDS))
    studio.files.spec("speaker", f"model: {model}")
    flow = FLOW.format(at_once=AT_ONCE, items=list(range(AGENTS)))
    studio.files.write("workflows/flow.yaml", flow)
    with studio.open() as here:
        receipt = workflow_runs.start(here, "flow").wait()
        assert receipt.state is State.COMPLETED, receipt.error
        events = list(runs.telling_events(here, receipt.execution))
    (whole,) = [
        event.payload["seconds"]
        for event in of_kind(events, Kind.STEP_COMPLETED)
        if event.payload["action"] == "step"
    ]
    name = f"a workflow of {AGENTS} agents, {AT_ONCE} at once"
    figure(f"{name}: coordination, share of the ideal", whole / IDEAL - 1, "", 0.05)
