"""What a program takes from its start to what it paints, in a pseudo-terminal."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Painted(NamedTuple):
    """Seconds by the clock, and seconds of processor time of all the program's threads."""

    clock: float
    cpu: float


def seconds_until_painted(
    command: Sequence[str],
    markers: Sequence[str],
    *,
    size: tuple[int, int] = (120, 40),
    environment: Mapping[str, str],
    deadline: float = 30,
) -> Painted:
    """Start a program and stop the clock when it has written every marker.

    The program is ended at once, so that its processor time is that of the start.

    Raises:
        TimeoutError: a marker did not come; the message has the end of what did.
    """
    begun = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(command[0], list(command), dict(environment))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    try:
        clock = _watch(terminal, [marker.encode() for marker in markers], begun, deadline)
    finally:
        os.kill(child, signal.SIGKILL)
        used = os.wait4(child, 0)[2]
        os.close(terminal)
    return Painted(clock, used.ru_utime + used.ru_stime)


def _watch(terminal: int, markers: list[bytes], begun: float, deadline: float) -> float:
    seen = b""
    while (left := begun + deadline - time.perf_counter()) > 0:
        if not select.select([terminal], [], [], left)[0]:
            break
        try:
            seen += os.read(terminal, 65536)
        except OSError:
            break
        if all(marker in seen for marker in markers):
            return time.perf_counter() - begun
    raise TimeoutError(f"not painted: {[m for m in markers if m not in seen]}; the end was {seen[-500:]!r}")
