"""The queue of a project: executions that wait for a worker, and the workers that take them.

Each call here may block, and may be made from any thread that runs no event loop.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..domain.errors import Conflict
from ..domain.executions import Execution
from ..domain.jobs import Job, Order, Stays, WorkerSign, check_priority
from ..domain.states import State
from ..domain.trust import Preparation
from . import runs
from .workspace import Workspace

if TYPE_CHECKING:
    from ..engine.request import AnyRequest, Followed
    from ..engine.worker import Worker
    from ..store.jobs import Jobs

BACKGROUND_SLOTS = 8
"""How many executions a worker that was started by itself runs at a time."""


@dataclass(frozen=True, slots=True)
class Queued:
    """What came of queueing something.

    Attributes:
        execution: The row that waits.
        is_new: False where a job with the same key had not ended; nothing was queued then.
        worker: Who will take it; ``None`` where no worker is alive.
    """

    execution: Execution
    is_new: bool
    worker: WorkerSign | None


def enqueue(workspace: Workspace, request: AnyRequest, order: Order | None = None) -> Queued:
    """Let an execution wait for a worker.

    Args:
        request: from :func:`.runs.request_of` or :func:`.workflow_runs.request_of`.
        order: ``after`` is the full id of an execution, as :func:`after` gives it.

    Raises:
        UsageError, ModelError, NotFound: the model or a tool cannot be had, or the order makes no sense.
        Conflict: another execution is at work on the branch to go on with.
        StoreError: it cannot be written. Nothing was queued.
    """
    order = order or Order()
    check_priority(order.priority)
    engine, thread = workspace.engine()
    row, is_new = thread.call(engine.queue(request, order))
    return Queued(row, is_new, next(iter(workers(workspace)), None))


def after(workspace: Workspace, wanted: str) -> str:
    """The id of the execution that another one is to wait for.

    Raises:
        NotFound: there is no such execution.
        Conflict: it was interrupted, and nobody will take it up by itself.
    """
    row = runs.find(workspace, wanted)
    _refuse_stuck(workspace, row)
    return row.id


def queue_next(
    workspace: Workspace, wanted: str, task: str, *, model: str | None = None, priority: int = 0
) -> Queued:
    """Let the same agent or workflow go on with an execution's branch, with another task, once it has ended.

    Args:
        task: what to do then.
        model: in the place of the one that the execution was asked to use.

    Raises:
        NotFound: there is no such execution, or its agent or workflow is gone.
        Conflict: it can never start: the execution has ended without a branch, or was interrupted and
            nobody will take it up by itself.
        GitError: its branch is gone.
        ProjectError, UsageError, ModelError, NotTrusted, StoreError: as for a run.
    """
    from .following import followed

    row = runs.find(workspace, wanted)
    _refuse_stuck(workspace, row)
    if row.state.is_final:
        followed(workspace, row)
    request = _same(workspace, row, task, model)
    return enqueue(workspace, request, Order(priority=priority, after=row.id, follows=True))


def _same(workspace: Workspace, row: Execution, task: str, model: str | None) -> AnyRequest:
    """What an execution was asked to do, with another task, by the project's files as they are now."""
    from ..engine.request import WorkflowRequest, read_request
    from .workflow_runs import request_of

    (queued,) = workspace.store.events(row.id, limit=1)
    if "request" not in queued.payload:
        raise Conflict(
            f"{row.short} was recorded by an earlier version of Paracle",
            hint=f"start a run of your own on its branch: paracle run {row.agent} --on {row.short}",
        )
    recorded = read_request(queued.payload["request"])
    inputs = {name: value for name, value in recorded.inputs.items() if value is not None} | {"task": task}
    wanted = model or recorded.model
    if isinstance(recorded, WorkflowRequest):
        return request_of(workspace, row.agent, inputs, model=wanted, recorded=not model)
    return runs.request_of(workspace, row.agent, inputs, model=wanted, recorded=not model)


def _refuse_stuck(workspace: Workspace, row: Execution) -> None:
    workspace.store.interrupt_orphans()
    row = workspace.store.execution(row.id)
    if row.state is not State.INTERRUPTED:
        return
    job = _queue(workspace).of(row.id)
    if job is None or not job.may_be_taken_up:
        raise Conflict(
            f"{row.short} was interrupted, and may never end",
            detail="what waits for its end would never start",
            hint=f"first: paracle runs resume {row.short} (or: paracle runs stop {row.short})",
        )


def listing(workspace: Workspace) -> tuple[Job, ...]:
    """The jobs that have not ended, in the order in which they are taken."""
    if not workspace.has_store:
        return ()
    workspace.store.interrupt_orphans()
    return _queue(workspace).all()


