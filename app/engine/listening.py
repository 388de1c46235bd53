"""Hears what other processes ask of the executions here, and the answers that people give anywhere."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from ..domain.errors import ExitCode, ParacleError, StoreError
from ..store.requests import Request, Requests
from ..store.store import Store
from .run import Run
from .steps import describe_error
from .visiting import Visit

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())

LISTEN_SECONDS = 0.02
"""How often it is looked whether anyone has committed anything; a look costs some microseconds."""

ANSWER_AGAIN_SECONDS = 0.1
"""The wait between two attempts to write an answer that the store did not take."""

Act = Callable[[str, str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
Runs = Mapping[str, tuple[Run | Visit, asyncio.Task[Any]]]


class Listener:
    """One task for all executions of an engine, at work while there are any.

    Args:
        runs: those that are driven here, as they come and go.
        act: does what is asked: execution, kind, payload.
    """

    def __init__(self, store: Store, runs: Runs, act: Act) -> None:
        self._store = store
        self._requests = Requests(store)
        self._runs = runs
        self._act = act
        self._listening: asyncio.Task[None] | None = None
        self._acting: dict[int, asyncio.Task[None]] = {}
        self._ending = False

    def begin(self) -> None:
        """Listen, if that is not done already."""
        self._ending = False
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen(), name="requests")

    def end(self) -> list[asyncio.Task[None]]:
        """Listen no more; gives what is still to be waited for.

        An answer that the store does not take is not tried again: nobody acts for its asker any more.
        """
        self._ending = True
        if self._listening is None:
            return []
        self._listening.cancel()
        return [self._listening, *self._acting.values()]

    async def _listen(self) -> None:
        version = -1
        while self._runs:
            try:
                now = await asyncio.to_thread(self._store.version)
                if now != version:
                    await self._look()
                    version = now
            except StoreError as error:
                # A store that cannot be read now may be so again: nobody must become deaf for it.
                log.warning("requests cannot be read: %s", error)
            await asyncio.sleep(LISTEN_SECONDS)

    async def _look(self) -> None:
        for asked in await asyncio.to_thread(self._requests.open_for, tuple(self._runs)):
            if asked.number not in self._acting:
                acting = asyncio.create_task(self._take(asked), name=f"request {asked.number}")
                self._acting[asked.number] = acting
                acting.add_done_callback(partial(self._forget, asked.number))
        for run, _ in tuple(self._runs.values()):
            await run.asking.look()

    def _forget(self, number: int, _: asyncio.Task[None]) -> None:
        del self._acting[number]

    async def _take(self, asked: Request) -> None:
        """Do what is asked, once, and answer, however often that has to be tried.

        Until the answer is on the disk the request counts as open, so this must not end before.
        """
        answer = await self._done(asked)
        has_failed = False
        while True:
            try:
                await self._requests.answer(asked.number, answer)
                return
            except StoreError as error:
                if not has_failed:
                    log.warning("request %s cannot be answered: %s", asked.number, error)
                has_failed = True
            if self._ending:
                return
            await asyncio.sleep(ANSWER_AGAIN_SECONDS)

    async def _done(self, asked: Request) -> Mapping[str, Any]:
        """The answer to a request: what came of it, or why it was not done."""
        try:
            return {"done": dict(await self._act(asked.execution, asked.kind, asked.payload))}
        except ParacleError as error:
            return {"error": error.to_dict(), "exit_code": int(error.exit_code)}
        except Exception as error:
            # A fault of ours: whoever asked must hear of it, and it must not be asked for ever.
            log.error("request %s failed inside Paracle", asked.number, exc_info=error)
            return {"error": describe_error(error), "exit_code": int(ExitCode.FAILED)}
