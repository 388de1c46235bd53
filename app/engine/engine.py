"""The engine: owns the executions of this process, their tasks and their cancellation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from ..domain.by_hand import ManualCommand
from ..domain.errors import Conflict, NotFound, ParacleError
from ..domain.events import Draft, Kind
from ..domain.executions import Execution, Receipt
from ..domain.ids import new_execution_id
from ..domain.jobs import Order
from ..domain.states import State
from ..domain.trust import Preparation
from ..git.isolation import Isolation
from ..git.workplaces import Workplace
from ..store.approvals import Approvals
from ..store.jobs import Jobs
from ..store.rows import BranchBusy, RecordGrew
from ..store.store import Store
from .accounts import failed_before_it_began
from .admission import Admitted, admit
from .breakers import Breakers
from .hooks import HookRegistry
from .journal import Journal
from .left_over import left_over
from .listening import Listener
from .opening import open_task
from .origins import past_of
from .past import Past
from .patience import Patience
from .records import interrupted, read_record, receipt_so_far
from .request import AnyRequest, Followed
from .run import Run
from .tasks import Task
from .visiting import Visit

HEARTBEAT = 10.0

T = TypeVar("T")


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
        heartbeat: seconds between two signs of life in git's locks on the worktrees.
        patience: with hosts that do not answer.
        hooks: the functions that the program wants asked or told; the project's own come with each request.
    """

    def __init__(
        self,
        store: Store,
        root: Path,
        state: Path,
        *,
        heartbeat: float = HEARTBEAT,
        patience: Patience | None = None,
        hooks: HookRegistry | None = None,
    ) -> None:
        self._store = store
        self._hooks = hooks or HookRegistry()
        self._jobs = Jobs(store)
        self._isolation = Isolation(root, state)
        self._runs: dict[str, tuple[Run | Visit, asyncio.Task[Any]]] = {}
        self._heartbeat = heartbeat
        self._beating: asyncio.Task[None] | None = None
        self._breakers = Breakers(patience or Patience())
        self._listener = Listener(store, self._runs, self.control)

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the executions that this engine drives now."""
        return tuple(self._runs)

    def is_at_work(self, execution: str) -> bool:
        """Whether an execution is driven here, and neither paused nor waiting for a person."""
        run, _ = self._runs.get(execution, (None, None))
        return run is not None and not run.stands_still

    async def start(self, request: AnyRequest) -> Started:
        """Queue an execution and begin it.

        Returns:
            The row, once its first event is on the disk, and the task in which the work goes on.

        Raises:
            UsageError, ModelError, NotFound: the model or a tool cannot be had. Nothing was started.
            BranchBusy: another execution is at work on the branch to go on with. Nothing was started.
            Vetoed: a hook said no. Nothing was started.
            StoreError: the account cannot be kept. Nothing was started.
        """
        first = new_execution_id()
        admitted = await admit(request, self._hooks, first)
        queued, task, past = await self._prepared(admitted)
        execution = await _with_new_id(lambda identifier: self._store.create(identifier, queued), first)
        await self._tell(execution, admitted)
        return await self._drive(execution, admitted.request, task, past)

    async def queue(self, request: AnyRequest, order: Order) -> tuple[Execution, bool]:
        """Queue an execution for whichever worker takes it; see :meth:`take`.

        Returns:
            The row, and whether it is new: false where ``order`` names a key whose job has not ended.

        Raises:
            UsageError, ModelError, NotFound, BranchBusy, Vetoed, StoreError: as :meth:`start`. Nothing was
                queued.
        """
        first = new_execution_id()
        admitted = await admit(request, self._hooks, first)
        queued, _, _ = await self._prepared(admitted)
        row, is_new = await _with_new_id(lambda identifier: self._jobs.put(identifier, queued, order), first)
        if is_new:
            await self._tell(row, admitted)
        return row, is_new

    async def _tell(self, execution: Execution, admitted: Admitted) -> None:
        if admitted.told:
            await self._store.append(execution.id, admitted.told)

    async def _prepared(self, admitted: Admitted) -> tuple[Draft, Task, Past]:
        """The first event of an execution, what is to be done, and what it takes over."""
        request = admitted.request
        past = await asyncio.to_thread(past_of, self._store, (), request.origin)
        # A long script takes a while to read: other runs go on meanwhile.
        task = await asyncio.to_thread(open_task, request, past, self._breakers)
        await asyncio.to_thread(self._store.prepare_to_write)
        branch = {"branch": request.follows.earlier.branch} if request.follows else {}
        queued = Draft(
            Kind.QUEUED,
            {
                **branch,
                "kind": request.kind,
                "agent": request.name,
                "task": request.task,
                "inputs": dict(request.inputs),
                "model": task.model,
                "config_hash": request.config_hash(),
                "request": request.to_dict(),
                "origin": request.origin.to_dict() if request.origin else None,
                **admitted.marks,
            },
            time.time(),
        )
        return queued, task, past

    async def take(
        self,
        execution: str,
        *,
        by: str,
        prepare: Callable[[], Preparation],
        follows: Followed | None = None,
    ) -> Started:
        """Begin an execution that waits in the queue.

        Args:
            by: the worker, for the account.
            prepare: asked for what the project asks for around the work once the execution is taken. Blocks.
            follows: what there is to go on with, of an execution that waited for another's branch.

        Raises:
            Conflict: it does not wait any more, or its branch is busy. Nothing was taken.
            ParacleError: it cannot begin; it has failed, and its record says why.
            StoreError: the account cannot be kept.
        """
        branch = follows.earlier.branch if follows else ""
        payload = {"worker": by, "branch": branch, "follows": follows.to_dict() if follows else None}
        row = await self._jobs.claim(execution, Draft(Kind.TAKEN, payload, time.time()))
        try:
            request, past = await asyncio.to_thread(read_record, self._store, row)
            request = replace(request, preparation=await asyncio.to_thread(prepare))
            task = await asyncio.to_thread(open_task, request, past, self._breakers)
        except ParacleError as error:
            await self._store.append(row.id, [failed_before_it_began(row, error)])
            raise
        return await self._drive(row, request, task, past)

    async def refuse(self, execution: str, error: ParacleError) -> Execution:
        """End an execution that waits in the queue and can never begin, with the reason.

        Raises:
            NotFound: there is no such execution.
            Conflict: it does not wait any more.
            StoreError: it cannot be written.
        """
        row = await asyncio.to_thread(self._store.execution, execution)
        return await self._jobs.end(execution, failed_before_it_began(row, error))

    async def resume(
        self, execution: str, *, by: str, reason: str = "", preparation: Preparation | None = None
    ) -> Started:
        """Go on with an execution that was interrupted, where its record ends.

        Args:
            preparation: what the project asks for around the work and its user trusts now; the record is
                not asked for it.

        Raises:
            NotFound: there is no such execution.
            Conflict: it is not interrupted, or was recorded by a version that kept too little to go on.
            UsageError, ModelError: a model or a tool that it needs cannot be had.
            StoreError: the account cannot be read or kept.
        """
        while True:
            row, seen = await asyncio.to_thread(interrupted, self._store, execution)
            request, past = await asyncio.to_thread(read_record, self._store, row)
            request = replace(request, preparation=preparation or Preparation())
            task = await asyncio.to_thread(open_task, request, past, self._breakers)
            payload = {"by": by, "reason": reason, "after": str(row.state)}
            # Another process may have taken it up meanwhile, and died again: its steps must be known.
            with suppress(RecordGrew):
                row = await self._store.take_over(
                    row.id, Draft(Kind.RESUMED, payload, time.time()), seen=seen
                )
                return await self._drive(row, request, task, past)

    async def visit(self, execution: str, wanted: ManualCommand) -> None:
        """Run a person's command in the worktree of an execution that was interrupted, and stays so.

        Returns when it is taken over; how the command ended is an event.

        Raises:
            NotFound: there is no such execution.
            Conflict: it is not interrupted, has not begun, or another process has taken it up at this moment.
            StoreError: the account cannot be read or kept. Nothing was begun.
        """
        while True:
            row, seen = await asyncio.to_thread(interrupted, self._store, execution)
            request, past = await asyncio.to_thread(read_record, self._store, row)
            if past.started is None:
                raise Conflict(
                    f"{row.short} was interrupted before it had a worktree",
                    hint=f"'paracle runs resume {row.short}' takes it up",
                )
            payload = {"by": wanted.by, "reason": "for a command", "after": str(row.state)}
            with suppress(RecordGrew):
                row = await self._store.take_over(
                    row.id, Draft(Kind.RESUMED, payload, time.time()), seen=seen
                )
                break
        journal, approvals = Journal(self._store, row.id), Approvals(self._store)
        visit = Visit(
            row, request.name, past, past.started, journal, approvals, self._isolation, request.folder
        )
        await self._begin(row.id, visit, visit.execute(wanted))

    async def give_up(self, execution: str, reason: str) -> Execution:
        """End an execution that nobody drives: one that waits in the queue, or one that was interrupted.

        It ends where it stands; its branch keeps what it did. What its commands have left running is ended.

        Raises:
            NotFound: there is no such execution.
            Conflict: somebody drives it by now, or it has ended.
            StoreError: the account cannot be kept.
        """
        row = await asyncio.to_thread(self._store.execution, execution)
        receipt = await asyncio.to_thread(receipt_so_far, self._store, row)
        ended = Draft(Kind.TERMINATED, {"receipt": receipt.to_dict(), "reason": reason}, time.time())
        left = await left_over(row.id) if row.state is State.INTERRUPTED else None
        if left is None:
            return await self._jobs.end(execution, ended)
        # Only once nobody can take it up: the commands of whoever did would be ended as well.
        told = Draft(Kind.LOG, {"level": "warning", "text": left.words}, time.time())
        given_up = await self._jobs.end(execution, told, ended)
        await left.end()
        return given_up

    async def _drive(self, execution: Execution, request: AnyRequest, task: Task, past: Past) -> Started:
        journal = Journal(self._store, execution.id)
        approvals = Approvals(self._store)
        run = Run(execution, request, task, journal, self._isolation, approvals, past, self._hooks)
        return Started(execution, await self._begin(execution.id, run, run.execute()))

    async def _begin(self, execution: str, run: Run | Visit, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        driving = asyncio.create_task(work, name=f"execution {execution}")
        self._runs[execution] = (run, driving)
        driving.add_done_callback(lambda _: self._runs.pop(execution, None))
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._keep_beating(), name="heartbeat")
        self._listener.begin()
        # A task that is cancelled before its first step never runs, and would leave no account.
        await asyncio.sleep(0)
        return driving

    async def control(self, execution: str, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do something to an execution at work; see :class:`.control.Control`.

        Raises:
            NotFound: this engine does not drive it.
            Conflict, UsageError, StoreError: it was not done.
        """
        if execution not in self._runs:
            raise NotFound(f"Execution '{execution}' is not running here")
        run, _ = self._runs[execution]
        if kind == "stop":
            await self.stop(execution, payload["reason"])
            return {}
        return await run.control.take(kind, payload)

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

    async def leave(self, executions: Iterable[str], reason: str) -> None:
        """Let go of executions: what they do is ended, and they are interrupted, for others to go on with.

        Returns when their account says so. Those that are not driven here are passed over.
        """
        driven = [self._runs[execution] for execution in executions if execution in self._runs]
        for run, task in driven:
            run.leave(reason)
            task.cancel()
        if driven:
            await asyncio.wait({task for _, task in driven})

    async def close(self, reason: str = "the program that ran it was closed") -> None:
        """Stop everything and wait until the account of each is kept."""
        for run, task in tuple(self._runs.values()):
            run.stop_reason = reason
            task.cancel()
        tasks: list[asyncio.Task[Any]] = [task for _, task in self._runs.values()]
        if self._beating is not None:
            self._beating.cancel()
            tasks.append(self._beating)
        tasks += self._listener.end()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_beating(self) -> None:
        """Show in git's locks which executions live, as long as there are any; one task for all of them."""
        while self._runs:
            await asyncio.sleep(self._heartbeat)
            await asyncio.to_thread(self._beat, [run.place for run, _ in self._runs.values() if run.place])

    def _beat(self, places: Sequence[Workplace]) -> None:
        for place in places:
            # Only people read it: a full disk is no reason to end a run.
            with suppress(OSError):
                self._isolation.renew(place)


async def _with_new_id(create: Callable[[str], Awaitable[T]], identifier: str) -> T:
    while True:
        try:
            return await create(identifier)
        except BranchBusy:
            raise
        except Conflict:
            identifier = new_execution_id()  # Fifty random bits met before; draw again.
