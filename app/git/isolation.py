"""One branch and one work tree for each execution, beside the user's checkout and never in it.

An execution in a repository gets a linked work tree in the state directory, on a branch of its own. In a
folder without a repository, or without a commit to fork from, the folder's files become the first commit of
a private repository in the state directory, and the work tree is linked to that: what follows is the same.

Of the user's repository only what a branch needs is written: objects, the new ref, the record of the work
tree. Work tree, index, HEAD, stash, configuration and the refs that were there stay as they are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from ..domain.executions import FileChange, owner_of
from . import diffs
from .commit_log import commits_between
from .commits import Commit, commit_all, holds_nothing_new, with_trailers
from .copies import copy_private, make_private
from .failures import GitConflict, explained
from .included import Included, include
from .leases import renew
from .locks import PATIENCE, HalfMade, Mark, abandoned, private_folder, project_key, repository_lock
from .notes import unfinished_work, without_content
from .place import Forkable, look_at, look_at_branch, refuse_existing_branch
from .removal import losses
from .shared import Shared
from .status import Status, read_status
from .takeover import linked, take_over
from .tasks import alongside, to_the_end
from .working import commit_of_files
from .workplaces import Earlier, Fork, Workplace, branch_name
from .worktrees import (
    LostWorktree,
    add_worktree,
    branches_of,
    common_dir_of,
    drop_cut_off,
    fill,
    forget_worktree,
    link_worktree,
    own_directory,
    pinned,
    undo,
    unlock,
)

_AS_THEY_ARE = "Without a commit to fork from, a run begins with the files as they are in any case"

SETTLING = 0.02
"""Seconds between two looks whether the git processes of a killed start have ended."""


class Isolation:
    """Opens, commits in and closes the workplaces of one project.

    Args:
        project_root: The project's folder, in a repository or not.
        state: The state directory. Work trees go to ``worktrees/<project key>/<owner>`` in it, where the
            owner is the execution that the branch is named after.
    """

    def __init__(self, project_root: Path, state: Path) -> None:
        self._project = project_root.resolve()
        self._state = state.resolve()
        self._key = project_key(self._project)
        # Of many that start at once.
        self._ground = Shared(lambda: look_at(self._project))
        self._status = Shared(lambda: read_status(self._project))

    async def open(
        self, execution: str, when: datetime, *, with_changes: bool = False, fork: Fork | None = None
    ) -> Workplace:
        """Make the branch and the work tree of an execution, forked from the commit that HEAD stands for now.

        Args:
            with_changes: Fork from a commit of the user's files as they are, those in no commit included.
                It is on the execution's branch only; index, files and stash stay as they are.
            fork: Fork from this instead. One of a private repository goes to a private repository of the
                execution's own, so that either can be put away without the other.

        When this fails or is cancelled, nothing of it is left. When the process is killed, the next call
        in the project clears what was left.

        Raises:
            UsageError: ``execution`` cannot be part of a branch name.
            GitConflict: the execution has a workplace already, or a ref is in the way.
            GitError: git is missing or too old, the repository is unreadable or read-only, the disk is full,
                or the folder is too large to be copied.
        """
        branch = branch_name(execution, when)
        if fork is not None and fork.private is not None:
            with explained(self._state):
                copied = await self._open_copy(execution, branch, fork.private, fork.commit)
            return replace(copied, base_commit=fork.base)
        found = await self._ground.answer()
        if fork is not None and found is not None:
            with explained(found.common, self._state):
                opened = await self._open_worktree(execution, branch, found, fork.commit)
            return replace(opened, base_commit=fork.base)
        if found is None:
            with explained(self._state):
                copied = await self._open_copy(execution, branch)
            return replace(copied, warnings=(_AS_THEY_ARE, *copied.warnings)) if with_changes else copied
        with explained(found.common, self._state):
            base = found.head
            if with_changes and not found.bare:
                base = await commit_of_files(found.folder)
            return await self._open_worktree(execution, branch, found, base)

    async def reopen(
        self, execution: str, earlier: Earlier, tidy: Callable[[Path], None] = lambda root: None
    ) -> Workplace:
        """Go on with the branch of an earlier execution, at its tip.

        Its work tree is made again, or taken over if it is still there (see :func:`.take_over`), and what is
        in no commit committed first. That nobody else is at work on the branch is for the caller to see to.

        Raises:
            BranchGone: there is no such branch.
            GitConflict: it is checked out elsewhere.
            OffBranch, LostWorktree: the work tree that is there was moved off the branch, or broken.
            GitError: git could not read or write.
        """
        home = earlier.private or self._project
        found = await look_at_branch(home, earlier.branch)
        # As at the start of a copy, whose marks lie in the same folder.
        guarded = self._project if earlier.private else found.common
        worktree = self._worktree_of(owner_of(earlier.branch))
        prefix = Path() if earlier.private else found.prefix
        with explained(found.common, self._state):
            async with self._settled(worktree, guarded, found.common) as lock:
                there = await asyncio.to_thread(worktree.exists)
                mark = None if there else await self._link(found, worktree, earlier.branch, lock)
            if mark is None:
                taken = await take_over(worktree, execution, prefix, earlier, tidy)
                root, base, notes = taken.root, taken.tip or found.head, taken.notes
            else:
                root, base, notes = worktree / prefix, found.head, ()
                try:
                    await fill(worktree, execution, prefix, mark)
                except BaseException:
                    await to_the_end(self._take_back(linked(found, worktree), mark, guarded))
                    raise
                mark.clear()
        kind: Literal["worktree", "copy"] = "copy" if earlier.private else "worktree"
        notes = (*notes, *without_content(worktree))
        return Workplace(execution, root, worktree, earlier.branch, base, kind, found.folder, notes)

    async def take_back(self, execution: str) -> None:
        """Remove what a process that was killed has opened for an execution in which nothing was done yet.

        Raises:
            GitConflict: a git process that was left behind is still at it.
            GitError: git could not read or write.
        """
        found = await look_at(self._project)
        worktree = self._worktree_of(execution)
        guarded = found.common if found else self._project
        async with self._settled(worktree, guarded, guarded):
            for made in await self._unbegun(execution, worktree, found):
                await undo(made, Mark.set(worktree.parent, made))

    async def _unbegun(self, execution: str, worktree: Path, found: Forkable | None) -> list[HalfMade]:
        private = private_folder(self._state / "copies" / self._key) / execution
        if await asyncio.to_thread(private.exists):
            return [HalfMade(execution, str(private), str(worktree), "", "", str(private))]
        if found is None:
            return []
        branches = await branches_of(found.folder, execution)
        return [
            HalfMade(execution, str(found.folder), str(worktree), branch, tip) for branch, tip in branches
        ]

    @asynccontextmanager
    async def _settled(self, worktree: Path, guarded: Path, common: Path) -> AsyncIterator[int]:
        """Hold the repository's lock, with nobody at work on making this work tree.

        The git processes of a start that was killed may go on for a while.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            async with repository_lock(self._state, guarded) as lock:
                await self._clear_abandoned(common)
                if not Mark.is_set(worktree.parent, worktree.name):
                    yield lock
                    return
            if time.monotonic() > deadline:
                raise GitConflict(
                    "What a process that was killed has begun does not come to its end",
                    detail=str(worktree),
                    hint="end the git processes that work there, and try again",
                )
            await asyncio.sleep(SETTLING)

    def renew(self, place: Workplace) -> None:
        """Write into git's lock on the work tree that its execution still runs; a lock that is gone stays so.

        Blocks, for some microseconds. A work tree whose link is broken is passed over.

        Raises:
            OSError: the lock cannot be written.
        """
        with suppress(LostWorktree):
            renew(own_directory(place.worktree), place.execution)

    async def commit(
        self, place: Workplace, message: str, trailers: Mapping[str, str], *, only: Path | None = None
    ) -> Commit | None:
        """Commit everything that changed in a workplace, except what is ignored; ``None`` when nothing did.

        The author is the user that git is configured for, else Paracle. ``trailers`` become the last
        paragraph of the message.

        Args:
            only: the one file to commit, while somebody is at work on others.

        Raises:
            OffBranch: the work tree was moved off the execution's branch; nothing was committed.
            LostWorktree: the work tree's link to its repository was changed; nothing was committed.
            GitError: git could not read or write.
            ValueError: the message is empty or a trailer's name is not one.
        """
        with explained(place.repository, place.worktree):
            return await commit_all(place.worktree, place.branch, with_trailers(message, trailers), only)

    def assure(self, place: Workplace) -> None:
        """Look whether a work tree is still there and on its branch. Blocks, for some microseconds.

        Raises:
            OffBranch, LostWorktree: it is not.
        """
        pinned(place.worktree, place.branch)

    async def keep_rest(self, place: Workplace, message: str, trailers: Mapping[str, str]) -> Commit | None:
        """As :meth:`commit`, where there most likely is nothing to commit: then it takes a third of that.

        Raises:
            As :meth:`commit`.
        """
        with explained(place.repository, place.worktree):
            if await holds_nothing_new(place.worktree, place.branch):
                return None
        return await self.commit(place, message, trailers)

    async def include(self, place: Workplace, patterns: Sequence[str]) -> Included:
        """Bring ignored files of the user's folder into a work tree; see :func:`.included.include`."""
        return await include(place, self._original_of(place), patterns, self._state)

    async def commits(self, repository: Path, base: str, tip: str) -> tuple[tuple[Commit, int], ...]:
        """The commits from ``base`` to ``tip`` with their steps; see :func:`.commit_log.commits_between`."""
        return await commits_between(repository, base, tip)

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
        common = await common_dir_of(place)
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
        await refuse_existing_branch(found.common, branch)
        async with alongside(self._status_of(found)) as looking:
            mark = await self._make(made, found.common)
            try:
                root = await fill(worktree, execution, found.prefix, mark, branch)
                status = await looking
            except BaseException:
                await to_the_end(self._take_back(made, mark, found.common))
                raise
            mark.clear()
        unfinished = unfinished_work(status) if base == found.head else ()
        notes = (*unfinished, *without_content(worktree))
        return Workplace(execution, root, worktree, branch, base, "worktree", found.folder, notes)

    async def _open_copy(
        self, execution: str, branch: str, source: Path | None = None, commit: str = ""
    ) -> Workplace:
        """Open a private repository: of the project's files, or of a commit of another private one."""
        private = private_folder(self._state / "copies" / self._key) / execution
        worktree = self._worktree_of(execution)
        made = HalfMade(execution, str(private), str(worktree), branch, "", str(private))
        async with repository_lock(self._state, self._project):
            await self._clear_abandoned(private)
            _refuse_existing(worktree, private)
            mark = Mark.set(worktree.parent, made)
        try:
            notes: tuple[str, ...] = ()
            if source is not None:
                base = await copy_private(source, private, commit, hold=(mark.descriptor,))
            else:
                base, notes = await make_private(
                    self._project, private, leave_out=self._state, hold=(mark.descriptor,)
                )
            await add_worktree(private, private, worktree, base, (mark.descriptor,))
            root = await fill(worktree, execution, Path(), mark, branch)
        except BaseException:
            await to_the_end(self._take_back(made, mark, self._project))
            raise
        mark.clear()
        return Workplace(execution, root, worktree, branch, base, "copy", private, notes)

    async def _make(self, made: HalfMade, common: Path) -> Mark:
        """Make an empty work tree, alone in the repository."""
        worktree = Path(made.worktree)
        async with repository_lock(self._state, common, first=True) as lock:
            await self._clear_abandoned(common)
            _refuse_existing(worktree)
            mark = Mark.set(worktree.parent, made)
            try:
                held = (lock, mark.descriptor)
                await add_worktree(Path(made.repository), common, worktree, made.base, held)
            except BaseException:
                await to_the_end(undo(made, mark))
                raise
        return mark

    async def _link(self, found: Forkable, worktree: Path, branch: str, lock: int) -> Mark:
        """Make the empty work tree of a branch that exists. The repository's lock must be held."""
        made = linked(found, worktree)
        mark = Mark.set(worktree.parent, made)
        try:
            await link_worktree(found.folder, worktree, branch, (lock, mark.descriptor))
        except BaseException:
            await to_the_end(undo(made, mark))
            raise
        return mark

    async def _take_back(self, made: HalfMade, mark: Mark, common: Path) -> None:
        async with repository_lock(self._state, common):
            await undo(made, mark)

    async def _clear_abandoned(self, common: Path) -> None:
        """Take back what killed processes left half-made. The repository's lock must be held."""
        await asyncio.to_thread(drop_cut_off, common, self._state)
        for mark, made in abandoned(self._worktrees()):
            if made is None:
                mark.clear()
            else:
                await undo(made, mark)

    async def _status_of(self, found: Forkable) -> Status | None:
        return None if found.bare else await self._status.answer()

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


def _refuse_existing(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise GitConflict(
                f"Execution '{path.name}' has a workplace already",
                detail=str(path),
                hint="resume that execution, or start a new one",
            )
