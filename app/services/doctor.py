"""What the workbench needs of this machine and this folder, looked at one by one."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from ..domain.errors import ParacleError
from ..domain.executions import Execution
from ..domain.places import state_dir
from ..domain.problems import Severity
from ..domain.states import State
from ..domain.words import plural, size
from . import runs, trust
from .workspace import Workspace

LITTLE_SPACE = 500 * 1024 * 1024
"""Bytes free below which a run of a large repository may not fit."""


class Level(StrEnum):
    """How a check came out. Only ``broken`` keeps the workbench from working."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and what to do where that is not right."""

    name: str
    level: Level
    words: str
    mend: str = ""

    def to_dict(self) -> dict[str, object]:
        """The check as plain data."""
        return {**asdict(self), "level": str(self.level)}


def examine(folder: Path) -> Iterator[Check]:
    """Look at everything. Reads; the only thing written is a probe that is gone at once."""
    yield Check("python", Level.OK, f"{platform.python_version()} at {sys.executable}")
    yield _git(folder)
    yield _terminal()
    yield _ripgrep()
    yield _state()
    yield Check("models", Level.OK, "offline, script:FILE")
    try:
        here = Workspace.open(folder)
    except ParacleError as error:
        yield _broken("project", error)
        return
    with here:
        yield _project(here)
        yield from _trust(here)
        yield from _executions(here)


def _git(folder: Path) -> Check:
    from ..git.command import git

    try:
        version = asyncio.run(git(folder, "version")).text
    except ParacleError as error:
        return _broken("git", error)
    return Check("git", Level.OK, version.removeprefix("git version "))


def _terminal() -> Check:
    if not sys.stdout.isatty():
        return Check("terminal", Level.NOTE, "stdout is none; the workbench needs one")
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    kind = os.environ.get("TERM", "")
    words = f"{columns}x{lines}, TERM={kind or 'unset'}, {sys.stdout.encoding}"
    if kind in ("", "dumb"):
        return Check("terminal", Level.WARNING, words, "set TERM, for example to xterm-256color")
    if sys.stdout.encoding.lower() not in ("utf-8", "utf8"):
        return Check("terminal", Level.WARNING, words, "choose a UTF-8 locale, for example LANG=C.UTF-8")
    if columns < 80 or lines < 24:
        return Check("terminal", Level.WARNING, words, "make the window at least 80x24")
    return Check("terminal", Level.OK, words)


def _ripgrep() -> Check:
    found = shutil.which("rg")
    if found:
        return Check("ripgrep", Level.OK, found)
    return Check(
        "ripgrep", Level.NOTE, "not found; searching works without it, more slowly", "install ripgrep"
    )


def _state() -> Check:
    folder = state_dir()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
        free = shutil.disk_usage(existing).free
    except OSError as error:
        mend = f"make {existing} a writable folder, or name another in PARACLE_STATE_DIR"
        return Check("state", Level.BROKEN, f"{folder}: {error.strerror}", mend)
    words = f"{folder}, {size(free)} free"
    if free < LITTLE_SPACE:
        return Check("state", Level.WARNING, words, "free some space; each run needs a copy of the work tree")
    return Check("state", Level.OK, words)


def _project(here: Workspace) -> Check:
    project = here.project
    if project.parac is None:
        words = f"none at or above {project.root}; the built-in agents run all the same"
        return Check("project", Level.NOTE, words, "paracle init --lite makes one")
    problems = project.problems()
    words = f"{project.name} in {project.root}"
    if not problems:
        return Check("project", Level.OK, words)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    found = f"{plural(errors, 'error')}, {plural(len(problems) - errors, 'warning')}"
    return Check("project", Level.WARNING, f"{words}: {found}", "paracle validate")


def _trust(here: Workspace) -> Iterator[Check]:
    """Whether the project's commands may run; nothing is said of a project without any."""
    found = trust.look(here)
    if found.commands and found.allows:
        yield Check("trust", Level.OK, f"{found.counts} trusted")
    elif found.commands:
        words = f"{found.counts} not run: {found.problem or found.withheld or found.standing}"
        yield Check("trust", Level.NOTE, words, "paracle validate" if found.withheld else "paracle trust")


def _executions(here: Workspace) -> Iterator[Check]:
    if not here.has_store:
        yield Check("store", Level.OK, "nothing was run here yet")
        return
    try:
        damage = here.store.check()
        rows = runs.listing(here, limit=1_000_000)
    except ParacleError as error:
        yield _broken("store", error)
        return
    if damage:
        mend = f"copy {here.store.path} to safety, then 'sqlite3 engine.db .recover' rescues what can be read"
        yield Check("store", Level.BROKEN, f"damaged: {damage[0]}", mend)
    else:
        yield Check("store", Level.OK, f"{plural(len(rows), 'execution')} in {here.store.path}")
    interrupted = [row for row in rows if row.state is State.INTERRUPTED]
    if interrupted:
        words = f"{plural(len(interrupted), 'execution')} interrupted, last {interrupted[0].short}"
        yield Check("runs", Level.WARNING, words, "paracle runs list --state interrupted")
    left = [row for row in rows if _left_behind(row)]
    if left:
        words = f"{plural(len(left), 'worktree')} left, last {left[0].worktree}"
        mend = f"save what you need of it, then: git worktree remove --force {left[0].worktree}"
        yield Check("worktrees", Level.WARNING, words, mend)


def _left_behind(row: Execution) -> bool:
    return not row.state.is_live and bool(row.worktree) and Path(row.worktree).exists()


def _broken(name: str, error: ParacleError) -> Check:
    return Check(name, Level.BROKEN, str(error), error.hint)
