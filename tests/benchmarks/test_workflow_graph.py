"""How long a workflow of a thousand steps holds up the loop when it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import thread_time

import pytest

from paracle.screens import collector
from paracle.widgets._flow_steps import FlowStep
from paracle.widgets.workflow_graph import WorkflowGraph
from tests.benchmarks.conftest import Figure
from tests.tui.hosting import Host, shown

STEPS = 1_000


def fan() -> Mapping[str, tuple[str, ...]]:
    """One step before all the others, and one after them."""
    middle = tuple(f"part-{number}" for number in range(STEPS - 2))
    return {"plan": (), **dict.fromkeys(middle, ("plan",)), "end": middle}


def woven() -> Mapping[str, tuple[str, ...]]:
    """Levels whose steps wait for many of the level before, and for some of the first one."""
    after: dict[str, tuple[str, ...]] = {}
    for number in range(STEPS):
        level, place = divmod(number, STEPS // 4)
        before = f"part-{(level - 1) * STEPS // 4 + place * 7 % (STEPS // 4)}"
        first = f"part-{place * 11 % (STEPS // 4)}"
        after[f"part-{number}"] = tuple(dict.fromkeys((before, first))) if level else ()
    return after


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("shape", [fan, woven])
async def test_a_graph_of_a_thousand_steps_is_drawn(
    figure: Figure, shape: Callable[[], Mapping[str, tuple[str, ...]]]
) -> None:
    steps = tuple(FlowStep(id, "agent", "worker", after) for id, after in shape().items())
    graph = WorkflowGraph()
    host = Host(graph)
    async with host.run_test(size=(200, 50)) as pilot:
        collector.begin()  # as the workbench does, whose collector this would be
        begun = thread_time()
        graph.steps = steps
        await pilot.pause()
        seconds = thread_time() - begun
        assert steps[0].id in shown(host)
    figure(f"graph of 1,000 steps, {shape.__name__}: processor time", seconds * 1000, "ms", 50)
