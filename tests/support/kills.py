"""Something done in a process of its own that meets a signal at a chosen moment."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

_KILL_AT = frozenset({"subprocess.Popen", "os.remove", "os.rename", "os.chmod"})
_INTERRUPTED = 130


def cut_off(deed: Callable[[], object], moment: int, number: int = signal.SIGKILL, after: float = 0) -> bool:
    """Whether a deed met a signal at its ``moment``-th visible act, or soon ``after``; else it has ended.

    The caller must have closed what a fork cannot share.
    """
    child = os.fork()
    if child == 0:
        try:
            sys.addaudithook(_killer(moment, after, number))
            deed()
        except KeyboardInterrupt:
            os._exit(_INTERRUPTED)
        finally:
            os._exit(0)  # nothing of the parent's may be run or closed here
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == _INTERRUPTED


def _killer(moment: int, after: float, number: int) -> Callable[[str, tuple[Any, ...]], None]:
    count = 0

    def watch(event: str, _: tuple[Any, ...]) -> None:
        nonlocal count
        if event not in _KILL_AT:
            return
        count += 1
        if count == moment and after:
            threading.Timer(after, os.kill, (os.getpid(), number)).start()
        elif count == moment:
            os.kill(os.getpid(), number)

    return watch
