"""The engine: owns the executions of this process, their tasks and their cancellation."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from ..domain.errors import Conflict, NotFound
from ..domain.events import Draft, Kind
from ..domain.executions import Execution, Receipt
from ..domain.ids import new_execution_id
from ..git.isolation import Isolation
from ..models.registry import open_model
from ..store.store import Store
from ..tools.registry import builtin_tools
from .journal import Journal
from .request import RunRequest
from .run import Run


@dataclass(frozen=True, slots=True)
class Started:
    """An execution that has begun. ``done`` gives the receipt, or the StoreError that kept the end
    from being recorded; cancelling it stops the work."""

    execution: Execution
    done: asyncio.Task[Receipt]


class Engine:
    """Runs executions on the event loop it is used from. Headless: nothing here knows a screen.

    Args:
        store: where the account goes; not closed by the engine.
        root: the project's folder.
        state: the folder that holds worktrees, outside the project.
    """

    def __init__(self, store: Store, root: Path, state: Path) -> None:
        self._store = store
        self._isolation = Isolation(root, state)
        self._runs: dict[str, tuple[Run, asyncio.Task[Receipt]]] = {}

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the executions that this engine drives now."""
        return tuple(self._runs)

    async def start(self, request: RunRequest) -> Started:
        """Queue an execution and begin it.

        Returns:
            The row, once its first event is on the disk, and the task in which the work goes on.

        Raises:
            UsageError, ModelError, NotFound: the model or a tool cannot be had. Nothing was started.
            StoreError: the account cannot be kept. Nothing was started.
        """
        spec = request.agent.spec
        # A long script takes a while to read: other runs go on meanwhile.
        model = await asyncio.to_thread(
            open_model, request.model, request.agent, variables=request.variables, folder=request.folder
        )
        tools = builtin_tools(spec.tools)
        await asyncio.to_thread(self._store.prepare_to_write)
        queued = Draft(
            Kind.QUEUED,
            {
                "agent": spec.name,
                "task": request.task,
                "inputs": dict(request.inputs),
                "model": model.name,
                "config_hash": request.agent.config_hash(),
            },
            time.time(),
        )
        execution = await self._create(queued)
        journal = Journal(self._store, execution.id)
        run = Run(execution, request, model, tools, journal, self._isolation)
        task = asyncio.create_task(run.execute(), name=f"execution {execution.id}")
        self._runs[execution.id] = (run, task)
        task.add_done_callback(lambda _: self._runs.pop(execution.id, None))
        # A task that is cancelled before its first step never runs, and would leave no account.
        await asyncio.sleep(0)
        return Started(execution, task)

    async def stop(self, execution: str, reason: str = "stopped by the user") -> None:
        """Stop an execution: nothing further starts, commands under way are ended, the account is kept.

        Returns when all that is done. An execution that has ended stays as it is.

        Raises:
            NotFound: this engine never drove it, or it has ended.
        """
        if execution not in self._runs:
            raise NotFound(f"Execution '{execution}' is not running here")
        run, task = self._runs[execution]
        run.stop_reason = reason
        task.cancel()
        await asyncio.wait({task})

    async def close(self, reason: str = "the program that ran it was closed") -> None:
        """Stop everything and wait until the account of each is kept."""
        for run, task in tuple(self._runs.values()):
            run.stop_reason = reason
            task.cancel()
        tasks = [task for _, task in self._runs.values()]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _create(self, queued: Draft) -> Execution:
        while True:
            try:
                return await self._store.create(new_execution_id(), queued)
            except Conflict:
                continue  # Fifty random bits met before; draw again.
