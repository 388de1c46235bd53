"""What all use cases of the history share: the repository, its lock, the account, and what a kill left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..domain.errors import Conflict, GitError, NotFound
from ..domain.executions import Execution, leading, owner_of
from ..domain.history import BranchRow, GitCommand, Operation, RefMove
from ..domain.ids import new_execution_id
from ..git.command import git, require
from ..git.landing import land
from ..git.locks import project_key, repository_lock
from ..git.pending import list_pending
from ..git.place import common_dir
from ..git.previews import MERGE_TREE
from ..git.refs import HEADS, read_ref
from ..git.scratch import Desk, clear, remove
from ..git.status import no_repository
from ..git.tasks import to_the_end
from ..git.temporary import sweep
from ..git.workplaces import Workplace
from ..store.operations import Operations
from . import runs
from .history_copies import copy_of
from .history_places import clear_places
from .history_recovery import finish_cut_off
from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class Subject:
    """A branch that something is to be done with, and all that was done on it by whichever execution.

    Attributes:
        id: The execution that it is named after, its owner.
        base: The commit that the owner was forked from.
        execution: The owner's account; ``None`` where it is gone.
        leading: The account that says how the branch stands; see :func:`.executions.leading`.
        named: The execution that the person named: the owner, or one that went on with its branch.
    """

    id: str
    branch: str
    tip: str
    base: str
    execution: Execution | None
    leading: Execution | None
    named: str

    def refuse_live(self) -> None:
        """Refuse while an execution is at work on the branch.

        Raises:
            Conflict: one is.
        """
        if self.leading and self.leading.state.is_live:
            still = self.leading.state.predicate.replace("is ", "is still ", 1)
            raise Conflict(
                f"Execution {self.leading.short} {still}",
                detail=self.branch,
                hint="wait for its end, or stop it",
            )

    @property
    def ref(self) -> str:
        """The branch's full name."""
        return f"{HEADS}{self.branch}"


