"""Several agents side by side, each in an execution of its own: ``paracle run a b c --parallel``."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..domain.errors import ExitCode, ParacleError
from ..domain.events import Event, Kind, describe
from ..domain.executions import Receipt
from ..domain.ids import shorten
from ..domain.words import duration, one_line
from . import receipts
from .notifying import call_back
from .printing import aligned, harmless, is_terminal, next_step, put, put_json, say
from .progress import TELLING
from .stopping import Stopping

if TYPE_CHECKING:
    from ..services.runs import RunHandle
    from ..services.workspace import Workspace
    from .run import Request

_WAKE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of one of them: a receipt, or why it could not even begin."""

    agent: str
    receipt: Receipt | None = None
    error: ParacleError | None = None

    @property
    def code(self) -> ExitCode:
        """What a command ends with that ran this one alone."""
        if self.receipt is not None:
            return receipts.exit_code(self.receipt)
        return self.error.exit_code if self.error is not None else ExitCode.INTERRUPTED

    def to_dict(self) -> dict[str, Any]:
        """The value as plain data."""
        return {
            "agent": self.agent,
            "receipt": self.receipt.to_dict() if self.receipt else None,
            "error": self.error.to_dict() if self.error else None,
        }


def run_side_by_side(
    requests: Sequence[Request], concurrency: int, *, every_line: bool, as_json: bool
) -> ExitCode:
    """Run agents at once and wait for the end of each; one that fails stops no other, ctrl+c all.

    Args:
        concurrency: at most so many at the same time; the next begins as soon as one ends.
        every_line: each event on a line of its own; with ``as_json`` as data, on stdout.

    Returns:
        The worst of their exit codes.

    Raises:
        NotFound, ProjectError, UsageError: an agent cannot run as it is asked to. Nothing was started.
    """
    from ..services import runs
    from ..services.workspace import Workspace

    lines = Lines([request.agent for request in requests], every_line=every_line, as_json=as_json)
    with Workspace.open(requests[0].folder) as here:
        for request in requests:
            runs.prepare(here, request.agent, request.inputs, request.task)
        with lines, Stopping(lines.note) as stopping:
            crowd = _Crowd(here, lines)
            stopping.stops(crowd.stop, crowd.leave)
            ended = crowd.run(requests, concurrency)
    _tell(ended, as_json=as_json)
    return ExitCode.INTERRUPTED if stopping.requested else max(one.code for one in ended)


class _Crowd:
    """The runs of one command."""

    def __init__(self, here: Workspace, lines: Lines) -> None:
        self._here = here
        self._lines = lines
        self._lock = threading.Lock()
        self._handles: list[RunHandle] = []
        self._ends: list[Callable[[RunHandle], None]] = []

    def run(self, requests: Sequence[Request], concurrency: int) -> list[Ended]:
        """Run all; gives how each ended, in the order of the requests."""
        with ThreadPoolExecutor(concurrency, "paracle-run") as threads:
            futures = [threads.submit(self._one, place, one) for place, one in enumerate(requests)]
            waiting: set[Future[Ended]] = set(futures)
            while waiting:
                # The main thread must wake up for a signal's handler to run.
                _, waiting = wait(waiting, _WAKE_SECONDS, FIRST_COMPLETED)
            return [future.result() for future in futures]

    def stop(self, reason: str) -> None:
        """Stop those at work, and let no other begin."""
        self._end(lambda handle: handle.stop(reason))

    def leave(self, reason: str) -> None:
        """Leave those at work interrupted, and let no other begin."""
        self._end(lambda handle: handle.leave(reason))

    def _end(self, end: Callable[[RunHandle], None]) -> None:
        with self._lock:
            self._ends.append(end)
            handles = tuple(self._handles)
        for handle in handles:
            with suppress(ParacleError):  # it has ended by itself meanwhile
                end(handle)

    def _one(self, place: int, request: Request) -> Ended:
        try:
            if self._ends:
                return Ended(request.agent)
            handle = request.start(self._here)
            with self._lock:
                self._handles.append(handle)
                is_late = bool(self._ends)
            if is_late:
                self._ends[0](handle)
            for event in handle.events():
                self._lines.show(place, event)
            return Ended(request.agent, handle.wait())
        except ParacleError as error:
            self._lines.fail(place, error)
            return Ended(request.agent, error=error)


