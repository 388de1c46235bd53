"""Reading the folder of a project for a screen: agents, memory, files, and where git stands."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from ..domain.agents import AgentEntry, ResolvedAgent
from ..domain.errors import ParacleError
from .workspace import Workspace

HIDDEN = frozenset(
    {".git", "__pycache__", ".venv", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)
WATCHED_AFTER = 0.5
"""Seconds after which a folder is sure to be watched."""

READ_LIMIT = 512 * 1024
"""Bytes of a file that a screen shows at the most."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What the explorer and the header show of the project's files, read in one go."""

    name: str
    model: str
    agents: tuple[AgentEntry, ...]
    playbooks: tuple[str, ...]
    memory: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgentPage:
    """All about one agent. ``agent`` is None where its file has errors; the entry has them."""

    entry: AgentEntry
    agent: ResolvedAgent | None
    source: str


@dataclass(frozen=True, slots=True)
class FilePage:
    """The beginning of a file and its whole size, or why it cannot be shown."""

    path: str
    data: bytes = b""
    total: int = 0
    trouble: str = ""


def quick_agents(workspace: Workspace) -> tuple[AgentEntry, ...]:
    """The agents by name alone, for the first picture: no file is read."""
    project = workspace.project
    folder = project.specs_folder or project.root
    return tuple(AgentEntry(name, folder / f"{name}.md") for name in project.agent_names())


def overview(workspace: Workspace) -> Overview:
    """Agents with their problems, and the files of the memory.

    Raises:
        ProjectError: the folder of the specs cannot be listed.
    """
    project = workspace.project
    agents = project.agents()
    playbooks = tuple(entry.name for entry in agents if entry.has_playbook)
    memory: list[str] = []
    if project.parac is not None:
        files = (path for path in (project.parac / "memory").rglob("*") if path.is_file())
        memory = sorted(str(path.relative_to(project.root)) for path in files)
    return Overview(project.name, project.settings.model or "offline", agents, playbooks, tuple(memory))


def agent_page(workspace: Workspace, entry: AgentEntry) -> AgentPage:
    """An agent resolved afresh from its files."""
    try:
        agent: ResolvedAgent | None = workspace.project.agent(entry.name)
    except ParacleError:
        agent = None
    path = agent.path if agent else entry.path
    return AgentPage(entry, agent, file_page(workspace, str(path)).data.decode("utf-8", "replace"))


def folder_entries(workspace: Workspace, path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The folders and files in a folder of the project by name; empty where it cannot be listed."""
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(workspace.project.root / path) as entries:
            for entry in entries:
                if entry.name not in HIDDEN:
                    (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    except OSError:
        return (), ()
    return tuple(sorted(folders, key=str.lower)), tuple(sorted(files, key=str.lower))


def file_page(workspace: Workspace, path: str) -> FilePage:
    """The beginning of a file. A pipe or device is never opened."""
    whole = workspace.project.root / path
    try:
        if not whole.is_file():
            return FilePage(
                path, trouble="It is not a file any more." if not whole.exists() else "Not a plain file."
            )
        with whole.open("rb") as handle:
            return FilePage(path, handle.read(READ_LIMIT), whole.stat().st_size)
    except OSError as error:
        return FilePage(path, trouble=error.strerror or str(error))


async def changes(workspace: Workspace, stop: asyncio.Event) -> AsyncIterator[frozenset[Path]]:
    """Sets of files of the project that changed on the disk, until ``stop`` is set.

    The first one is empty: it says that from here on nothing is missed. What was read before may be old.

    Raises:
        ProjectError: the system cannot watch the folder.
    """
    # Loading what watches takes longer than a key may wait for its echo.
    module = await asyncio.to_thread(import_module, "..project.watch", __package__)
    stream: AsyncIterator[frozenset[Path]] = module.watch(workspace.project, stop)
    first = asyncio.ensure_future(anext(stream, None))
    try:
        # The system does not tell when it has begun to watch; it takes a few milliseconds.
        await asyncio.wait((first,), timeout=WATCHED_AFTER)
        yield frozenset()
        changed = await first
        if changed is not None:
            yield changed
        async for changed in stream:
            yield changed
    finally:
        first.cancel()


def editable_path(workspace: Workspace, path: Path) -> Path | None:
    """The file if it is the user's own to edit: below the project, not one that ships with Paracle."""
    return path if path.is_relative_to(workspace.project.root) else None


def repository(workspace: Workspace) -> tuple[str, int | None]:
    """The branch that the user is on and how many files are not committed.

    "" and None where there is no repository, or git cannot say.
    """
    from ..git.status import summarise

    try:
        summary = asyncio.run(summarise(workspace.project.root))
    except ParacleError:
        return "", None
    if not summary.present:
        return "", None
    return summary.branch or f"({(summary.commit or '')[:8]})", summary.changed + summary.untracked
