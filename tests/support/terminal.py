"""A program in a pseudo-terminal: what it writes, what is typed to it, and how it ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

PATIENCE = 30.0
"""Seconds until something that should have come is given up; far more than it takes."""

_STYLING = re.compile(r"\x1b\[[0-9;:?<>=]*[a-zA-Z]|\x1b[=>]")


class Terminal:
    """Starts a program; leaving the block ends it if it still runs.

    Args:
        command: the program and its arguments.
        folder: where it starts.
        environment: beside that of the tests.
        size: columns and lines.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: os.PathLike[str],
        environment: Mapping[str, str] | None = None,
        size: tuple[int, int] = (120, 40),
    ) -> None:
        self._written = b""
        self._status: int | None = None
        variables = {**os.environ, "TERM": "xterm-256color", **(environment or {})}
        self._child, self._handle = pty.fork()
        if self._child == 0:
            os.chdir(folder)
            os.execvpe(command[0], list(command), variables)
        fcntl.ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is None:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
        if self._handle >= 0:
            os.close(self._handle)

    @property
    def text(self) -> str:
        """All that was written so far, in the order of writing, without colours and cursor movements."""
        return _STYLING.sub("", self._written.decode("utf-8", "replace"))

    @property
    def raw(self) -> str:
        """All that was written so far, as it was written."""
        return self._written.decode("utf-8", "replace")

    def wait_for(self, words: str) -> None:
        """Read until the program has written some words.

        Raises:
            TimeoutError: they did not come.
        """
        end = time.monotonic() + PATIENCE
        while words not in self.text:
            if not self._read(end):
                raise TimeoutError(f"no {words!r}; the end was {self.text[-500:]!r}")

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._handle, keys.encode())

    def signal(self, number: int) -> None:
        """Send the program a signal."""
        os.kill(self._child, number)

    def hang_up(self) -> int:
        """Take the terminal away, as closing its window does, and wait for the program's end.

        Returns:
            Its exit code.

        Raises:
            TimeoutError: it goes on.
        """
        os.close(self._handle)
        self._handle = -1
        end = time.monotonic() + PATIENCE
        while not (ended := os.waitpid(self._child, os.WNOHANG))[0]:
            if time.monotonic() >= end:
                raise TimeoutError("it goes on without its terminal")
            time.sleep(0.01)
        self._status = os.waitstatus_to_exitcode(ended[1])
        return self._status

    def exit_code(self) -> int:
        """Wait for the program's end.

        Raises:
            TimeoutError: it goes on.
        """
        end = time.monotonic() + PATIENCE
        while self._read(end):
            pass
        if time.monotonic() >= end:
            raise TimeoutError(f"it goes on; the end was {self.text[-500:]!r}")
        self._status = os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])
        return self._status

    def _read(self, end: float) -> bool:
        left = end - time.monotonic()
        if left <= 0 or not select.select([self._handle], [], [], left)[0]:
            return False
        try:
            found = os.read(self._handle, 65536)
        except OSError:  # Linux says so when the other side has closed; macOS gives nothing
            return False
        self._written += found
        return bool(found)
