"""Executions that have left a branch, made in a few milliseconds: a real account, a real branch, no model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from paracle.app.domain.events import Draft, Kind
from paracle.app.domain.ids import new_execution_id
from paracle.app.git.isolation import Isolation
from paracle.app.git.workplaces import Earlier, Workplace
from paracle.app.project import Project
from paracle.app.services.following import followed
from paracle.app.services.workspace import Workspace
from paracle.app.store.store import Store
from paracle.app.tools.registry import tool_names
from tests.support.drafts import completed, draft, queued
from tests.support.repo import Fingerprint, RepoBuilder

WHEN = datetime(2026, 11, 20, 8, 30, 59)

Files = Mapping[str, str | bytes | None]
"""What is written where; ``None`` deletes."""


class Past:
    """A repository whose project has executions behind it.

    Args:
        folder: made; the repository is ``my project`` in it, the state directory ``state``.
        files: of the first commit.
    """

    project = ""
    """The project's folder below the top of the repository."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.repo = RepoBuilder(folder / "my project")
        self.state = folder / "state"
        write(self.repo.folder, files or {"app.py": lines("one", "two", "three"), "notes.md": "# notes\n"})
        self.repo.commit("first")
        self._open()

    @classmethod
    def reopen(cls, folder: Path, name: str = "my project", project: str = "") -> Past:
        """The one that was made in ``folder``, or in the folder that this is a copy of."""
        past = cls.__new__(cls)
        past.repo = RepoBuilder.of(folder / name)
        past.state = folder / "state"
        past.project = project
        past._open()
        return past

    def _open(self) -> None:
        self.workspace = self.opened()
        self.isolation = Isolation(self.repo.folder / self.project, self.state)

    def opened(self) -> Workspace:
        """The project as another process opens it."""
        return Workspace(Project.open(self.repo.folder / self.project, tool_names()), self.state)

    def __enter__(self) -> Past:
        return self

    def __exit__(self, *_: object) -> None:
        self.workspace.close()

    def execution(
        self,
        *commits: Files,
        leaves: Files | None = None,
        ends: bool = True,
        with_changes: bool = False,
    ) -> str:
        """Let an execution commit these files, one commit each.

        Args:
            leaves: what it leaves in its work tree without committing it; the work tree then stays.
            ends: whether it comes to an end; else it looks as if it still ran.
            with_changes: whether it begins with the user's files as they are.
        """
        return asyncio.run(self._execution(commits, leaves or {}, ends, with_changes))

    def follow(
        self,
        earlier: str,
        *commits: Files,
        leaves: Files | None = None,
        ends: bool = True,
        workspace: Workspace | None = None,
    ) -> str:
        """:meth:`execution` on the branch of an earlier one, from the process of ``workspace``.

        Raises:
            Conflict, BranchGone: nothing can go on there.
        """
        here = workspace or self.workspace
        found = followed(here, here.store.execution(earlier)).earlier
        return asyncio.run(self._follow(here.store, found, commits, leaves or {}, ends))

    async def _execution(
        self, commits: tuple[Files, ...], leaves: Files, ends: bool, with_changes: bool
    ) -> str:
        execution = new_execution_id()
        store = self.workspace.store
        await store.create(execution, queued("fixer"))
        place = await self.isolation.open(execution, WHEN, with_changes=with_changes)
        await self._work(store, place, commits, leaves, ends)
        return execution

    async def _follow(
        self, store: Store, earlier: Earlier, commits: tuple[Files, ...], leaves: Files, ends: bool
    ) -> str:
        execution = new_execution_id()
        first = queued("fixer")
        await store.create(execution, first._replace(payload={**first.payload, "branch": earlier.branch}))
        place = await self.isolation.reopen(execution, earlier)
        await self._work(store, place, commits, leaves, ends)
        return execution

    async def _work(
        self, store: Store, place: Workplace, commits: tuple[Files, ...], leaves: Files, ends: bool
    ) -> None:
        execution = place.execution
        await store.append(execution, [_started(place)])
        for number, files in enumerate(commits, 1):
            write(place.root, files)
            await self.isolation.commit(place, f"feat: round {number}", {"Paracle-Execution": execution})
        write(place.root, leaves)
        if ends:
            await self.isolation.close(place)
            await store.append(execution, [completed(execution)])

    def branch(self, execution: str) -> str:
        """The execution's branch."""
        return self.workspace.store.execution(execution).branch

    def tip(self, execution: str) -> str:
        """The commit that it ended with."""
        return self.repo.git("rev-parse", self.branch(execution))

    def worktree(self, execution: str) -> Path:
        """Its work tree, there or not."""
        (folder,) = {path for path in (self.state / "worktrees").iterdir() if path.is_dir()}
        return folder / execution

    def mine(self) -> Fingerprint:
        """What is the user's, without what Paracle keeps for itself in the state directory or the refs."""
        found = self.repo.fingerprint()
        refs = [line for line in found.refs.splitlines() if not line.startswith("refs/paracle/")]
        return replace(found, refs="\n".join(refs))

    def leftovers(self) -> list[str]:
        """Scratch work trees, marks and records of work trees that are not there."""
        found = [str(path) for path in self.state.glob("scratch/*/*")]
        found += [str(path) for path in self.state.glob("worktrees/*/*.opening")]
        found += [str(path) for path in self.repo.git_folder.rglob("*.lock")]
        return found + [tree for tree in self.repo.worktrees() if not Path(tree).exists()]


def _started(place: Workplace) -> Draft:
    return draft(
        Kind.STARTED,
        model="offline",
        branch=place.branch,
        base_commit=place.base_commit,
        worktree=str(place.worktree),
        isolation=place.isolation,
        repository=str(place.repository),
    )


def write(folder: Path, files: Files) -> None:
    """Write and delete files."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def lines(*words: str) -> str:
    """A file of these lines, each with room around it: changes to two of them never touch."""
    return "".join(f"{word}\n\n\n\n" for word in words)
