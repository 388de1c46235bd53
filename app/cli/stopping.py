"""Signals to a run: ctrl+c stops it, SIGTERM and a closed terminal leave it, two end all at once."""

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
from ..services.leaving import LEAVING
from .processes import kill_children

_REASONS = {signal.SIGINT: "stopped with ctrl+c", **LEAVING}
_STOPPING = "stopping, and keeping what was done; ctrl+c again ends at once"
_LEAVING = "ending; what runs is interrupted, and can be taken up: paracle runs resume"


class Stopping:
    """Turns ctrl+c into a clean stop of one run, and a second signal into an immediate end.

    SIGTERM and SIGHUP are no decision of a person about the run: it is left, so that it can be taken up,
    where :meth:`stops` is told how.

    Use as a context manager in the main thread, around the start of the run and the wait for its end.
    A signal that was ignored when the process began (``nohup``, a background job) stays ignored.

    Args:
        note: shows a line to the person; called in a thread of its own.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._stop: Callable[[str], None] | None = None
        self._leave: Callable[[str], None] | None = None
        self._restore: Callable[[], None] = _nothing
        self._first: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether a signal has come: the run was asked to stop, or is left."""
        return self._first is not None

    def __enter__(self) -> Self:
        for number in _REASONS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def stops(self, stop: Callable[[str], None], leave: Callable[[str], None] | None = None) -> None:
        """Say how the run is stopped, and how it is left. Done at once where a signal came before.

        Args:
            leave: what SIGTERM and SIGHUP do; without it they stop the run too.
        """
        self._stop, self._leave = stop, leave
        if self._first is not None:
            self._begin()

    def restores(self, restore: Callable[[], None]) -> None:
        """Say what puts the terminal back as it was, before an immediate end."""
        self._restore = restore

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._first is not None:
            if number == signal.SIGHUP:
                return  # A terminal that goes away sends it more than once.
            self._restore()
            _end_at_once()
        self._first = signal.Signals(number)
        if self._stop is not None:
            self._begin()

    def _begin(self) -> None:
        # In a thread: a signal handler interrupts code that may hold any lock.
        threading.Thread(target=self._do_stop, name="paracle-stop", daemon=True).start()

    def _do_stop(self) -> None:
        assert self._stop is not None
        assert self._first is not None
        is_left = self._leave is not None and self._first in LEAVING
        # The terminal may be gone, and whoever reads the output too.
        with suppress(OSError, ValueError):
            self._note(_LEAVING if is_left else _STOPPING)
        end = self._leave if is_left and self._leave is not None else self._stop
        with suppress(ParacleError):  # it has ended by itself meanwhile
            end(_REASONS[self._first])


def _nothing() -> None:
    pass


def _end_at_once() -> None:
    words = "\r\x1b[K" if sys.stderr.isatty() else ""
    words += "ended at once; what was recorded is kept, and the run will show as interrupted\n"
    with suppress(OSError):
        os.write(2, words.encode())
    kill_children()
    os._exit(ExitCode.INTERRUPTED)
