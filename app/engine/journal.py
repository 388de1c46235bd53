"""The account that one execution writes while it runs."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from ..domain.errors import StoreError
from ..domain.events import Draft, Kind
from ..store.store import Store

FLUSH_SECONDS = 0.02
"""The longest that an emitted event waits for company before it is committed."""

AHEAD = 256
"""Events that may be on their way to the disk while steps that only look go on."""

AT_ONCE = 256
"""The most events that are committed in the loop's own thread; so many take it half a millisecond."""

BACKLOG = 4000
"""Emitted events on their way to the disk above which :meth:`Journal.relieve` waits."""


class Journal:
    """Orders and commits the events of one execution.

    The ways in: :meth:`commit` returns when its event, and everything emitted before it, is on the
    disk; :meth:`emit` returns at once and shares the next commit, at most 20 ms later. A step's
    result is emitted and the next step's intent committed, so a chain of steps costs one commit a
    step; :meth:`run_ahead` lets steps that only look share one. Steps that run side by side share theirs
    in the writer's thread; one that is alone commits in the loop's own, where the disk is quick.

    One batch is on its way at a time, and none follows one that could not be written: the account
    may end early, but it has no hole.
    """

    def __init__(self, store: Store, execution: str) -> None:
        self.execution = execution
        self._store = store
        self._pending: list[Draft] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._flying = 0
        self._timer: asyncio.TimerHandle | None = None
        self._failure: Exception | None = None

    def emit(self, kind: Kind, **payload: Any) -> None:
        """Record an event with the next commit; not after a failure, of which the next commit tells."""
        if self._failure is not None:
            return
        self._pending.append(Draft(kind, payload, time.time()))
        self._send_later()

    async def commit(self, kind: Kind, **payload: Any) -> None:
        """Record an event and wait until it, and all before it, is on the disk.

        Raises:
            StoreError: it could not be written, or something emitted earlier could not.
        """
        self._check()
        self._pending.append(Draft(kind, payload, time.time()))
        await self._landed()

    async def commit_alone(self, kind: Kind, **payload: Any) -> None:
        """:meth:`commit` where nothing else of the execution is about to be recorded at this moment, so that
        there is no company to wait for.

        Raises:
            StoreError: as :meth:`commit`.
        """
        self._check()
        self._pending.append(Draft(kind, payload, time.time()))
        may_now = not self._flying and len(self._pending) <= AT_ONCE
        if may_now and self._store.append_now(self.execution, self._pending):
            self._pending = []
        else:
            await self._landed()

    async def run_ahead(self, kind: Kind, **payload: Any) -> None:
        """Record an event on which nothing depends that could be seen, and wait only where more than
        :data:`AHEAD` events are on their way.

        Raises:
            StoreError: something emitted earlier could not be written.
        """
        self._check()
        self._pending.append(Draft(kind, payload, time.time()))
        if len(self._pending) + self._flying > AHEAD:
            await self._landed()
        else:
            self._send_later()

    async def settle(self) -> None:
        """Wait until everything emitted so far is on the disk.

        Raises:
            StoreError: it could not be written.
        """
        self._check()
        if self._pending or self._flying:
            await self._landed()

    async def end(self, kind: Kind, **payload: Any) -> None:
        """Record the last event, even where something before it could not be written.

        Raises:
            StoreError: it could not be written either.
        """
        self._failure = None
        await self.commit_alone(kind, **payload)

    async def relieve(self) -> None:
        """Wait while events come faster than the disk takes them, so that memory stays bounded.

        Raises:
            StoreError: something emitted earlier could not be written.
        """
        self._check()
        if len(self._pending) + self._flying > BACKLOG:
            await self.settle()

    def _send_later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._send_what_waits)

    def _send_what_waits(self) -> None:
        # Not disarmed by a commit, which would cost each of them more than this look costs all.
        self._timer = None
        if self._pending:
            self._send()

    async def _landed(self) -> None:
        loop = asyncio.get_running_loop()
        if not self._waiters:
            # Steps that begin in the same tick of the loop go to the writer as one batch.
            loop.call_soon(self._send)
        landed = loop.create_future()
        self._waiters.append(landed)
        await landed

    def _send(self) -> None:
        if self._flying:
            return  # Sent when that has landed.
        drafts, self._pending = self._pending, []
        waiters, self._waiters = self._waiters, []

        def settle(_: object, error: Exception | None) -> None:
            self._flying = 0
            self._failure = error
            _tell(waiters, error)
            if error is not None:
                # Told to whoever waits now, and to whoever writes next.
                self._pending.clear()
                _tell(self._waiters, error)
                self._waiters = []
            elif self._waiters or (self._pending and self._timer is None):
                self._send()

        if not drafts:
            _tell(waiters, self._failure)
            return
        self._flying = len(drafts)
        try:
            self._store.append_soon(self.execution, drafts, settle)
        except StoreError as error:
            settle(None, error)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure


def _tell(waiters: list[asyncio.Future[None]], error: Exception | None) -> None:
    for waiter in waiters:
        if waiter.done():
            continue  # It was cancelled.
        if error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(error)
