"""Processes that are ended at once, with all that they have started."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import defaultdict
from contextlib import suppress
from pathlib import Path


def kill_children() -> None:
    """Kill every process that descends from this one, with the process groups that they lead."""
    _kill(_descendants(os.getpid()), spared=os.getpgrp())


def kill_with_children(pid: int) -> None:
    """Kill a process and every one that descends from it, with the process groups that these lead.

    Raises:
        OSError: it is not there, or somebody else's.
    """
    # Held, it starts no more of them.
    os.kill(pid, signal.SIGSTOP)
    children = _descendants(pid)
    # Its own group may be that of the shell script that started it.
    spared = os.getpgid(pid)
    os.kill(pid, signal.SIGKILL)
    _kill(children, spared=spared)


def _kill(processes: list[tuple[int, int]], *, spared: int) -> None:
    for pid, group in processes:
        with suppress(ProcessLookupError, PermissionError):
            if group not in (0, spared, os.getpgrp()):
                os.killpg(group, signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)


def _descendants(root: int) -> list[tuple[int, int]]:
    """Process id and group of each descendant, nearest first."""
    children: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for pid, parent, group in _table():
        children[parent].append((pid, group))
    found = list(children[root])
    for pid, _ in found:
        found += children[pid]
    return found


def _table() -> list[tuple[int, int, int]]:
    """Process id, parent and group of every process that can be seen."""
    if Path("/proc/self/stat").exists():
        return [row for entry in Path("/proc").iterdir() if entry.name.isdecimal() and (row := _stat(entry))]
    listed = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,pgid="], capture_output=True, text=True, timeout=5, check=False
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return [(int(pid), int(parent), int(group)) for pid, parent, group in rows]


def _stat(entry: Path) -> tuple[int, int, int] | None:
    try:
        # pid (name, which may hold anything) state ppid pgrp …
        fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return int(entry.name), int(fields[1]), int(fields[2])
