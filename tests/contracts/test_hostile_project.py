"""Looking at a project runs nothing of it, whatever it holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.hostile import HostileProject
from tests.support.terminal import Terminal

WATCHED = """
import json, os, sys
report = os.open(os.environ["REPORT"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
starts = ("os.posix_spawn", "os.fork", "os.forkpty", "os.system", "os.exec", "os.spawn", "pty.spawn")
def tell(kind, what):
    os.write(report, (json.dumps([kind, what]) + "\\n").encode())
def watch(event, arguments):
    if event == "subprocess.Popen":
        tell("process", [os.fsdecode(word) for word in arguments[1]])
    elif event in starts:
        tell("process", [event])
    elif event == "socket.__new__":
        tell("socket", int(arguments[1]))
    elif event.startswith("socket."):
        tell("network", event)
sys.addaudithook(watch)
from paracle.__main__ import main
sys.argv = ["paracle", *sys.argv[1:]]
sys.exit(main())
"""
"""The command with a hook that the interpreter calls before any process or socket is made."""

LOCAL = 1
"""The family of sockets within a machine: an event loop wakes itself up with a pair of them."""

READING = {
    "version", "rev-parse", "rev-list", "for-each-ref", "symbolic-ref", "cat-file", "log", "diff",
    "diff-tree", "ls-files", "ls-tree", "merge-base", "status", "check-ignore", "show-ref",
}  # fmt: skip
"""The commands of git that change nothing, as they are used here."""


@pytest.fixture
def trap(tmp_path: Path) -> HostileProject:
    return HostileProject(tmp_path / "hostile")


class Watched:
    """What a command has started."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "report"
        self.path.touch()

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "REPORT": str(self.path)}

    def _told(self, kind: str) -> list[Any]:
        lines = map(json.loads, self.path.read_text().splitlines())
        return [what for told, what in lines if told == kind]

    @property
    def processes(self) -> list[str]:
        """What was started and is no git that reads."""
        return [" ".join(argv) for argv in self._told("process") if not _is_reading(argv)]

    @property
    def network(self) -> list[object]:
        """Sockets but for those within the process, and what was done with any."""
        return [family for family in self._told("socket") if family != LOCAL] + self._told("network")


def _is_reading(argv: Sequence[str]) -> bool:
    words = iter(argv[1:])
    for word in words:
        if word in ("-c", "-C"):
            next(words)
        elif not word.startswith("-"):
            return argv[0] in ("git", shutil.which("git")) and word in READING
    return False


def look(trap: HostileProject, watched: Watched, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-c", WATCHED, *arguments],
        cwd=trap.root,
        env=watched.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("agents", "list"),
        ("agents", "show", "sly"),
        ("validate",),
        ("workflow", "list"),
        ("workflow", "validate"),
        ("workflow", "plan", "trap"),
        ("runs", "list"),
        ("git", "branches"),
        ("hooks", "list"),
        ("hooks", "check"),
        ("trust",),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_looking_starts_nothing_and_reaches_nobody(
    trap: HostileProject, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    watched = Watched(tmp_path)
    done = look(trap, watched, *arguments)
    assert (watched.processes, watched.network, trap.ran) == ([], [], [])
    assert "Traceback" not in done.stderr
    assert done.stdout or done.stderr


def test_opening_the_workbench_starts_nothing_and_reaches_nobody(
    trap: HostileProject, tmp_path: Path
) -> None:
    watched = Watched(tmp_path)
    command = [sys.executable, "-P", "-c", WATCHED, "ui"]
    with Terminal(command, folder=trap.root, environment={"REPORT": str(watched.path)}) as terminal:
        terminal.wait_for("sly")
        terminal.type("\x11")
        assert terminal.exit_code() == 0
    assert (watched.processes, watched.network, trap.ran) == ([], [], [])


def test_the_trap_springs_on_whoever_is_careless(trap: HostileProject) -> None:
    subprocess.run(["git", "status"], cwd=trap.root, check=True, capture_output=True)
    subprocess.run([sys.executable, "-c", "import yaml"], cwd=trap.root, check=True)
    assert {"fsmonitor", "yaml"} <= set(trap.ran)


def test_the_watch_sees_what_there_is_to_see(trap: HostileProject, tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    acts = "subprocess.run(['true']); socket.socket(); socket.gethostbyname('localhost')"
    code = f"import subprocess, socket; {acts}"
    script = WATCHED.replace("from paracle.__main__ import main", code).replace("sys.exit(main())", "")
    subprocess.run([sys.executable, "-c", script], env=watched.environment, check=True)
    assert watched.processes == ["true"]
    assert watched.network == [2, "socket.gethostbyname"]
