"""What a person sees while a run works: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import suppress
from shlex import quote
from types import TracebackType
from typing import Self, TextIO

from ..domain.events import Event, Kind, brief_arguments, describe
from ..domain.ids import shorten
from ..domain.words import count, duration, one_line, usd
from .notifying import call_back
from .printing import harmless, is_terminal, paint

_TICK = 0.1
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
TELLING = frozenset(
    {
        Kind.STARTED,
        Kind.STEP_COMPLETED,
        Kind.STEP_FAILED,
        Kind.STEP_SKIPPED,
        Kind.RETRIED,
        Kind.BREAKER,
        Kind.COMMIT,
        Kind.PAUSED,
        Kind.RESUMED,
        Kind.ANSWERED,
        Kind.MODEL,
        Kind.SAID,
        Kind.COMMAND,
        Kind.RAN,
    }
)
"""What is worth a line where nothing can be overwritten: what has happened, not what begins."""


class Progress:
    """Shows the events of one run on stderr. Use as a context manager, feed with :meth:`show`.

    A terminal that goes away (its window was closed) is no reason to lose a run: writing then stops.

    Args:
        every_line: print each event on a line of its own, text and log lines too, also on a terminal.
        quiet: print nothing at all.
    """

    def __init__(
        self,
        label: str,
        *,
        every_line: bool = False,
        quiet: bool = False,
        stream: TextIO | None = None,
    ) -> None:
        self._label = label
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._every_line = every_line
        self._live = is_terminal(self._stream) and not quiet and not every_line
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._begun = time.monotonic()
        self._step = "starting"
        self._graph: dict[int, str] = {}
        self._steps = self._tokens = self._cost = 0
        self._ticker = threading.Thread(target=self._tick, name="paracle-progress", daemon=True)

    def __enter__(self) -> Self:
        if self._live:
            self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._live:
            self._ticker.join()
            with self._lock:
                self._write("\r\x1b[K")

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is printed."""
        return self._quiet

    def show(self, event: Event) -> None:
        """Take in one more event."""
        if self._quiet:
            return
        if event.kind is Kind.ASKED:
            self._call(event)
            return
        with self._lock:
            warns = event.kind is Kind.LOG and event.payload["level"] == "warning"
            warns = warns or event.kind is Kind.BREAKER
            if self._live:
                self._take(event)
            if self._every_line or warns or (event.kind in TELLING and not self._live):
                self._put(harmless(describe(event), self._stream))

    def _call(self, event: Event) -> None:
        """Say that a person is needed, and how to answer."""
        question, detail = one_line(event.payload["question"]), one_line(event.payload["detail"])
        words = harmless(f"◐ needs you: {question}", self._stream)
        lines = [words, f"  {harmless(detail, self._stream)}"] if detail else [words]
        options = event.payload["options"]
        # Named by its key: others of the same run may wait as well.
        wanted = quote(f"{shorten(event.execution)}:{event.payload['approval']}")
        how = f"approve {wanted}"
        if options[0] != "approve":
            how = f"answer {wanted} {'|'.join(map(quote, options))}"
        self.note("\n".join([*lines, f"  paracle approvals {how}"]))
        with self._lock, suppress(OSError, ValueError):
            call_back(question, self._stream)

    def note(self, text: str) -> None:
        """A line that stays."""
        with self._lock:
            self._put(text)

    def _put(self, line: str) -> None:
        self._write(f"\r\x1b[K{line}\n" if self._live else f"{line}\n")

    def _take(self, event: Event) -> None:
        payload = event.payload
        if event.kind is Kind.QUEUED:
            self._label = f"{payload['agent']} {shorten(event.execution)}"
        elif event.kind is Kind.STARTED:
            self._step = "started"
        elif event.kind is Kind.STEP_STARTED and payload["action"] == "step":
            self._graph[payload["step"]] = payload["name"]
        elif event.kind in (Kind.STEP_COMPLETED, Kind.STEP_FAILED) and payload["action"] == "step":
            self._graph.pop(payload["step"], None)
        elif event.kind is Kind.STEP_STARTED:
            self._steps += 1
            asking = payload["action"] == "model"
            words = (
                f"turn {payload['arguments']['turn']}" if asking else brief_arguments(payload["arguments"])
            )
            self._step = f"{payload['name']} {words}"
        elif event.kind is Kind.STEP_COMPLETED and payload["usage"]:
            self._tokens += payload["usage"]["input_tokens"] + payload["usage"]["output_tokens"]
            self._cost += payload["usage"]["cost_micro"]
        elif event.kind in (Kind.RETRIED, Kind.BREAKER, Kind.PAUSED, Kind.RESUMED):
            self._step = describe(event)

    def _tick(self) -> None:
        turn = 0
        while not self._ended.wait(_TICK):
            turn += 1
            with self._lock:
                self._write(f"\r{self._line(turn)}\x1b[K")

    def _line(self, turn: int) -> str:
        from shutil import get_terminal_size

        from rich.cells import set_cell_size

        figures = [duration(round(time.monotonic() - self._begun)), f"{self._steps:,} steps"]
        if self._tokens:
            figures += [f"{count(self._tokens)} tok", usd(self._cost)]
        # Of a workflow first its own steps, then what is done for one of them.
        now = "  ".join(filter(None, (", ".join(self._graph.values()), self._step)))
        words = f"{self._label}  {' · '.join(figures)}  {harmless(now, self._stream)}"
        room = max(10, get_terminal_size().columns - 3)
        cut = set_cell_size(words, room).rstrip()
        return f"{paint(_FRAMES[turn % len(_FRAMES)], self._stream, 'cyan')} {cut}"

    def _write(self, text: str) -> None:
        if self._quiet:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._quiet = True
            with suppress(OSError, ValueError):
                self._stream.flush()
