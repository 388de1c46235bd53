"""The execution that another one goes on with: found, and refused where nothing can go on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from ..domain.errors import Conflict
from ..domain.events import Kind
from ..domain.executions import Execution
from ..git.commits import unfinished, with_trailers
from ..git.place import BranchGone
from ..git.refs import HEADS, read_ref
from ..git.workplaces import Earlier
from .workspace import Workspace

if TYPE_CHECKING:
    from ..engine.request import Followed


def first_on_branch(workspace: Workspace, execution: Execution) -> Execution:
    """The execution that a branch is named after; ``execution`` itself where that has no account any more."""
    rows = workspace.store.on_branch(execution.branch)
    return next((row for row in rows if row.id == execution.owner), execution)


def followed(workspace: Workspace, row: Execution) -> Followed:
    """What there is to go on with of an execution. Blocks; runs git.

    Raises:
        Conflict: it has no branch, or an execution is at work on it.
        BranchGone: its branch does not exist any more.
        GitError: git cannot read it.
    """
    from ..engine.request import Followed

    on_branch = _refuse_live(workspace, row)
    private = private_repository(workspace, row)
    folder = private or workspace.project.root
    if (private and not private.exists()) or asyncio.run(read_ref(folder, f"{HEADS}{row.branch}")) is None:
        raise BranchGone(row.branch)
    last = on_branch[0]
    message = with_trailers(*unfinished(last.agent, last.id, last.model))
    return Followed(row.id, Earlier(row.branch, private, message))


def private_repository(workspace: Workspace, execution: Execution) -> Path | None:
    """The repository of an execution that worked on a copy of the folder; ``None`` for any other.

    A project may have been moved since; a copy's repository never is.
    """
    for row in (execution, first_on_branch(workspace, execution)):
        for event in workspace.store.telling_events(row.id):
            if event.kind is Kind.STARTED:
                return Path(event.payload["repository"]) if event.payload["isolation"] == "copy" else None
    return None


def _refuse_live(workspace: Workspace, row: Execution) -> tuple[Execution, ...]:
    """The executions on its branch, newest first."""
    if not row.branch:
        raise Conflict(
            f"Execution {row.short} has no branch to go on with",
            detail=f"it {row.state.predicate}, and never came to work",
            hint=_queue_hint(row) if row.state.is_live else "start a new run",
        )
    workspace.store.interrupt_orphans()
    on_branch = workspace.store.on_branch(row.branch)
    for one in on_branch:
        if one.state.is_live:
            raise Conflict(
                f"Execution {one.short} {one.state.predicate} on that branch",
                hint=_queue_hint(one),
            )
    return on_branch


def _queue_hint(row: Execution) -> str:
    return f'once that has ended: paracle runs queue {row.short} --task "…"'
