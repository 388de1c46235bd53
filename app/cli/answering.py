"""Questions of a run, answered with one key at the terminal that runs it."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..domain.asking import keys_of
from ..domain.errors import ParacleError
from ..domain.events import Event, Kind
from .printing import is_terminal
from .progress import Progress

if TYPE_CHECKING:
    from ..services.runs import RunHandle

_LOOK_SECONDS = 0.1


class Answering:
    """Takes keys while a run waits for answers. Use as a context manager in the main thread.

    The keys are read by a thread of its own, so that the run's other steps go on and other faces may
    answer meanwhile. Where stdin is no terminal, or the command is not in its foreground, no key is read.

    Args:
        progress: says which keys there are.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._questions: dict[str, Mapping[str, Any]] = {}
        self._news = threading.Condition()
        self._ended = False
        self._thread: threading.Thread | None = None
        self._keyboard: _OneKeyAtATime | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._news:
            self._ended = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join()

    def take(self, handle: RunHandle, event: Event) -> None:
        """Take in one more event of the run."""
        if event.kind is Kind.ASKED and self._can_read():
            with self._news:
                self._questions[event.payload["approval"]] = event.payload
                self._news.notify()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, args=(handle,), name="paracle-answering", daemon=True
                )
                self._thread.start()
        elif event.kind is Kind.ANSWERED:
            with self._news:
                self._questions.pop(event.payload["approval"], None)

    def restore(self) -> None:
        """Put the terminal back as it was."""
        if self._keyboard is not None:
            self._keyboard.restore()

    def _can_read(self) -> bool:
        return not self._progress.is_quiet and sys.stdin.isatty() and is_terminal(sys.stderr)

    def _work(self, handle: RunHandle) -> None:
        while (asked := self._next()) is not None:
            keys = keys_of(asked["options"])
            self._progress.note("  " + "  ".join(f"{key} {option}" for key, option in keys.items()))
            with suppress(OSError):  # the terminal has gone away
                self._answer(handle, asked, keys)

    def _next(self) -> Mapping[str, Any] | None:
        """The oldest question, once there is one; ``None`` at the end."""
        with self._news:
            self._news.wait_for(lambda: self._questions or self._ended)
            return None if self._ended else next(iter(self._questions.values()))

    def _is_open(self, asked: Mapping[str, Any]) -> bool:
        with self._news:
            return not self._ended and asked["approval"] in self._questions

    def _answer(self, handle: RunHandle, asked: Mapping[str, Any], keys: Mapping[str, str]) -> None:
        from ..services import approvals

        with _OneKeyAtATime(sys.stdin.fileno()) as keyboard:
            self._keyboard = keyboard
            while self._is_open(asked):
                option = keys.get(keyboard.read(_LOOK_SECONDS).lower())
                if option is None:
                    continue
                try:
                    approvals.answer_in(handle.workspace, handle.id, asked["approval"], option)
                except ParacleError as error:
                    self._progress.note(f"  {error}")
                with self._news:
                    self._questions.pop(asked["approval"], None)


class _OneKeyAtATime:
    """The terminal gives each key as it is pressed, without showing it; ctrl+c works as ever."""

    def __init__(self, descriptor: int) -> None:
        import termios

        self._termios = termios
        self._descriptor = descriptor
        self._before: list[Any] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.restore()

    def restore(self) -> None:
        """Give lines again, and show what is typed."""
        if self._before is not None and self._in_front():
            self._termios.tcsetattr(self._descriptor, self._termios.TCSADRAIN, self._before)

    def read(self, seconds: float) -> str:
        """The next key, or nothing where none comes in time."""
        if not self._in_front():
            # Reading or setting it now would stop the whole command.
            threading.Event().wait(seconds)
            return ""
        if self._before is None:
            self._before = self._termios.tcgetattr(self._descriptor)
            changed = self._termios.tcgetattr(self._descriptor)
            changed[3] &= ~(self._termios.ICANON | self._termios.ECHO)
            self._termios.tcsetattr(self._descriptor, self._termios.TCSANOW, changed)
        ready, _, _ = select.select([self._descriptor], [], [], seconds)
        return os.read(self._descriptor, 1).decode("ascii", "ignore") if ready else ""

    def _in_front(self) -> bool:
        return os.tcgetpgrp(self._descriptor) == os.getpgrp()
