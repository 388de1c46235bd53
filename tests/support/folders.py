"""A folder without git whose project has executions behind it, each in a copy of its own."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from paracle.app.domain.events import Kind
from paracle.app.domain.ids import new_execution_id
from paracle.app.domain.places import state_dir
from paracle.app.git.isolation import Isolation
from paracle.app.git.workplaces import Workplace
from paracle.app.project import Project
from paracle.app.services import history
from paracle.app.services.workspace import Workspace
from paracle.app.tools.registry import tool_names
from tests.support.drafts import completed, draft, queued
from tests.support.history import WHEN, Files, lines, write
from tests.support.kills import cut_off
from tests.support.repo import RepoBuilder

Print = dict[str, tuple[int, bytes]]


class Plain:
    """A folder, ``notes`` in the one given, with the state directory beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "notes"
        self.state = folder / "state"
        self.folder.mkdir(parents=True)
        self.write({"app.py": lines("one", "two", "three"), "notes.md": "# notes\n"})
        self.workspace = self.opened()

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_: object) -> None:
        self.workspace.close()

    def opened(self) -> Workspace:
        """The project as another process opens it."""
        return Workspace(Project.open(self.folder, tool_names()), self.state)

    def write(self, files: Files) -> None:
        """Write and delete files, as in an editor."""
        write(self.folder, files)

    def read(self, path: str) -> str:
        """What is in a file."""
        return (self.folder / path).read_text()

    def init_git(self) -> RepoBuilder:
        """Make a repository of it, with everything in one commit."""
        repo = RepoBuilder.of(self.folder)
        repo.git("init", "--quiet")
        repo.commit("first")
        return repo

    def execution(
        self,
        *commits: Files,
        leaves: Files | None = None,
        links: Mapping[str, str] | None = None,
        modes: Mapping[str, int] | None = None,
        ends: bool = True,
    ) -> str:
        """Let an execution commit these files, one commit each.

        Args:
            leaves: what it leaves in its work tree without committing it.
            links: the links it makes, or makes anew, in its last commit.
            modes: the permissions it sets there.
            ends: whether it comes to an end.
        """
        *rounds, last = commits
        return asyncio.run(self._execution(rounds, last, leaves or {}, links or {}, modes or {}, ends))

    async def _execution(
        self,
        rounds: list[Files],
        last: Files,
        leaves: Files,
        links: Mapping[str, str],
        modes: Mapping[str, int],
        ends: bool,
    ) -> str:
        execution = new_execution_id()
        store, isolation = self.workspace.store, Isolation(self.folder, self.state)
        await store.create(execution, queued("fixer"))
        place = await isolation.open(execution, WHEN)
        await store.append(execution, [draft(Kind.STARTED, model="offline", **_started(place))])
        for number, files in enumerate([*rounds, last], 1):
            write(place.root, files)
            if number > len(rounds):
                _decorate(place.root, links, modes)
            await isolation.commit(place, f"feat: round {number}", {"Paracle-Execution": execution})
        write(place.root, leaves)
        if ends:
            await isolation.close(place)
            await store.append(execution, [completed(execution)])
        return execution

    def worktree(self, execution: str) -> Path:
        """An execution's work tree, there or not."""
        (folder,) = {path for path in (self.state / "worktrees").iterdir() if path.is_dir()}
        return folder / execution

    def fingerprint(self) -> Print:
        """Kind, permissions and bytes of everything in the folder."""
        return {str(path.relative_to(self.folder)): _entry(path) for path in self.folder.rglob("*")}

    def killed_at(self, what: str, execution: str, moment: int, number: int) -> bool:
        """Whether an operation met a signal at its ``moment``-th visible act, rather than end before."""
        self.workspace.close()

        def deed() -> None:
            with self.opened() as workspace:
                deeds = {
                    "apply": partial(history.apply, workspace, execution),
                    "discard": partial(history.discard, workspace, execution),
                    "undo": partial(history.undo, workspace),
                }
                deeds[what]()

        cut = cut_off(deed, moment, number)
        self.workspace = self.opened()
        return cut

    def leftovers(self) -> list[str]:
        """Marks of half-made work, locks of git, and temporary folders of processes that are gone."""
        patterns = ("worktrees/*/*.opening", "copies/**/*.lock", "scratch/*/*")
        found = [str(path) for pattern in patterns for path in self.state.glob(pattern)]
        return found + [str(path) for path in (state_dir() / "tmp").glob("[!.]*")]


def _started(place: Workplace) -> dict[str, str]:
    return {
        "branch": place.branch,
        "base_commit": place.base_commit,
        "worktree": str(place.worktree),
        "isolation": place.isolation,
        "repository": str(place.repository),
    }


def _decorate(root: Path, links: Mapping[str, str], modes: Mapping[str, int]) -> None:
    for name, target in links.items():
        (root / name).unlink(missing_ok=True)
        (root / name).symlink_to(target)
    for name, mode in modes.items():
        (root / name).chmod(mode)


def _entry(path: Path) -> tuple[int, bytes]:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return stat.S_IFMT(found.st_mode), bytes(path.readlink())
    return found.st_mode, path.read_bytes() if stat.S_ISREG(found.st_mode) else b""
