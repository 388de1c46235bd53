"""Hooks around a merge. What is told of a hook that failed is kept with the merge."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..domain.errors import NotFound, ParacleError
from ..domain.history import Mode, Operation
from . import trust
from .history_session import Session
from .workspace import Workspace

if TYPE_CHECKING:
    from ..engine.hooks import Hooks


@dataclass(frozen=True, slots=True)
class Merge:
    """What is to be merged: the branch of an execution; ``target`` is empty where none was named."""

    branch: str
    execution: str
    target: str
    mode: Mode


async def around_merge(
    session: Session,
    about: Callable[[], Awaitable[Merge]],
    do: Callable[[str], Awaitable[Operation]],
    message: str = "",
) -> Operation:
    """Merge within the hooks that are about it.

    Args:
        about: says what is to be merged; not asked where there are no hooks.
        do: merges, with the message that the hooks have left.
        message: of the commit, empty where it is made up.

    Raises:
        Vetoed: a hook said no; nothing was touched.
        ProjectError: what hooks there are cannot be read.
        Whatever ``about`` and ``do`` raise.
    """
    from ..engine.hooks import Hooks

    registry = session.workspace.hooks
    merging, not_run = await asyncio.to_thread(trust.hooks, session.workspace, "merge")
    if not (merging or not_run or registry.at("merge.before") or registry.at("merge.after")):
        return await do(message)
    wanted = await about()
    notes = [not_run] if not_run else []
    agent, workflow = await asyncio.to_thread(_names, session.workspace, wanted.execution)
    hooks = Hooks(
        merging,
        registry,
        session.workspace.project.root,
        notes.append,
        execution=wanted.execution,
        agent=agent,
        workflow=workflow,
    )
    done = await _within(hooks, wanted, do, message)
    if notes:
        done = replace(done, notes=tuple(notes))
        await session.operations.settle(done)
    return done


async def _within(
    hooks: Hooks, wanted: Merge, do: Callable[[str], Awaitable[Operation]], message: str
) -> Operation:
    arguments = {"target": wanted.target, "mode": str(wanted.mode), "message": message}
    decision = await hooks.before(hooks.occasion("merge", wanted.branch, arguments))
    if decision.veto is not None:
        raise decision.refusal("merge")
    about = hooks.occasion("merge", wanted.branch, decision.arguments)
    begun = time.perf_counter()
    try:
        done = await do(str(decision.arguments["message"]))
    except ParacleError as error:
        await hooks.after(about, time.perf_counter() - begun, error=error.to_dict())
        raise
    await hooks.after(about, time.perf_counter() - begun, done.to_dict())
    return done


def _names(workspace: Workspace, execution: str) -> tuple[str, str]:
    """The agent and the workflow of an execution; both empty where the branch has outlived its account."""
    try:
        row = workspace.store.execution(execution)
    except NotFound:
        return "", ""
    return (row.agent, "") if row.kind == "agent" else ("", row.agent)
