"""Durable steps beside LangGraph's with its SQLite saver in ``durability="sync"``, in turns on the same disk.

Ours are written with ``synchronous=FULL``. Before a step that acts begins, its intent is on the disk and the
results of all before it: more than LangGraph promises, which records no intents and does again whatever was
under way. Steps that only look may be milliseconds ahead of the disk. In a chain that is less than LangGraph
promises, so there both are shown; a fan-out is one superstep, of which it promises nothing before its end, as
we do. LangGraph is installed for this alone, below ``.benchmarks``.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import pytest

from paracle.app.domain.events import Draft, Kind
from paracle.app.domain.ids import new_execution_id
from paracle.app.domain.pacing import Pace
from paracle.app.domain.scheduling import Fate, Node, Schedule
from paracle.app.engine.graph import run_graph
from paracle.app.engine.journal import Journal
from paracle.app.engine.past import StepResult
from paracle.app.engine.steps import Steps
from paracle.app.store.store import Store

Figure = Callable[[str, float, str, float], None]

WANTED = ("langgraph==1.2.22", "langgraph-checkpoint-sqlite==3.1.2")
ROUNDS = 20
BURST = 10
"""Runs in a row, of each in turn: what is measured is how many a second one gets."""

WARM_UP = 10
"""Bursts until the write-ahead log is as long as it gets; LangGraph's is after a tenth of them."""

OUTSIDE = dict(os.environ)
"""As it was before the tests were given a home of their own: it may say where pip finds packages."""

CHAIN = [Node(str(number), (str(number - 1),) if number else ()) for number in range(10)]
FAN = [Node(str(number)) for number in range(100)]


@contextmanager
def langgraph(checkout: Path, folder: Path) -> Iterator[Callable[[str], float]]:
    """A process that runs a burst of graphs of a kind when it is told to; gives the seconds of one."""
    home = checkout / ".benchmarks" / "langgraph"
    python = home / "bin" / "python"
    _install(home, python)
    runs = Path(__file__).with_name("langgraph_runs.py")
    with subprocess.Popen(
        [python, runs, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def run(kind: str) -> float:
            process.stdin.write(f"{kind} {BURST}\n")  # type: ignore[union-attr]
            return float(process.stdout.readline())  # type: ignore[union-attr]

        try:
            yield run
        finally:
            process.stdin.close()


def _install(home: Path, python: Path) -> None:
    ready = home / ".ready"
    if ready.exists() and ready.read_text() == " ".join(WANTED):
        return
    venv.create(home, with_pip=True, clear=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *WANTED],
        env=OUTSIDE,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(f"LangGraph cannot be installed, so there is nothing to compare with:\n{done.stderr}")
    ready.write_text(" ".join(WANTED))


async def burst(store: Store, nodes: Sequence[Node], at_once: int, *, looks: bool) -> float:
    """Runs in a row; gives the seconds of one."""
    return sum([await run_ours(store, nodes, at_once, looks=looks) for _ in range(BURST)]) / BURST


async def run_ours(store: Store, nodes: Sequence[Node], at_once: int, *, looks: bool) -> float:
    """Run a graph of durable steps as an execution of its own; gives the seconds that it took."""
    begun = time.perf_counter()
    identifier = new_execution_id()
    payload = {"agent": "chain", "task": "", "inputs": {}, "model": "offline", "config_hash": "c0ffee"}
    await store.create(identifier, Draft(Kind.QUEUED, payload, time.time()))
    journal = Journal(store, identifier)
    steps = Steps(journal)
    place = {"branch": "", "base_commit": "", "worktree": "", "isolation": "worktree", "repository": ""}
    journal.emit(Kind.STARTED, model="offline", **place)

    async def do(name: str) -> Fate:
        async def work(step: int) -> StepResult:
            return StepResult({"number": step})

        await steps.run("tool", name, {}, work, key=name, idempotent=True, looks=looks)
        return Fate.DONE

    await run_graph(Schedule(nodes), do, Pace(at_once))
    receipt: dict[str, object] = {"files": [], "error": None, "answer": "", "worktree": ""}
    await journal.end(Kind.COMPLETED, receipt=receipt)
    seconds = time.perf_counter() - begun
    assert store.execution(identifier).totals.steps == len(nodes)
    return seconds


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("kind", "nodes", "at_once", "looks", "times"),
    [
        ("chain", CHAIN, 5, False, 3),
        ("chain", CHAIN, 5, True, 3),
        ("fan", FAN, 100, True, 15),
        ("fan", FAN, 100, False, 5),
    ],
    ids=["chain that acts", "chain that looks", "fan-out that looks", "fan-out that acts"],
)
async def test_durable_steps_beside_langgraph(
    figure: Figure,
    checkout: Path,
    tmp_path: Path,
    kind: str,
    nodes: list[Node],
    at_once: int,
    looks: bool,
    times: int,
) -> None:
    ours: list[float] = []
    theirs: list[float] = []
    with Store(tmp_path / "ours") as store, langgraph(checkout, tmp_path) as run_theirs:
        for _ in range(WARM_UP):
            await burst(store, nodes, at_once, looks=looks)
        for _ in range(WARM_UP // 10):
            await asyncio.to_thread(run_theirs, kind)
        for _ in range(ROUNDS):
            ours.append(await burst(store, nodes, at_once, looks=looks))
            theirs.append(await asyncio.to_thread(run_theirs, kind))
        assert store.read("PRAGMA synchronous") == [(2,)]
    name = f"durable {kind} of {len(nodes)} steps that {'look' if looks else 'act'}"
    figure(f"{name}: ours", median(ours) * 1000, "ms", median(theirs) * 1000 / times)
    figure(f"{name}: LangGraph", median(theirs) * 1000, "ms", float("inf"))
    figure(f"{name}: share of LangGraph's time", median(ours) / median(theirs), "", 1 / times)