def workers(workspace: Workspace) -> tuple[WorkerSign, ...]:
    """The workers that are alive, those that stay before those that end by themselves."""
    if not workspace.has_store:
        return ()
    return tuple(sorted(_queue(workspace).workers(), key=lambda worker: worker.is_background))


def is_waiting(workspace: Workspace, execution: Execution) -> bool:
    """Whether an execution waits in the queue, with nobody who drives it."""
    job = _queue(workspace).of(execution.id)
    return job is not None and job.waits


def cancel(workspace: Workspace, wanted: str, reason: str = "cancelled by the user") -> Execution:
    """End an execution that waits, before it has begun.

    Raises:
        NotFound: there is no such execution.
        Conflict: it does not wait.
        StoreError: it cannot be written.
    """
    row = _waiting(workspace, wanted)
    engine, thread = workspace.engine()
    return thread.call(engine.give_up(row.id, reason))


def move(workspace: Workspace, wanted: str, priority: int) -> Job:
    """Let an execution that waits come earlier or later.

    Raises:
        NotFound, Conflict, StoreError: as :func:`cancel`.
        UsageError: the priority is out of range.
    """
    check_priority(priority)
    row = _waiting(workspace, wanted)
    _, thread = workspace.engine()
    queue = _queue(workspace)
    thread.call(queue.move(row.id, priority))
    job = queue.of(row.id)
    if job is None:
        raise Conflict(f"{row.short} has ended at this moment")
    return job


def _waiting(workspace: Workspace, wanted: str) -> Execution:
    row = runs.find(workspace, wanted)
    if row.state is State.QUEUED and is_waiting(workspace, row):
        return row
    hint = "'paracle jobs list' shows what waits"
    if not row.state.is_final:
        hint = f"to end it: paracle runs stop {row.short}"
    raise Conflict(f"{row.short} does not wait in the queue: it {row.state.predicate}", hint=hint)


class Working:
    """A worker of this process, from :func:`work`. As a context manager it is stopped at the end."""

    def __init__(self, workspace: Workspace, worker: Worker, done: Future[None]) -> None:
        self._workspace = workspace
        self._worker = worker
        self._done = done

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._done.done():
            self.stop("the program that ran it was closed")
            wait((self._done,))

    def is_done(self, seconds: float) -> bool:
        """Wait at most so long for the end; whether it has come.

        Raises:
            StoreError: the queue cannot be read or written. What was taken has ended.
        """
        try:
            self._done.result(seconds)
        except TimeoutError:
            return False
        return True

    def drain(self) -> None:
        """Take nothing more; the end comes once what was taken has ended."""
        _, thread = self._workspace.engine()
        thread.call(self._drain())

    async def _drain(self) -> None:
        self._worker.drain()

    def stop(self, reason: str) -> None:
        """Take nothing more and stop what runs; returns once that has ended."""
        _, thread = self._workspace.engine()
        thread.call(self._worker.stop(reason))

    def leave(self, reason: str) -> None:
        """Take nothing more and let go of what runs, for another worker to go on with."""
        _, thread = self._workspace.engine()
        thread.call(self._worker.leave(reason))


def work(
    workspace: Workspace,
    *,
    slots: int,
    stays: Stays,
    tell: Callable[[Execution], None] = lambda execution: None,
) -> Working:
    """Take jobs in this process, from now until it is stopped or nothing is left.

    Args:
        slots: how many executions at a time.
        stays: when it ends by itself.
        tell: told of each execution that begins here, and of its end; called in another thread.

    Raises:
        StoreError: the queue cannot be written.
    """
    from ..engine.worker import Worker

    engine, thread = workspace.engine()
    beginnings = _Beginnings(workspace)
    worker = Worker(engine, workspace.store, beginnings, slots=slots, stays=stays, tell=tell)
    thread.call(worker.begin())
    return Working(workspace, worker, thread.submit(worker.work()))


@dataclass(frozen=True, slots=True)
class _Beginnings:
    workspace: Workspace

    def follow(self, execution: str) -> Followed:
        from .following import followed

        return followed(self.workspace, self.workspace.store.execution(execution))

    def prepare(self, execution: Execution) -> Preparation:
        from .carried_work import refuse_untrusted_record
        from .trust import preparation

        refuse_untrusted_record(self.workspace, execution)
        return preparation(self.workspace)


def _queue(workspace: Workspace) -> Jobs:
    from ..store.jobs import Jobs

    return Jobs(workspace.store)
