"""Ctrl+C on a run: once stops it cleanly, twice ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

from ..domain.errors import ExitCode, ParacleError
from .processes import kill_children

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_REASONS = {
    signal.SIGINT: "stopped with ctrl+c",
    signal.SIGTERM: "the process was asked to end (SIGTERM)",
    signal.SIGHUP: "the terminal was closed (SIGHUP)",
}


class Stopping:
    """Turns ctrl+c, SIGTERM and SIGHUP into a clean stop of one run, a second one into an immediate end.

    Use as a context manager in the main thread, around the start of the run and the wait for its end.
    A signal that was ignored when the process began (``nohup``, a background job) stays ignored.

    Args:
        note: shows a line to the person; called in a thread of its own.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._stop: Callable[[str], None] | None = None
        self._restore: Callable[[], None] = _nothing
        self._reason = ""
        self._before: dict[signal.Signals, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether the run was asked to stop."""
        return bool(self._reason)

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def stops(self, stop: Callable[[str], None]) -> None:
        """Say how the run is stopped. Done at once where a signal came before."""
        self._stop = stop
        if self._reason:
            self._begin()

    def restores(self, restore: Callable[[], None]) -> None:
        """Say what puts the terminal back as it was, before an immediate end."""
        self._restore = restore

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._reason:
            self._restore()
            _end_at_once()
        self._reason = _REASONS[signal.Signals(number)]
        if self._stop is not None:
            self._begin()

    def _begin(self) -> None:
        # In a thread: a signal handler interrupts code that may hold any lock.
        threading.Thread(target=self._do_stop, name="paracle-stop", daemon=True).start()

    def _do_stop(self) -> None:
        self._note("stopping, and keeping what was done; ctrl+c again ends at once")
        assert self._stop is not None
        with suppress(ParacleError):  # it has ended by itself meanwhile
            self._stop(self._reason)


def _nothing() -> None:
    pass


def _end_at_once() -> None:
    words = "\r\x1b[K" if sys.stderr.isatty() else ""
    words += "ended at once; what was recorded is kept, and the run will show as interrupted\n"
    with suppress(OSError):
        os.write(2, words.encode())
    kill_children()
    os._exit(ExitCode.INTERRUPTED)
