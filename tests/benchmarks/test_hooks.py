"""What hooks cost: chains of ten steps without any, and with functions that do nothing, side by side."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from paracle.app.domain.occasions import Decision
from paracle.app.engine.hooks import HookRegistry, Hooks
from paracle.app.engine.journal import Journal
from paracle.app.engine.past import StepResult
from paracle.app.engine.steps import Steps
from paracle.app.store.store import Store
from tests.benchmarks.conftest import Figure
from tests.support.drafts import queued, started

ROUNDS = 400
LENGTH = 10
ARGUMENTS = {"path": "src/shop/cart.py", "text": "total = 0\n" * 20}


async def nothing(step: int) -> StepResult:
    return StepResult({"lines": 3}, "3 lines")


async def chain(steps: Steps, journal: Journal) -> float:
    """Seconds that ten tool calls take, one after another."""

    async def do(decision: Decision) -> StepResult:
        key = str(steps.count + 1)
        return await steps.run(
            "tool", "write_file", decision.asked, nothing, key=key, idempotent=True, decision=decision
        )

    begun = time.perf_counter()
    for _ in range(LENGTH):
        key = str(steps.count + 1)
        await steps.around("tool", "write_file", ARGUMENTS, do, key=key, agent="worker")
    await journal.settle()
    return time.perf_counter() - begun


def plain(told: Mapping[str, Any]) -> None:
    """A hook that does nothing."""


async def waiting(told: Mapping[str, Any]) -> None:
    """A hook that may wait, and does nothing."""


async def measure(folder: Path, registry: HookRegistry) -> float:
    """How much longer a chain takes with these hooks.

    The median of pairs that took turns at being first. Of two executions the rows of the later one are
    cheaper to add, so each side has both places for half of the rounds.
    """
    store = Store(folder)
    ratios: list[float] = []
    for half, (plain_id, hooked_id) in enumerate(
        [("aaaa000000", "bbbb000000"), ("dddd000000", "cccc000000")]
    ):
        for identifier in (plain_id, hooked_id):
            await store.create(identifier, queued())
            await store.append(identifier, [started()])
        journals = {identifier: Journal(store, identifier) for identifier in (plain_id, hooked_id)}
        hooks = Hooks((), registry, folder, print, execution=hooked_id, agent="worker")
        steps = {plain_id: Steps(journals[plain_id]), hooked_id: Steps(journals[hooked_id], hooks=hooks)}
        for number in range(ROUNDS // 2):
            order = [plain_id, hooked_id] if (number + half) % 2 else [hooked_id, plain_id]
            took = {identifier: await chain(steps[identifier], journals[identifier]) for identifier in order}
            ratios.append(took[hooked_id] / took[plain_id])
    store.close()
    return statistics.median(ratios)


@pytest.mark.parametrize(
    ("name", "call", "limit"),
    [("no hooks", None, 1.02), ("plain functions", plain, 1.05), ("coroutines", waiting, 1.05)],
)
def test_a_chain_of_ten_steps_with_hooks_against_one_without(
    tmp_path: Path, figure: Figure, name: str, call: Any, limit: float
) -> None:
    registry = HookRegistry()
    if call is not None:
        registry.add("tool.before", call)
        registry.add("tool.after", call)
    ratio = asyncio.run(measure(tmp_path / "store", registry))
    figure(f"10 steps with {name} before and after / without", ratio, "x", limit)