class Lines:
    """A line a run on stderr: redrawn in place on a terminal, one for each thing that happened elsewhere."""

    def __init__(self, agents: Sequence[str], *, every_line: bool, as_json: bool) -> None:
        self._stream = sys.stderr
        self._data = as_json and every_line
        self._quiet = as_json and (every_line or not is_terminal(self._stream))
        self._every_line = every_line
        self._live = is_terminal(self._stream) and not every_line and not self._quiet
        self._lock = threading.Lock()
        self._names = list(agents)
        self._words = ["○ waiting for its turn"] * len(agents)
        self._begun = time.monotonic()
        self._drawn = 0

    def __enter__(self) -> Self:
        self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._wipe()

    def show(self, place: int, event: Event) -> None:
        """Take in one more event of a run."""
        with self._lock:
            if self._data:
                put_json(event.to_dict())
            if event.kind is Kind.QUEUED:
                self._names[place] += f" {shorten(event.execution)}"
            warns = event.kind is Kind.LOG and event.payload["level"] == "warning"
            if self._every_line or event.kind in TELLING or event.kind is Kind.ASKED or warns:
                self._tell(place, describe(event))
            elif self._live and event.kind is Kind.STEP_STARTED:
                self._words[place] = describe(event)
        if event.kind is Kind.ASKED and not self._quiet:
            self.note(f"◐ {self._names[place]} needs you: paracle approvals list")
            with suppress(OSError, ValueError):
                call_back(event.payload["question"], self._stream)
        self._draw()

    def fail(self, place: int, error: ParacleError) -> None:
        """Say that a run could not begin."""
        with self._lock:
            self._tell(place, f"✗ {one_line(str(error))}")
        self._draw()

    def note(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            self._wipe()
            if not self._quiet:
                say(text)
        self._draw()

    def _tell(self, place: int, words: str) -> None:
        self._words[place] = words
        if not (self._live or self._quiet):
            say(f"{self._names[place]}  {harmless(words, self._stream)}")

    def _draw(self) -> None:
        if not self._live:
            return
        from shutil import get_terminal_size

        from rich.cells import set_cell_size

        with self._lock:
            self._wipe()
            room = get_terminal_size()
            elapsed = duration(round(time.monotonic() - self._begun))
            rows = aligned(
                (name, harmless(words, self._stream))
                for name, words in zip(self._names, self._words, strict=True)
            )
            shown = [*rows[: max(1, room.lines - 2)], f"  {elapsed}"]
            cut = [set_cell_size(row, max(10, room.columns - 1)).rstrip() for row in shown]
            self._write("\n".join(cut) + "\n")
            self._drawn = len(cut)

    def _wipe(self) -> None:
        if self._drawn:
            self._write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._live, self._quiet = False, True  # The terminal has gone away; the runs go on.


def _tell(ended: Sequence[Ended], *, as_json: bool) -> None:
    if as_json:
        put_json({"runs": [one.to_dict() for one in ended]})
        return
    for line in aligned(_row(one) for one in ended):
        put(line)
    next_step("paracle git branches")


def _row(one: Ended) -> tuple[str, ...]:
    if one.receipt is None:
        words = one.error.title if one.error else "stopped before it began"
        return "✗ not started", one.agent, "", "", harmless(one_line(words), sys.stdout)
    receipt = one.receipt
    words = receipt.answer or str((receipt.error or {}).get("title", ""))
    return (
        f"{receipt.state.glyph} {receipt.state.word}",
        one.agent,
        shorten(receipt.execution),
        duration(receipt.seconds),
        harmless(one_line(words, 100), sys.stdout),
    )
