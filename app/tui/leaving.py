"""SIGTERM and SIGHUP end the workbench and are no decision about its runs, which are left for others."""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from ..services.leaving import LEAVING
from .app import WorkbenchApp


@contextmanager
def leaving_on_signals(app: WorkbenchApp) -> Iterator[None]:
    """For as long as the workbench is open. A signal that was ignored before stays so.

    A second SIGTERM ends the process at once.
    """
    before: dict[signal.Signals, Any] = {}
    has_come = False

    def take(number: int, frame: FrameType | None) -> None:
        nonlocal has_come
        if has_come:
            return  # A terminal that goes away sends its own more than once.
        has_come = True
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # In a thread: the event loop waits for ever to write to a terminal that is gone.
        arguments = (app, signal.Signals(number))
        threading.Thread(target=_leave, args=arguments, name="paracle-leave", daemon=True).start()

    for number in LEAVING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, take)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(app: WorkbenchApp, number: signal.Signals) -> None:
    code = 128 + number
    try:
        app.workspace.leave(LEAVING[number])
    finally:
        if not _has_terminal():
            # There is nothing to give back.
            os._exit(code)
        with suppress(RuntimeError):  # it has ended meanwhile
            app.call_from_thread(app.exit, return_code=code)


def _has_terminal() -> bool:
    try:
        termios.tcgetattr(sys.__stdin__ or 0)
    except (termios.error, OSError, ValueError):
        return False
    return True
