"""Blocking work that must not go on behind the back of a caller that was stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


async def to_its_end(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """``function``'s outcome, from a thread; a cancellation is held back until the thread is through.

    A thread cannot be stopped: a write that nobody waits for any more would land in a folder that is
    being committed or removed. A second cancellation is not held back.
    """
    task = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
