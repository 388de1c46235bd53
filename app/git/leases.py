"""What git's lock on a work tree says: which process works in it, since when, and when it last did.

It is for people (``git worktree list --verbose``) and for other programs. Paracle itself asks the kernel
whether a process lives: ids are reused, and a process that is held up for a while is not dead.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

_OURS = "paracle: execution "
_LOADED = time.time()


def take(own: Path, execution: str) -> None:
    """Lock a work tree for an execution of this process, or lock it again.

    Args:
        own: The directory in which git keeps what belongs to this work tree only.
    """
    (own / "locked").write_text(_line(execution), encoding="utf-8")


def renew(own: Path, execution: str) -> None:
    """Write into the lock that the execution still runs. One that is gone, or somebody else's, stays so.

    Raises:
        OSError: it cannot be written.
    """
    try:
        # Opened and never made: whoever has taken the lock away has decided so.
        lock = os.open(own / "locked", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        holder = _holder(execution).encode()
        if os.pread(lock, len(holder), 0) == holder:
            # As long as the one before and in one piece, so that nobody reads half of it.
            os.pwrite(lock, _line(execution).encode(), 0)
    finally:
        os.close(lock)


def release(own: Path) -> None:
    """Take a lock of ours away; one that is gone, or a person's, is left alone."""
    if is_ours(own):
        (own / "locked").unlink(missing_ok=True)


def is_ours(own: Path) -> bool:
    """Whether a work tree is locked, and for an execution rather than by a person."""
    try:
        return (own / "locked").read_text(encoding="utf-8", errors="replace").startswith(_OURS)
    except OSError:
        return False


def _line(execution: str) -> str:
    return f"{_holder(execution)}, alive {_moment(time.time())})\n"


def _holder(execution: str) -> str:
    pid = os.getpid()
    return f"{_OURS}{execution} is running (pid {pid}, started {_moment(_start_of(pid))}"


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"


@cache
def _start_of(pid: int) -> float:
    """When this process began; where the system does not tell without another process, about then.

    Remembered, for it is counted back from now: a clock that is set meanwhile would change it. By the id, for
    a process may fork.
    """
    if sys.platform != "linux":
        return _LOADED
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        ticks = int(words.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return _LOADED
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")
