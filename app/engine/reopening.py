"""The place in which a process that ended has worked, with what it left there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..domain.events import Kind
from ..domain.executions import Execution
from ..git.commits import with_trailers
from ..git.isolation import Isolation
from ..git.workplaces import Earlier, Workplace
from ..tools.files import clear_cut_off
from .by_hand import end_cut_off, message_of_left, tell_cut_off
from .journal import Journal
from .keeping import tell_commit
from .left_over import left_over
from .past import Past


async def reopen(
    execution: Execution,
    name: str,
    started: Mapping[str, Any],
    past: Past,
    isolation: Isolation,
    journal: Journal,
    commits: list[str],
) -> Workplace:
    """Take an execution's place over, end what its commands have left running there, and commit what lies
    there in no commit.

    Args:
        name: the agent's or workflow's, for the message of that commit.
        started: the payload of the event that began the work.
        commits: those that are on record; takes the others.

    Raises:
        GitError, StoreError: the work tree cannot be had, or the account not be written.
    """
    if past.cut_off:
        await end_cut_off(past.cut_off)
    # Nothing may change files that are about to be committed, and be there when its step is done again.
    left = await left_over(execution.id)
    if left is not None:
        await left.end()
        journal.emit(Kind.LOG, level="warning", text=left.words)
    private = Path(started["repository"]) if started["isolation"] == "copy" else None
    message = with_trailers(*message_of_left(past.cut_off, name, execution.id, execution.model))
    cut_off = [str(step.arguments.get("path", "")) for step in past.steps.values() if not step.has_ended]
    place = await isolation.reopen(
        execution.id,
        Earlier(started["branch"], private, message),
        lambda root: clear_cut_off(root, filter(None, cut_off)),
    )
    tip, base = place.base_commit, started["base_commit"]
    first = past.fork.commit if past.fork else base
    new = None
    # It may have died between a commit and the event that tells of it.
    for commit, step in await isolation.commits(place.repository, first, tip):
        if commit.sha not in commits:
            commits.append(commit.sha)
            # The last one may hold what a person's command has changed.
            command = past.cut_off.command if past.cut_off and not step else ""
            tell_commit(journal, commit, step, command=command)
            new = commit if command else new
    if past.cut_off:
        tell_cut_off(journal, past.cut_off, new)
    return replace(place, base_commit=base)
