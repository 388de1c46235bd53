"""What all use cases of the history share: the repository, its lock, the account, and what a kill left."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..domain.errors import Conflict, GitError, NotFound
from ..domain.executions import Execution
from ..domain.history import GitCommand, Operation, RefMove
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
from ..git.workplaces import Workplace
from ..store.operations import Operations
from . import runs
from .history_recovery import finish_cut_off
from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class Subject:
    """A branch that something is to be done with. ``execution`` is ``None`` where its account is gone."""

    id: str
    branch: str
    tip: str
    base: str
    execution: Execution | None

    @property
    def ref(self) -> str:
        """The branch's full name."""
        return f"{HEADS}{self.branch}"


class Session:
    """One use case at work. Made for each call: it holds what was asked of git once.

    Args:
        workspace: The open project.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.operations = Operations(workspace.store)
        self._desk: Desk | None = None

    async def desk(self) -> Desk:
        """The project's repository and its place in the state directory.

        Raises:
            Conflict: the project is in no repository.
            GitError: git is missing or older than 2.38, or cannot read it.
        """
        if self._desk is None:
            await require(MERGE_TREE)
            root = self.workspace.project.root.resolve()
            try:
                common = await common_dir(root)
            except GitError as error:
                if no_repository(getattr(error, "said", "")):
                    raise _without_git(root) from error
                raise
            top = await git(root, "rev-parse", "--show-toplevel", accept=(0, 128))
            folder = root if top.code else Path(top.text)
            self._desk = Desk(folder, common, self.workspace.state.resolve(), project_key(root))
        return self._desk

    @asynccontextmanager
    async def changing(self) -> AsyncIterator[tuple[Desk, int]]:
        """Be alone in the repository, with what a killed process left put right; gives the lock too."""
        desk = await self.desk()
        async with repository_lock(desk.state, desk.common) as lock:
            await clear(desk)
            for operation in self.operations.unsettled():
                await finish_cut_off(self.operations, desk, operation, lock)
            for merge in list_pending(desk):
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
        row: Execution | None = None
        if wanted.startswith("exec/"):
            branch = wanted
            row = self._row(wanted.split("/")[1])
        else:
            row = runs.find(self.workspace, wanted)
            branch = row.branch
        tip = await read_ref(desk.repository, f"{HEADS}{branch}") if branch else None
        if tip is None:
            raise NotFound(
                f"There is no branch of execution {wanted}",
                detail=branch,
                hint="'paracle git archive list' shows the branches that were removed",
            )
        base = row.base_commit if row else await self._fork(desk, tip)
        return Subject(row.id if row else branch.split("/")[1], branch, tip, base, row)

    def place(self, desk: Desk, subject: Subject) -> Workplace | None:
        """Where the execution worked, if that is still there."""
        worktree = desk.state / "worktrees" / desk.key / subject.id
        if not worktree.exists():
            return None
        root = self.workspace.project.root.resolve()
        prefix = root.relative_to(desk.repository) if root.is_relative_to(desk.repository) else Path()
        return Workplace(
            subject.id,
            worktree / prefix,
            worktree,
            subject.branch,
            subject.base,
            "worktree",
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
) -> Operation:
    """An operation that is about to be done."""
    identifier = id or new_execution_id()
    return Operation(
        identifier, time.time(), kind, tuple(executions), summary, tuple(moves), details, settled=False
    )


def _without_git(root: Path) -> Conflict:
    return Conflict(
        "This folder has no git repository",
        detail=f"{root}: its executions worked on copies, each with a private repository",
        hint="'git init' and commit here, so that the next executions can be merged",
    )
