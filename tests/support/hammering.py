"""Several processes that do to one project whatever can be done, all at once, for a while."""

from __future__ import annotations

import multiprocessing
import random
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.domain.states import State
from paracle.app.git.failures import GitConflict
from paracle.app.services import approvals, control, history, runs, workflow_runs
from paracle.app.services.workspace import Workspace

AT_ONCE = 2
"""Executions that a process has at work side by side."""


@dataclass(slots=True)
class Done:
    """What a process did.

    ``acts`` counts them, ``begun`` are the executions it started, ``answered`` holds its answers by execution
    and key; ``followed`` holds the executions whose events it read as they came, each with how many it got.
    """

    acts: dict[str, int] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    answered: dict[tuple[str, str], str] = field(default_factory=dict)
    followed: dict[str, int] = field(default_factory=dict)


def hammer(folder: Path, script: str, processes: int, seconds: float) -> list[Done]:
    """Let so many processes at a project for so long. What any of them cannot deal with is raised here."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.hammering", "paracle.app.engine.engine", "jinja2"])
    with ProcessPoolExecutor(processes, context) as pool:
        at_work = [pool.submit(_hammer, folder, script, seed, seconds) for seed in range(processes)]
        return [one.result() for one in at_work]


def _hammer(folder: Path, script: str, seed: int, seconds: float) -> Done:
    choice = random.Random(seed)
    with Workspace.open(folder) as here:
        hammering = _Hammering(here, script, choice)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            hammering.do_something()
        return hammering.done


class _Hammering:
    """One of the processes."""

    def __init__(self, here: Workspace, script: str, choice: random.Random) -> None:
        self._here = here
        self._script = script
        self._choice = choice
        self.done = Done()

    def do_something(self) -> None:
        """One act. That it comes too late, or that another process was faster, is no fault."""
        acts = (self.begin, self.answer, self.answer, self.steer, self.list, self.follow, self.clean)
        act = self._choice.choice(acts)
        with suppress(Conflict, NotFound, GitConflict):
            act()
        name = act.__name__
        self.done.acts[name] = self.done.acts.get(name, 0) + 1

    def begin(self) -> None:
        if len(self._here.running) >= AT_ONCE:
            return
        if self._choice.random() < 0.5:
            handle = workflow_runs.start(self._here, "gate")
        else:
            handle = runs.start(self._here, "worker", model=self._script)
        self.done.begun.append(handle.id)

    def answer(self) -> None:
        if waiting := approvals.waiting(self._here):
            asked = self._choice.choice(waiting)
            word = self._choice.choice(asked.options)
            approvals.answer(self._here, asked.id, word)
            self.done.answered[asked.execution.id, asked.key] = word

    def steer(self) -> None:
        live = [row for row in runs.listing(self._here, limit=30) if row.state.is_live]
        if not live:
            return
        row = self._choice.choice(live)
        match row.state:
            case State.PAUSED:
                control.unpause(self._here, row.id)
            case State.RUNNING if self._choice.random() < 0.7:
                control.pause(self._here, row.id)
            case _ if self._choice.random() < 0.2:
                control.stop(self._here, row.id)

    def list(self) -> None:
        runs.listing(self._here, needle="worker")
        history.branches(self._here)

    def follow(self) -> None:
        ended = [row for row in runs.listing(self._here, limit=10) if row.state.is_final]
        if ended:
            row = self._choice.choice(ended)
            self.done.followed[row.id] = sum(len(batch) for batch in runs.follow(self._here, row))

    def clean(self) -> None:
        if self._choice.random() < 0.1:
            history.cleanup(self._here)
