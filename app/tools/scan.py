"""Work that would block the event loop or might never end, done in a process that can be killed."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ..domain.errors import ToolError
from .processes import killed, started

MAX_ANSWER_BYTES = 16 * 1024 * 1024

Take = Callable[[dict[str, Any]], bool]


async def scan(worker: str, request: Mapping[str, Any], take: Take, *, seconds: float) -> bool:
    """Give ``request`` to a worker and each of its answers to ``take`` until that says False.

    Args:
        worker: One of :data:`.worker.WORKERS`.
        request: Plain JSON data; ``seconds`` is added to it.
        take: Called with each answer in the order they come; returns whether to go on.
        seconds: The most processor time it may take, should nobody be left to stop it. The caller
            stops it by cancelling, as ``asyncio.timeout`` does.

    Returns:
        Whether the work came to its end; False where a signal ended the worker before, as when the
        interpreter itself crashes.

    Raises:
        ToolError: the worker failed.
    """
    # -P keeps the current folder off the import path; "/" is not the project's either.
    command = [sys.executable, "-P", "-m", f"{__package__}.worker", worker]
    process = await started(
        asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd="/",
            start_new_session=True,
            limit=MAX_ANSWER_BYTES,
        ),
        killed,
    )
    try:
        await _send(process, {**request, "seconds": math.ceil(seconds) + 1})
        return await _take_all(process, take)
    finally:
        await killed(process)


async def _send(process: asyncio.subprocess.Process, request: Mapping[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(request).encode())
    with suppress(BrokenPipeError, ConnectionResetError):
        await process.stdin.drain()
    process.stdin.close()


async def _take_all(process: asyncio.subprocess.Process, take: Take) -> bool:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if not line.endswith(b"\n"):
            break  # The worker died in the middle of it.
        if not take(json.loads(line)):
            return True
        # Lines that are there already come without a pause; others have work to do as well.
        await asyncio.sleep(0)
    code = await process.wait()
    if code > 0:
        raise ToolError(
            "The helper process of the tool failed",
            detail=f"exit code {code}",
            hint=f"check that {sys.executable} can still import {__package__}",
        )
    return code == 0


def too_slow(what: str, seconds: float, hint: str) -> ToolError:
    """The error for work that was stopped after ``seconds``."""
    return ToolError(f"{what} was stopped after {seconds:g} s", hint=hint)
