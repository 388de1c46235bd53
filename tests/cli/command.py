"""The real command as a person uses it: run to its end, or watched and interrupted on the way."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any

from paracle.app.project.scaffold import init_lite
from paracle.app.services import trust
from paracle.app.services.workspace import Workspace

PROGRAM = [sys.executable, "-m", "paracle"]
PATIENCE = 20.0

AGENT = """\
---
name: worker
description: Does what a script says
model: offline
tools: [read_file, write_file, edit_file, run_command]
permissions: {write: ["**"], shell: allow}
---
You work.
"""


def paracle(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command without a terminal and wait for its end."""
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def paracle_json(folder: Path, *arguments: str | Path) -> Any:
    """Run the command with ``--json`` and read what it says; it must succeed."""
    done = paracle(folder, *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


class Running:
    """A command that is at work. Its lines are read as they come.

    Args:
        on_terminal: stdin and stdout are a terminal, stderr stays a pipe.
    """

    def __init__(self, folder: Path, *arguments: str | Path, on_terminal: bool = False) -> None:
        self._keyboard, screen = os.openpty() if on_terminal else (-1, subprocess.PIPE)
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            cwd=folder,
            stdin=screen if on_terminal else subprocess.DEVNULL,
            stdout=screen,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: Queue[str] = Queue()
        self.seen: list[str] = []
        pipes = [pipe for pipe in (self.process.stdout, self.process.stderr) if pipe is not None]
        if on_terminal:
            os.close(screen)
            pipes.append(os.fdopen(self._keyboard, encoding="utf-8", newline="\n"))
        self._readers = [self._read(pipe) for pipe in pipes]

    def press(self, key: str) -> None:
        """Press a key on its terminal, again and again until it has ended: it may not listen yet."""
        while self.process.poll() is None:
            os.write(self._keyboard, key.encode())
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)

    def wait_for(self, *words: str) -> str:
        """The next line that holds all these words."""
        return self.wait_until(lambda line: all(word in line for word in words), " ".join(words))

    def wait_until(self, fits: Callable[[str], bool], what: str) -> str:
        """The next line that fits."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except Empty:
                raise AssertionError(f"no line with {what!r} after: {self.seen}") from None
            self.seen.append(line)
            if fits(line):
                return line

    def signal(self, number: int) -> None:
        """Send a signal to the command alone."""
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for the end; gives the exit code. All lines are in ``seen`` then."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join()
        while not self._lines.empty():
            self.seen.append(self._lines.get())
        return code

    @property
    def text(self) -> str:
        """All that was read so far."""
        return "\n".join(self.seen)

    def _read(self, stream: IO[str]) -> threading.Thread:
        def read() -> None:
            # A terminal whose program has ended is no end of file but an error.
            with stream, suppress(OSError):
                for line in stream:
                    self._lines.put(line.rstrip("\r\n"))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread


@contextmanager
def running(folder: Path, *arguments: str | Path, on_terminal: bool = False) -> Iterator[Running]:
    """A command at work, which is gone afterwards whatever happens."""
    command = Running(folder, *arguments, on_terminal=on_terminal)
    try:
        yield command
    finally:
        if command.process.poll() is None:
            command.process.kill()
        command.end()


def make_project(folder: Path) -> Path:
    """A lite project with the agent ``worker``, which may do anything in its worktree."""
    init_lite(folder)
    (folder / ".parac" / "agents" / "specs" / "worker.md").write_text(AGENT)
    return folder


def trusted(folder: Path) -> Path:
    """The project, all that it carries now trusted."""
    with Workspace.open(folder) as here:
        trust.accept(here, trust.look(here))
    return folder


def write_script(path: Path, *turns: dict[str, Any]) -> str:
    """Write a script and give the model that plays it. JSON is YAML too."""
    path.write_text(json.dumps({"format": "paracle-script/1", "turns": turns}))
    return f"script:{path}"


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    """One tool call of a turn."""
    return {"tool": tool, "with": arguments}