class Session:
    """One use case at work. Made for each call: it holds what was asked of git once.

    Args:
        workspace: The open project.
        wanted: An execution or its branch, for what is done in the repository that has it.
        desk: That repository, where it is known.
    """

    def __init__(self, workspace: Workspace, wanted: str = "", desk: Desk | None = None) -> None:
        self.workspace = workspace
        self.operations = Operations(workspace.store)
        self._wanted = wanted
        self._desk = desk

    async def desk(self) -> Desk:
        """The repository that it is about: the project's, or the private one of an execution's copy.

        Raises:
            NotFound, Conflict: no execution, or several, are meant.
            Conflict: the project is in no repository.
            GitError: git is missing or older than 2.38, or cannot read it.
        """
        if self._desk is None:
            found = await asyncio.to_thread(copy_of, self.workspace, self._wanted) if self._wanted else None
            found = found or await self.repository()
            if found is None:
                raise _without_git(self.workspace.project.root)
            self._desk = found
        return self._desk

    async def repository(self) -> Desk | None:
        """The repository that the project is in; ``None`` where it is in none.

        Raises:
            GitError: git is missing or older than 2.38, or cannot read it.
        """
        await require(MERGE_TREE)
        root = self.workspace.project.root.resolve()
        try:
            common = await common_dir(root)
        except GitError as error:
            if no_repository(getattr(error, "said", "")):
                return None
            raise
        top = await git(root, "rev-parse", "--show-toplevel", accept=(0, 128))
        folder = root if top.code else Path(top.text)
        return Desk(folder, common, self.workspace.state.resolve(), project_key(root))

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[tuple[Desk, int]]:
        """Be alone in the repository, with what a killed process left put right; gives the lock too."""
        desk = await self.desk()
        async with AsyncExitStack() as locks:
            # All copies of a folder write to that one folder.
            alone = [desk.original, desk.common] if desk.original else [desk.common]
            lock, *_ = [await locks.enter_async_context(repository_lock(desk.state, one)) for one in alone]
            await asyncio.to_thread(sweep)
            await asyncio.to_thread(self.workspace.store.interrupt_orphans)
            await clear(desk)
            await clear_places(desk)
            for operation in self.operations.unsettled():
                if repository_of(operation) == _name(desk):
                    await finish_cut_off(self.operations, desk, operation, lock)
            for merge in () if desk.original else list_pending(desk):
                if self.operations.is_settled(merge.id):  # landed, and killed before its work tree went
                    await remove(desk, merge.id)
            yield desk, lock

    async def target(self, named: str | None) -> str:
        """The branch to merge into: the one that is named, else the one that HEAD is on.

        Raises:
            Conflict: none is named, and HEAD is detached.
        """
        if named:
            return named
        desk = await self.desk()
        said = await git(desk.repository, "symbolic-ref", "--quiet", "HEAD", accept=(0, 1))
        if said.code or not said.text.startswith(HEADS):
            raise Conflict("HEAD is on no branch", detail=str(desk.repository), hint="name one with --target")
        return said.text.removeprefix(HEADS)

    async def subject(self, wanted: str) -> Subject:
        """The branch that ``wanted`` names: an execution's id or a part of it, ``last``, or a branch.

        Raises:
            NotFound: there is no such execution, or its branch is gone.
            Conflict: several executions start like this.
        """
        desk = await self.desk()
        branch, named = wanted, owner_of(wanted)
        if not named:
            found = runs.find(self.workspace, wanted)
            branch, named = found.branch, found.id
        tip = await read_ref(desk.repository, f"{HEADS}{branch}") if branch else None
        if tip is None:
            raise NotFound(
                f"There is no branch of execution {wanted}",
                detail=branch,
                hint="'paracle git archive list' shows the branches that were removed",
            )
        owner = owner_of(branch)
        row = self._row(owner)
        base = row.base_commit if row and row.base_commit else await self._fork(desk, tip)
        on_branch = self.workspace.store.on_branch(branch)
        return Subject(owner, branch, tip, base, row, leading(on_branch), named)

    def place(self, desk: Desk, subject: Subject | BranchRow) -> Workplace | None:
        """The branch's work tree, if that is still there."""
        owner = owner_of(subject.branch)
        worktree = desk.state / "worktrees" / desk.key / owner
        if not worktree.exists():
            return None
        root = self.workspace.project.root.resolve()
        prefix = root.relative_to(desk.repository) if root.is_relative_to(desk.repository) else Path()
        return Workplace(
            owner,
            worktree / prefix,
            worktree,
            subject.branch,
            subject.base,
            "copy" if desk.original else "worktree",
            desk.repository,
        )

    def rows(self) -> dict[str, Execution]:
        """The accounts of all executions by their ids."""
        found: dict[str, Execution] = {}
        before: Execution | None = None
        while page := self.workspace.store.executions(1000, before=before):
            before = page[-1]
            found.update((row.id, row) for row in page)
        return found

    def _row(self, identifier: str) -> Execution | None:
        try:
            return self.workspace.store.execution(identifier)
        except NotFound:
            return None

    async def _fork(self, desk: Desk, tip: str) -> str:
        if desk.original:
            return (await git(desk.repository, "rev-list", "--max-parents=0", tip)).text
        said = await git(desk.repository, "merge-base", "HEAD", tip, accept=(0, 1, 128))
        return said.text or tip

    async def perform(
        self,
        desk: Desk,
        operation: Operation,
        *,
        hold: int,
        commands: Sequence[GitCommand] = (),
        also: Sequence[RefMove] = (),
        undoes: str = "",
    ) -> Operation:
        """Do an operation that is nothing but moves of refs: written down, done, settled.

        Raises:
            GitError, StoreError: it was not done.
        """
        await self.operations.begin(operation)
        try:
            # Not cut short: git, ended in the middle, would leave the user's files half moved.
            await to_the_end(
                land(desk, operation.id, operation.moves, why=operation.summary, also=also, hold=hold)
            )
        except GitError:
            await self.operations.forget(operation.id)
            raise
        return await self.settle(operation, commands, undoes=undoes)

    async def settle(
        self, operation: Operation, commands: Sequence[GitCommand], *, undoes: str = ""
    ) -> Operation:
        """Write down that an operation was done, with the commands that did it."""
        done = replace(operation, commands=tuple(command.line for command in commands), settled=True)
        await self.operations.settle(done, undoes=undoes)
        return done


def new_operation(
    kind: str,
    executions: Sequence[str],
    summary: str,
    moves: Sequence[RefMove] = (),
    details: Mapping[str, Any] | None = None,
    *,
    id: str = "",
    desk: Desk | None = None,
) -> Operation:
    """An operation that is about to be done, at ``desk`` where that may be the one of a copy."""
    identifier = id or new_execution_id()
    if desk and desk.original:
        details = {**(details or {}), "repository": _name(desk)}
    return Operation(
        identifier, time.time(), kind, tuple(executions), summary, tuple(moves), details, settled=False
    )


def repository_of(operation: Operation) -> str:
    """The private repository that an operation was done in; empty for the project's own."""
    return str((operation.details or {}).get("repository", ""))


def _name(desk: Desk) -> str:
    return str(desk.repository) if desk.original else ""


def _without_git(root: Path) -> Conflict:
    return Conflict(
        "This folder has no git repository",
        detail=f"{root}: its executions worked on copies, and there is no branch to merge into",
        hint="'paracle git apply ID' brings in what one did; 'paracle git init-workflow' makes a repository",
    )
