"""A command's output: line by line to the log, and a bounded part of it for the result."""

from __future__ import annotations

import codecs
import io
from collections import deque
from collections.abc import Callable

KEPT = 64 * 1024
LONGEST_LINE = 4096
MAX_LOGGED_LINES = 20_000


class Clipped:
    """The beginning and the end of a text of any length, ``kept`` characters together."""

    def __init__(self, kept: int = KEPT) -> None:
        self._half = kept // 2
        self._head = ""
        self._tail: deque[str] = deque()
        self._tail_length = 0
        self.left_out = 0

    def add(self, text: str) -> None:
        """Take what comes next."""
        room = self._half - len(self._head)
        if room > 0:
            self._head += text[:room]
            text = text[room:]
        if not text:
            return
        self._tail.append(text)
        self._tail_length += len(text)
        while self._tail_length > self._half:
            self._cut(self._tail_length - self._half)

    def _cut(self, surplus: int) -> None:
        first = self._tail.popleft()
        if len(first) > surplus:
            self._tail.appendleft(first[surplus:])
        cut = min(len(first), surplus)
        self._tail_length -= cut
        self.left_out += cut

    def text(self) -> str:
        """What was kept, with a line that says how much is missing in the middle."""
        gap = f"\n… {self.left_out:,} characters left out …\n" if self.left_out else ""
        return self._head + gap + "".join(self._tail)


class LineLog:
    """Hands at most ``most`` lines to ``log``, then one line that says so, then nothing."""

    def __init__(self, log: Callable[[str], None], most: int = MAX_LOGGED_LINES) -> None:
        self._log = log
        self._left = most
        self._most = most

    @property
    def is_full(self) -> bool:
        """Whether further lines go nowhere."""
        return self._left < 0

    def line(self, text: str) -> None:
        """One line of output."""
        if self.is_full:
            return
        self._log(text if self._left else f"… more than {self._most:,} lines: the rest is not logged …")
        self._left -= 1


class Stream:
    """One output stream of a command, fed with bytes as they come; not UTF-8 shows as U+FFFD."""

    def __init__(self, log: LineLog) -> None:
        utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        # A progress bar ends its lines with CR.
        self._decoder = io.IncrementalNewlineDecoder(utf8, translate=True)
        self._log = log
        self._open = ""
        self.kept = Clipped()

    def feed(self, data: bytes) -> None:
        """Take what comes next."""
        self._take(self._decoder.decode(data))
        while len(self._open) > LONGEST_LINE:
            self._log.line(self._open[:LONGEST_LINE])
            self._open = self._open[LONGEST_LINE:]

    def finish(self) -> None:
        """There is no more: what is left is a line even without its end."""
        self._take(self._decoder.decode(b"", final=True))
        if self._open:
            self._line(self._open)
            self._open = ""

    def _take(self, text: str) -> None:
        self.kept.add(text)
        if self._log.is_full:
            self._open = ""
            return
        *lines, self._open = (self._open + text).split("\n")
        for line in lines:
            self._line(line)

    def _line(self, line: str) -> None:
        for start in range(0, max(1, len(line)), LONGEST_LINE):
            self._log.line(line[start : start + LONGEST_LINE])
