"""A person's terminal: a shell in tmux, typed at with keys and read as text."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

PATIENCE = 30.0
LOOK_SECONDS = 0.1
PROMPT = "ready$ "


class Terminal:
    """A shell that knows the `paracle` under test, in a tmux server of its own.

    Args:
        socket: where the server listens; a new path.
        folder: where the shell starts.
        size: columns and lines.
    """

    def __init__(self, socket: Path, folder: Path, size: tuple[int, int]) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", os.devnull]
        columns, lines = map(str, size)
        # The command beside the interpreter: of the environment whose package is tested.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        environment.pop("TMUX", None)
        subprocess.run(
            [*self._tmux, "new-session", "-d", "-x", columns, "-y", lines, "-c", str(folder), "sh"],
            check=True,
            env=environment,
        )
        self.see("$" if os.geteuid() else "#")
        # Quoted in two parts, so that what is typed does not look like what is waited for.
        self.type(f"PS1='rea''{PROMPT[3:]}'; clear")
        self.see(PROMPT.strip())

    @property
    def text(self) -> str:
        """What is on the screen now."""
        captured = [*self._tmux, "capture-pane", "-p"]
        return subprocess.run(captured, check=True, capture_output=True, text=True).stdout

    def record(self, into: Path) -> None:
        """Keep what programs write to the terminal from here on, with what it obeys and does not show."""
        subprocess.run([*self._tmux, "pipe-pane", f"cat > {shlex.quote(str(into))}"], check=True)

    def type(self, command: str) -> None:
        """Type a line and press enter."""
        subprocess.run([*self._tmux, "send-keys", "-l", command], check=True)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys, as tmux names them."""
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)

    def see(self, *words: str) -> str:
        """Wait until all these words are on the screen; gives the screen."""
        return self._until(words, gone=False)

    def see_no_more(self, *words: str) -> str:
        """Wait until none of these words is on the screen; gives the screen."""
        return self._until(words, gone=True)

    def close(self) -> None:
        """End the shell and everything in it."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    def _until(self, words: tuple[str, ...], *, gone: bool) -> str:
        deadline = time.monotonic() + PATIENCE
        while True:
            text = self.text
            if all((word in text) != gone for word in words):
                return text
            waited = "still there" if gone else "never there"
            assert time.monotonic() < deadline, f"{waited}: {words}; the screen:\n{text}"
            time.sleep(LOOK_SECONDS)
