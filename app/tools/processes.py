"""Starts processes so that none is left behind, however the caller is stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.02
_NO_SIGNAL = 0


async def started(
    starting: Coroutine[Any, Any, Process], end: Callable[[Process], Awaitable[None]]
) -> Process:
    """The process that ``starting`` makes, which need not be known yet when it runs already.

    Args:
        starting: Makes it, with ``start_new_session=True``.
        end: Ends it where the caller is cancelled before it has it.
    """
    task = asyncio.ensure_future(starting)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if task.exception() is None:
            await end(task.result())
        raise


async def killed(process: Process) -> None:
    """Kill the group of a process that :func:`started` gave, unless it has ended, and wait for it.

    Cancelling stops the waiting only: the process is taken care of all the same.
    """
    if process.returncode is None:
        signal_group(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())


def signal_group(group: int, number: int) -> bool:
    """Signal every process of a group. False: there is none left that this user may signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


class Pipe(asyncio.Protocol):
    """A pipe that a process writes to, read as it fills.

    asyncio's own pipes would make ``Process.wait()`` wait, before Python 3.13, for every process that
    inherited them, so that a command with a child in the background would never seem to end.
    """

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._closed = asyncio.Event()
        self._transport: asyncio.ReadTransport | None = None
        self.writing_end = -1

    async def __aenter__(self) -> Pipe:
        reading_end, self.writing_end = os.pipe()
        loop = asyncio.get_running_loop()
        file = os.fdopen(reading_end, "rb", buffering=0)
        try:
            self._transport, _ = await loop.connect_read_pipe(lambda: self, file)
        except BaseException:
            file.close()
            self.close_writing_end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close_writing_end()
        if self._transport is not None:
            self._transport.close()

    def close_writing_end(self) -> None:
        """Leave the writing to the process that got it."""
        if self.writing_end >= 0:
            os.close(self.writing_end)
            self.writing_end = -1

    async def drained(self, seconds: float) -> None:
        """Wait until all is read; at most ``seconds``, since a process out of reach may hold the pipe."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()

    def data_received(self, data: bytes) -> None:
        self._take(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()


class Family:
    """A command and all that it started, found by process group and, on Linux, by a mark.

    A child that left the group (``setsid``, a daemon) still has the mark in its environment.

    Args:
        group: ``None`` where it is not known; the mark is all there is then.
        mark: ``NAME=value``.
    """

    def __init__(self, group: int | None, mark: str) -> None:
        self._group = group
        self._mark = mark.encode()

    def send(self, number: signal.Signals) -> bool:
        """Signal them all. False: none is left."""
        found = self._group is not None and _group_lives(self._group) and signal_group(self._group, number)
        for pid in self.marked():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
                found = True
        return found

    def is_alive(self) -> bool:
        """Whether any of them is left."""
        return (self._group is not None and _group_lives(self._group)) or bool(self.marked())

    async def end(self, grace: float) -> None:
        """Ask them to end, wait up to ``grace`` seconds, kill what is left; killed too on cancellation."""
        if not await asyncio.to_thread(self.is_alive):
            return
        try:
            self.send(signal.SIGTERM)
            await self._gone(grace)
        finally:
            self.send(signal.SIGKILL)
        await self._gone(grace, signal.SIGKILL)

    async def _gone(self, seconds: float, again: signal.Signals | None = None) -> None:
        """Wait for the last of them, up to ``seconds``; ``again`` catches what they start meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and await asyncio.to_thread(self.is_alive):
            if again is not None:
                await asyncio.to_thread(self.send, again)
            await asyncio.sleep(POLL_SECONDS)

    def marked(self) -> list[int]:
        """The ids of those that are found by the mark."""
        if not sys.platform.startswith("linux"):
            return []
        own = os.getpid()
        return [pid for pid in _pids() if pid != own and _carries(pid, self._mark)]


def variable_of(pid: int, name: str) -> str:
    """A variable that a living process was started with; empty where that cannot be told."""
    begins = f"{name}=".encode()
    values = (entry[len(begins) :] for entry in _environment(pid) if entry.startswith(begins))
    return next(values, b"").decode("utf-8", "replace")


def _pids() -> list[int]:
    with os.scandir("/proc") as entries:
        return [int(entry.name) for entry in entries if entry.name.isdecimal()]


def _carries(pid: int, mark: bytes) -> bool:
    """Whether a living process has ``mark`` in its environment. A zombie has no environment left."""
    return mark in _environment(pid)


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _group_lives(group: int) -> bool:
    """Whether the group has a member that is not a zombie (one that only waits for its parent)."""
    if not signal_group(group, _NO_SIGNAL):
        return False
    if not sys.platform.startswith("linux"):
        return True
    return any(_runs_in(pid, group) for pid in _pids())


def _runs_in(pid: int, group: int) -> bool:
    try:
        # pid (name, which may hold anything) state ppid pgrp …
        state, _, pgrp = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[:3]
    except OSError:
        return False
    return int(pgrp) == group and state not in (b"Z", b"X")
