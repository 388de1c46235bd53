"""Coroutine functions as hooks, each within its time."""

from __future__ import annotations

import asyncio
import inspect
import types
from collections.abc import Awaitable, Coroutine, Generator
from functools import partial
from typing import Any

from ..domain.errors import ParacleError
from ..domain.words import duration


class HookFailed(ParacleError):
    """A hook could not be asked, took too long, or gave what nobody understands."""

    code = "hook_failed"


def begun(coroutine: Coroutine[Any, Any, Any], seconds: float) -> Any:
    """What a coroutine function gives that waits for nothing; of any other, something to await.

    Most wait for nothing, and a time limit costs more than all the rest of them. Up to its first wait
    nothing could end a coroutine in any case; its seconds begin there.
    """
    try:
        waited = coroutine.send(None)
    except StopIteration as end:
        value = end.value
        return _as_it_is(value) if value is not None and inspect.isawaitable(value) else value
    return in_time(_rest(coroutine, waited), seconds)


async def _as_it_is(value: Any) -> Any:
    """Awaited once by the caller, so that what a hook gives is not awaited itself, with no limit to it."""
    return value


@types.coroutine
def _rest(coroutine: Coroutine[Any, Any, Any], waited: Any) -> Generator[Any, Any, Any]:
    """Go on with a coroutine that waits, in the task that has begun it."""
    while True:
        try:
            answer = yield waited
        except BaseException as error:
            step = partial(coroutine.throw, error)
        else:
            step = partial(coroutine.send, answer)
        try:
            waited = step()
        except StopIteration as end:
            return end.value


async def in_time(answer: Awaitable[Any], seconds: float) -> Any:
    """Await what a hook gives.

    Raises:
        HookFailed: it took too long.
    """
    try:
        async with asyncio.timeout(seconds) as clock:
            return await answer
    except TimeoutError:
        if clock.expired():
            raise HookFailed(f"it took longer than {duration(seconds)}") from None
        raise
