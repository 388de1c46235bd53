"""A repository with a project in it, agents that follow scripts, and runs of them in a test's words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from paracle.app.domain.events import Event, Kind
from paracle.app.domain.executions import Receipt
from paracle.app.services import runs, trust
from paracle.app.services.runs import RunHandle
from paracle.app.services.workspace import Workspace
from tests.support.projects import ProjectFiles
from tests.support.repo import Fingerprint, RepoBuilder

Turn = Mapping[str, Any]

ALL_TOOLS = "[read_file, list_files, search, write_file, edit_file, run_command]"


class Studio:
    """A repository with a project and one agent, ``worker``, that may write and run anything.

    Args:
        folder: made; holds the repository (``shop``) and, outside of it, the scripts.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = RepoBuilder(folder / "shop")
        self.files = ProjectFiles(self.repo.folder)
        self.files.write(".gitignore", ".local/\n")
        self.worker()
        self.repo.write("README.md", "# shop\n")
        self.repo.commit("first", shop__cart_py="total = 0\n")

    def worker(self, tools: str = ALL_TOOLS, extra: str = "", write: str = "**") -> None:
        """Write the agent's spec anew; ``extra`` is more front matter."""
        permissions = f"permissions: {{write: ['{write}'], shell: allow}}"
        self.files.spec("worker", "\n".join(filter(None, (f"tools: {tools}", permissions, extra))))

    def script(self, *turns: Turn, name: str = "session") -> str:
        """Write a script; gives the model's name."""
        path = self.folder / f"{name}.yaml"
        document = {"format": "paracle-script/1", "turns": [dict(turn) for turn in turns]}
        path.write_text(yaml.dump(document, Dumper=_WithoutAliases))
        return f"script:{path}"

    def open(self) -> Workspace:
        """The project as a face opens it. A context manager."""
        return Workspace.open(self.repo.folder)

    def trust(self) -> None:
        """Let the commands that the project carries now be run."""
        with self.open() as here:
            trust.accept(here, trust.look(here))

    def start(self, here: Workspace, *turns: Turn, agent: str = "worker", task: str = "") -> RunHandle:
        """Run the worker on a script."""
        return runs.start(here, agent, task=task, model=self.script(*turns))

    def run(self, *turns: Turn, agent: str = "worker") -> tuple[Receipt, list[Event]]:
        """Run the worker on a script to the end, in a workspace of its own."""
        with self.open() as here:
            handle = self.start(here, *turns, agent=agent)
            events = list(handle.events())
            return handle.wait(), events

    def fingerprint(self) -> Fingerprint:
        """What is the user's: all but the executions' own store, which shows in its folder's time too."""
        found = self.repo.fingerprint()
        theirs = {
            path: entry
            for path, entry in found.files.items()
            if path != ".parac" and not path.startswith(".parac/.local")
        }
        return replace(found, files=theirs)

    def worktrees(self) -> list[str]:
        """The work trees of executions that are still there, on the disk or in git's records."""
        state = Path(os.environ["PARACLE_STATE_DIR"])
        on_disk = {str(path) for path in state.glob("worktrees/*/*") if path.is_dir()}
        return sorted(on_disk.union(self.repo.worktrees()))


class _WithoutAliases(yaml.SafeDumper):
    """Writes a turn that is used twice twice: scripts have no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def says(text: str | Sequence[str] = "All is well.", **more: Any) -> Turn:
    """A turn with text."""
    return {"text": text if isinstance(text, str) else list(text), **more}


def calls(*wanted: tuple[str, Mapping[str, Any]], **more: Any) -> Turn:
    """A turn with tool calls."""
    return {"tool_calls": [{"tool": tool, "with": dict(arguments)} for tool, arguments in wanted], **more}


def writes(path: str, text: str = "words\n", **more: Any) -> Turn:
    """A turn that writes one file."""
    return calls(("write_file", {"path": path, "text": text}), **more)


def reads(path: str) -> Turn:
    """A turn that reads one file."""
    return calls(("read_file", {"path": path}))


def commands(*argv: str) -> Turn:
    """A turn that runs one command."""
    return calls(("run_command", {"argv": list(argv)}))


def of_kind(events: Sequence[Event], *kinds: Kind) -> list[Event]:
    """The events of some kinds."""
    return [event for event in events if event.kind in kinds]


def text_of(events: Sequence[Event]) -> str:
    """What the model said, put together again."""
    return "".join(
        event.payload["text"] + ("\n" if event.payload["end"] else "") for event in of_kind(events, Kind.TEXT)
    )


def until(holds: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Wait for something that is bound to happen; fails when it does not."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits for its parent does not."""
    said = _ps("-o", "stat=", "-p", str(pid))
    return bool(said.strip()) and not said.startswith("Z")


def children() -> list[str]:
    """The processes that this one has started and that still are, zombies included.

    Python's own helpers for process pools, which stay once a test has used one, are not counted.
    """
    own = str(os.getpid())
    lines = _ps("-A", "-o", "ppid=,args=").splitlines()
    left_out = ("ps -A", "from multiprocessing.")
    return [line for line in lines if line.split()[0] == own and not any(word in line for word in left_out)]


def _ps(*arguments: str) -> str:
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout


def paracle(
    *arguments: str, cwd: Path, env: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would."""
    return subprocess.run(
        [*prefix, sys.executable, "-m", "paracle", *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
