"""The project's checks on the branch of an execution: what came of them, and running them again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ..domain.checks import Check
from ..domain.errors import NotFound
from ..domain.ids import new_execution_id
from ..domain.trust import CommandKind, Preparation
from ..engine.checking import run_check
from ..engine.preparing import set_up
from ..git.included import include
from ..git.making import commands_at_work
from ..git.scratch import Desk, scratch_worktree
from ..git.workplaces import Workplace
from ..store.checks import CheckResults
from . import runs, trust
from .history_session import Session, Subject
from .workspace import Workspace


def results(workspace: Workspace, wanted: str) -> tuple[Check, ...]:
    """The newest results for the tip of a branch as it is now; empty where no check has run on it.

    Args:
        wanted: the execution, or its branch.

    Raises:
        NotFound: there is no such branch.
        GitError, StoreError: it cannot be read.
    """

    async def work() -> Subject:
        return await Session(workspace, wanted).subject(wanted)

    subject = asyncio.run(work())
    return CheckResults(workspace.store).of(subject.tip) or _from_receipts(workspace, subject)


def run(
    workspace: Workspace, wanted: str, *, each: Callable[[Check], None] = lambda check: None
) -> tuple[Check, ...]:
    """Run the project's checks on a branch and keep what came of them for its tip.

    They run in the branch's work tree, where that is still there; else in one that is made ready for it, as
    for a run, and goes afterwards.

    Args:
        wanted: the execution, or its branch.
        each: called with each result as it comes, in another thread's event loop than yours.

    Raises:
        NotFound: there is no such branch, or the project names no checks.
        PolicyRefused: the project's commands are not trusted.
        Conflict: an execution is at work on the branch.
        SetupFailed: a setup command failed in the work tree that was made.
        GitError, StoreError: the branch cannot be read, or the results not be kept.
    """
    found = trust.require(workspace)
    if not (texts := found.texts(CommandKind.CHECK)):
        raise NotFound(
            "This project names no checks",
            hint="write them into .parac/project.yaml: 'checks: [pytest -q]', then: paracle trust",
        )
    copy = workspace.project.settings.worktree.copy_
    wanted_here = Preparation(copy, found.texts(CommandKind.SETUP), texts)
    return asyncio.run(_run(workspace, wanted, wanted_here, each))


async def _run(
    workspace: Workspace, wanted: str, preparation: Preparation, each: Callable[[Check], None]
) -> tuple[Check, ...]:
    session = Session(workspace, wanted)
    subject = await session.subject(wanted)
    subject.refuse_live()
    done: list[Check] = []
    project = workspace.project.root
    async with _somewhere(session, subject, preparation, project) as folder:
        for text in preparation.checks:
            done.append(await run_check(text, folder, project, _unheard))
            each(done[-1])
    await CheckResults(workspace.store).keep(subject.tip, time.time(), done)
    return tuple(done)


@asynccontextmanager
async def _somewhere(
    session: Session, subject: Subject, preparation: Preparation, project: Path
) -> AsyncIterator[Path]:
    """The project's folder in a work tree of the branch, ready for commands."""
    desk = await session.desk()
    if place := session.place(desk, subject):
        async with commands_at_work(place.worktree):
            yield place.root
        return
    async with scratch_worktree(desk, f"checks-{new_execution_id()}", subject.tip) as scratch:
        place = _place_in(desk, scratch.folder, subject, project)
        await asyncio.to_thread(place.root.mkdir, parents=True, exist_ok=True)
        await include(place, desk.files.folder, preparation.copy, desk.state)
        for text in preparation.setup:
            await set_up(text, place.root, project, _unheard)
        yield place.root


def _place_in(desk: Desk, folder: Path, subject: Subject, project: Path) -> Workplace:
    root = project.resolve()
    top = desk.files.folder
    prefix = root.relative_to(top) if root.is_relative_to(top) else Path()
    return Workplace(
        folder.name,
        folder / prefix,
        folder,
        subject.branch,
        subject.base,
        "copy" if desk.original else "worktree",
        desk.repository,
    )


def _from_receipts(workspace: Workspace, subject: Subject) -> tuple[Check, ...]:
    """What the execution itself has recorded that ended with this tip."""
    for row in workspace.store.on_branch(subject.branch):
        if row.state.is_final:
            receipt = runs.receipt_of(workspace, row)
            if receipt.tip == subject.tip and receipt.checks:
                return receipt.checks
    return ()


def _unheard(line: str) -> None:
    """Only the end of the output is kept, and that is in the result."""
