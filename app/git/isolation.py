"""One branch and one work tree for each execution, beside the user's checkout and never in it.

An execution in a repository gets a linked work tree in the state directory, on a branch of its own. In a
folder without a repository, or without a commit to fork from, the folder's files become the first commit of
a private repository in the state directory, and the work tree is linked to that: what follows is the same.

Of the user's repository only what a branch needs is written: objects, the new ref, the record of the work
tree. Work tree, index, HEAD, stash, configuration and the refs that were there stay as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from ..domain.executions import FileChange
from . import diffs
from .commits import Commit, commit_all, with_trailers
from .copies import make_private
from .failures import GitConflict, explained
from .locks import HalfMade, Mark, abandoned, private_folder, project_key, repository_lock
from .notes import unfinished_work, without_content
from .place import Forkable, common_dir, look_at
from .removal import losses
from .status import Status, read_status
from .tasks import alongside, to_the_end
from .working import commit_of_files
from .workplaces import Workplace, branch_name
from .worktrees import add_worktree, fill, forget_worktree, undo, unlock


class Isolation:
    """Opens, commits in and closes the workplaces of one project.

    Args:
        project_root: The project's folder, in a repository or not.
        state: The state directory. Work trees go to ``worktrees/<project key>/<execution id>`` in it.
    """

    def __init__(self, project_root: Path, state: Path) -> None:
        self._project = project_root.resolve()
        self._state = state.resolve()
        self._key = project_key(self._project)

    async def open(self, execution: str, when: datetime, *, with_changes: bool = False) -> Workplace:
        """Make the branch and the work tree of an execution, forked from the commit that HEAD stands for now.

        Args:
            with_changes: Fork from a commit of the user's files as they are, those in no commit included.
                It is on the execution's branch only; index, files and stash stay as they are.

        When this fails or is cancelled, nothing of it is left. When the process is killed, the next call
        in the project clears what was left.

        Raises:
            UsageError: ``execution`` cannot be part of a branch name.
            GitConflict: the execution has a workplace already, or a ref is in the way.
            GitError: git is missing or too old, the repository is unreadable or read-only, the disk is full,
                or the folder is too large to be copied.
        """
        branch = branch_name(execution, when)
        found = await look_at(self._project, branch)
        if found is None:
            with explained(self._state):
                return await self._open_copy(execution, branch)
        with explained(found.common, self._state):
            base = found.head
            if with_changes and not found.bare:
                base = await commit_of_files(found.folder)
            return await self._open_worktree(execution, branch, found, base)

    async def commit(self, place: Workplace, message: str, trailers: Mapping[str, str]) -> Commit | None:
        """Commit everything that changed in a workplace, except what is ignored; ``None`` when nothing did.

        The author is the user that git is configured for, else Paracle. ``trailers`` become the last
        paragraph of the message.

        Raises:
            OffBranch: the work tree was moved off the execution's branch; nothing was committed.
            LostWorktree: the work tree's link to its repository was changed; nothing was committed.
            GitError: git could not read or write.
            ValueError: the message is empty or a trailer's name is not one.
        """
        with explained(place.repository, place.worktree):
            return await commit_all(place.worktree, place.branch, with_trailers(message, trailers))

    async def changes(self, repository: Path, base: str, tip: str) -> tuple[FileChange, ...]:
        """The files that differ between two commits; see :func:`.diffs.changes`."""
        return await diffs.changes(repository, base, tip)

    async def diff(self, repository: Path, base: str, tip: str) -> str:
        """The differences between two commits as a unified diff; see :func:`.diffs.diff`."""
        return await diffs.diff(repository, base, tip)

    async def close(self, place: Workplace) -> bool:
        """Remove the work tree, if nothing is lost by it. The branch stays, and so does a copy's repository.

        The work tree is kept when it holds anything that is not committed on its branch, or ignored files
        that are neither in the project's folder nor made again by the tool that made them.

        Returns:
            Whether the work tree is gone. If not, it is no longer locked.

        Raises:
            GitError: git could not read or write; the work tree is still there.
        """
        common = await common_dir(place.repository)
        with explained(common):
            async with repository_lock(self._state, common):
                await unlock(place)
                there = await asyncio.to_thread(place.worktree.exists)
                if there and await losses(place, self._original_of(place)):
                    return False
                # Half removed, it would look as if its files were deleted on purpose, and be kept for ever.
                await to_the_end(forget_worktree(place.repository, place.worktree))
        return True

    async def _open_worktree(self, execution: str, branch: str, found: Forkable, base: str) -> Workplace:
        worktree = self._worktree_of(execution)
        made = HalfMade(execution, str(found.folder), str(worktree), branch, base)
        async with alongside(_status_of(found)) as looking:
            mark = await self._make(made, found.common)
            try:
                root = await fill(worktree, found.prefix, mark)
                status = await looking
            except BaseException:
                await to_the_end(self._take_back(made, mark, found.common))
                raise
            mark.clear()
        unfinished = unfinished_work(status) if base == found.head else ()
        notes = (*unfinished, *without_content(worktree))
        return Workplace(execution, root, worktree, branch, base, "worktree", found.folder, notes)

    async def _open_copy(self, execution: str, branch: str) -> Workplace:
        private = private_folder(self._state / "copies" / self._key) / execution
        worktree = self._worktree_of(execution)
        made = HalfMade(execution, str(private), str(worktree), branch, "", str(private))
        async with repository_lock(self._state, self._project):
            await self._clear_abandoned()
            _refuse_existing(worktree, private)
            mark = Mark.set(worktree.parent, made)
        try:
            base, notes = await make_private(
                self._project, private, leave_out=self._state, hold=(mark.descriptor,)
            )
            await add_worktree(private, worktree, branch, base, (mark.descriptor,))
            root = await fill(worktree, Path(), mark)
        except BaseException:
            await to_the_end(self._take_back(made, mark, self._project))
            raise
        mark.clear()
        return Workplace(execution, root, worktree, branch, base, "copy", private, notes)

    async def _make(self, made: HalfMade, common: Path) -> Mark:
        """Make the branch and an empty work tree, alone in the repository."""
        worktree = Path(made.worktree)
        async with repository_lock(self._state, common) as lock:
            await self._clear_abandoned()
            _refuse_existing(worktree)
            mark = Mark.set(worktree.parent, made)
            try:
                held = (lock, mark.descriptor)
                await add_worktree(Path(made.repository), worktree, made.branch, made.base, held)
            except BaseException:
                await to_the_end(undo(made, mark))
                raise
        return mark

    async def _take_back(self, made: HalfMade, mark: Mark, common: Path) -> None:
        async with repository_lock(self._state, common):
            await undo(made, mark)

    async def _clear_abandoned(self) -> None:
        """Take back what killed processes left half-made. The repository's lock must be held."""
        for mark, made in abandoned(self._worktrees()):
            if made is None:
                mark.clear()
            else:
                await undo(made, mark)

    def _worktrees(self) -> Path:
        private_folder(self._state / "worktrees")
        folder = self._state / "worktrees" / self._key
        folder.mkdir(exist_ok=True)
        return folder

    def _worktree_of(self, execution: str) -> Path:
        return self._worktrees() / execution

    def _original_of(self, place: Workplace) -> Path:
        """The user's folder that corresponds to the top of a work tree."""
        depth = len(place.root.relative_to(place.worktree).parts)
        return self._project.parents[depth - 1] if depth else self._project


async def _status_of(found: Forkable) -> Status | None:
    return None if found.bare else await read_status(found.folder)


def _refuse_existing(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise GitConflict(
                f"Execution '{path.name}' has a workplace already",
                detail=str(path),
                hint="resume that execution, or start a new one",
            )
