"""``paracle worker``."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import ExitCode
from ..domain.executions import Execution
from ..domain.states import State
from ..domain.words import one_line
from .opening import AsJson, workspace
from .printing import harmless, put, put_json, say, state_mark
from .stopping import Stopping

if TYPE_CHECKING:
    from ..services.jobs import Working

_WAKE_SECONDS = 0.1


def worker(
    ctx: typer.Context,
    slots: Annotated[
        int,
        typer.Option(
            "-n",
            min=1,
            max=100,
            help="So many executions at once, beside those that are paused or wait for you.",
        ),
    ] = 4,
    once: Annotated[
        bool, typer.Option("--once", help="End once nothing is due; without it, stay until ctrl+c.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take executions from the queue and run them, until it is stopped."""
    from ..domain.jobs import Stays
    from ..services import jobs

    told: SimpleQueue[Execution] = SimpleQueue()
    stays = Stays.WHILE_DUE if once else Stays.FOR_GOOD
    with workspace(ctx) as here, Stopping(say) as stopping:
        working = jobs.work(here, slots=slots, stays=stays, tell=told.put)
        stopping.stops(working.stop, working.leave)
        with working, _ctrl_c_waits(working):
            if not as_json:
                say(
                    f"Worker {os.getpid()}: up to {slots} at a time. Ctrl+c takes nothing more and waits,"
                    " a second one stops what runs."
                )
            while not working.is_done(_WAKE_SECONDS):
                _show(told, as_json=as_json)
            _show(told, as_json=as_json)
    if stopping.requested:
        raise typer.Exit(ExitCode.INTERRUPTED)


@contextmanager
def _ctrl_c_waits(working: Working) -> Iterator[None]:
    """Let the first ctrl+c only keep the worker from taking more; what a second one does is as it was."""
    again = signal.getsignal(signal.SIGINT)
    if again is signal.SIG_IGN:
        yield
        return

    def drain(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, again)
        # In a thread: a signal handler interrupts code that may hold any lock.
        threading.Thread(target=_drain, args=(working,), name="paracle-drain", daemon=True).start()

    signal.signal(signal.SIGINT, drain)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, again)


def _drain(working: Working) -> None:
    say("taking nothing more, and waiting for what runs; ctrl+c again stops it")
    working.drain()


def _event(state: State) -> str:
    if state is State.INTERRUPTED:
        return "left"
    return "ended" if state.is_final else "begun"


def _show(told: SimpleQueue[Execution], *, as_json: bool) -> None:
    while True:
        try:
            row = told.get_nowait()
        except Empty:
            return
        if as_json:
            put_json({"event": _event(row.state), "execution": row.to_dict()})
            continue
        has_begun = _event(row.state) == "begun"
        mark = "● begun" if has_begun else state_mark(row.state, sys.stdout)
        words = row.task if has_begun else row.note
        put("  ".join(filter(None, (mark, row.agent, row.short, harmless(one_line(words, 100), sys.stdout)))))
        sys.stdout.flush()
