"""A worker: takes executions from the queue, several at a time, and takes up those whose process has died."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from ..domain.errors import Conflict, ParacleError, StoreError
from ..domain.events import Draft, Kind
from ..domain.executions import Execution
from ..domain.jobs import Job, Stays, hopeful
from ..domain.states import State
from ..domain.trust import Preparation
from ..store.jobs import Jobs
from ..store.rows import BranchBusy
from ..store.store import Store
from .engine import Engine, Started
from .request import Followed

log = logging.getLogger(__name__)

POLL_SECONDS = 0.05
"""How often it is looked whether anyone has committed anything; a look costs some microseconds."""

ORPHANS_SECONDS = 1.0
"""How often it is looked whether other workers are still alive."""


class Beginnings(Protocol):
    """What is decided anew when an execution begins, since its record could say anything. May block."""

    def follow(self, execution: str) -> Followed:
        """What there is to go on with of an execution that has ended.

        Raises:
            ParacleError: nothing can go on with it.
        """

    def prepare(self, execution: Execution) -> Preparation:
        """What the project asks for around the work, as far as its user trusts it.

        Raises:
            ParacleError: the execution may not run.
        """


Tell = Callable[[Execution], None]
"""Told of each execution that begins here, and of its end: the row then says how."""


class Worker:
    """Takes jobs until it is stopped, or until there is nothing left for it.

    What waits for a person, or is paused, gives its slot to the next job meanwhile. Once it may go on it does
    so at once, so that for a while more may be at work than there are slots; no further job is taken then.

    Args:
        engine: runs what is taken.
        slots: how many executions are at work at a time.
        tell: called on the event loop; must not block.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        beginnings: Beginnings,
        *,
        slots: int,
        stays: Stays,
        tell: Tell = lambda execution: None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._jobs = Jobs(store)
        self._beginnings = beginnings
        self._slots = slots
        self._stays = stays
        self._tell = tell
        self._name = f"worker {os.getpid()}"
        self._running: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._draining = False
        self._stop_reason = ""
        self._leave_reason = ""
        self._orphans_at = 0.0

    async def begin(self) -> None:
        """Say that this worker is there; whatever is queued from now on is seen by :meth:`work`.

        Raises:
            StoreError: it cannot be written.
        """
        await self._jobs.register(self._slots, is_background=self._stays is Stays.WHILE_HOPEFUL)

    async def work(self) -> None:
        """Take jobs until the end.

        Raises:
            StoreError: the queue cannot be read or written; what was taken is brought to its end first.
        """
        try:
            while not await self._is_done():
                # From before the look: what happens during it is news.
                self._news.clear()
                seen = await asyncio.to_thread(self._store.version)
                if not await self._has_taken():
                    await self._wait_for_news(seen)
        finally:
            self._draining = True
            while self._running:
                await asyncio.wait(self._running.values())
            await self._jobs.unregister()

    def drain(self) -> None:
        """Take nothing more; :meth:`work` returns once what was taken has ended."""
        self._draining = True
        self._news.set()

    async def stop(self, reason: str) -> None:
        """Take nothing more and stop what runs; returns once that has ended, with its account kept."""
        self.drain()
        self._stop_reason = reason
        await asyncio.gather(*map(self._stop, tuple(self._running)))

    async def leave(self, reason: str) -> None:
        """Take nothing more and let go of what runs, for another worker; returns once that is on record."""
        self.drain()
        self._leave_reason = reason
        await self._engine.leave(tuple(self._running), reason)

    async def _stop(self, execution: str) -> None:
        with suppress(ParacleError):  # it has ended by itself meanwhile
            await self._engine.stop(execution, self._stop_reason)

    async def _is_done(self) -> bool:
        if self._draining:
            return True
        if self._running or self._stays is Stays.FOR_GOOD:
            return False
        if await asyncio.to_thread(self._next) is not None:
            return False
        return self._stays is Stays.WHILE_DUE or await self._is_left_without()

    async def _is_left_without(self) -> bool:
        jobs = await asyncio.to_thread(self._jobs.all)
        return not hopeful(jobs) and await self._jobs.retire()

    def _next(self) -> Job | None:
        return self._jobs.due(time.time())

    @property
    def _is_full(self) -> bool:
        return sum(map(self._engine.is_at_work, self._running)) >= self._slots

    async def _has_taken(self) -> bool:
        """Take the next job, if there is one and room for it; says whether it may be worth looking again."""
        if self._is_full:
            return False
        if time.monotonic() >= self._orphans_at:
            await asyncio.to_thread(self._store.interrupt_orphans)
            self._orphans_at = time.monotonic() + ORPHANS_SECONDS
        job = await asyncio.to_thread(self._next)
        if job is None:
            return False
        row = job.execution
        started = await (self._take(job) if job.waits else self._take_up(job))
        if started is not None:
            self._attend(started)
            # It was stopped, or told to leave, while this one was on its way.
            if self._stop_reason:
                await self._stop(row.id)
            elif self._leave_reason:
                await self._engine.leave((row.id,), self._leave_reason)
        return True

    async def _take(self, job: Job) -> Started | None:
        row = job.execution
        try:
            follows = None
            if job.order.follows:
                follows = await asyncio.to_thread(self._beginnings.follow, job.order.after)
        except ParacleError as error:
            now = await asyncio.to_thread(self._next)
            if now is None or now.execution.id != row.id:
                return None  # Somebody has begun to work on that branch at this moment: it goes on waiting.
            with suppress(Conflict):  # another worker was faster, or it was cancelled
                self._tell(await self._engine.refuse(row.id, error))
            return None
        try:
            return await self._engine.take(
                row.id, by=self._name, prepare=lambda: self._beginnings.prepare(row), follows=follows
            )
        except ParacleError as error:
            left = await asyncio.to_thread(self._store.execution, row.id)
            if isinstance(error, StoreError) and left.state is State.QUEUED:
                raise
            self._pass_over(row, error)
            if left.state is State.FAILED:
                self._tell(left)
            return None

    async def _take_up(self, job: Job) -> Started | None:
        row = job.execution
        try:
            preparation = await asyncio.to_thread(self._beginnings.prepare, row)
            reason = "the process that ran it had ended"
            return await self._engine.resume(row.id, by=self._name, reason=reason, preparation=preparation)
        except BranchBusy:
            return None
        except ParacleError as error:
            now = await asyncio.to_thread(self._store.execution, row.id)
            if now.state is State.INTERRUPTED:
                self._pass_over(row, error)
                words = {"level": "warning", "text": f"{self._name} could not take it up: {error}"}
                await self._store.append(row.id, [Draft(Kind.LOG, words, time.time())])
                await self._jobs.leave(row.id)
            return None
        except Exception:
            # A fault of ours ends this worker; the next one must not die of it for ever.
            await self._jobs.leave(row.id)
            raise

    def _pass_over(self, row: Execution, error: ParacleError) -> None:
        log.info("%s did not begin execution %s: %s", self._name, row.id, error)

    def _attend(self, started: Started) -> None:
        identifier = started.execution.id
        attending = asyncio.create_task(self._until_the_end(started), name=f"job {identifier}")
        self._running[identifier] = attending
        attending.add_done_callback(lambda _: self._forget(identifier))

    def _forget(self, execution: str) -> None:
        del self._running[execution]
        self._news.set()

    async def _until_the_end(self, started: Started) -> None:
        self._tell(started.execution)
        try:
            await started.done
        except ParacleError as error:
            # Its end could not be recorded: it will show as interrupted once this process has ended.
            log.error("execution %s: %s", started.execution.id, error)
            return
        self._tell(await asyncio.to_thread(self._store.execution, started.execution.id))

    async def _wait_for_news(self, seen: int) -> None:
        """Wait until anyone has committed anything, a run here has ended or a delay is over.

        Args:
            seen: the store's version before it was last looked at.
        """
        if self._draining:
            return
        now = time.time()
        later = await asyncio.to_thread(self._jobs.later, now)
        until = time.monotonic() + min(ORPHANS_SECONDS, later - now if later is not None else ORPHANS_SECONDS)
        while not self._news.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._news.wait()
            # A full worker looks at nothing but whether it still is.
            if not self._is_full and (
                time.monotonic() >= until or await asyncio.to_thread(self._store.version) != seen
            ):
                return
