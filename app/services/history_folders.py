"""Folders without git, and what a merge is there.

A folder without git has no branch to merge into and no commits, so a merge brings the changes into its files,
as an apply does: that is what a person wants who accepts an execution's work there. Whatever only a branch
can mean, a target or a way of joining commits, is refused, and never quietly left out.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..domain.errors import Conflict, UsageError
from ..domain.history import Mode, Operation, Preview
from ..git.applying import ApplyConflicts, fingerprint, obstacles
from ..git.checkouts import CheckoutBusy
from ..git.command import logged
from ..git.diffs import changes
from ..git.failures import GitConflict
from ..git.previews import NothingToMerge, commits_of
from ..git.scratch import Desk
from .history_files import perform_apply, plan_apply
from .history_parts import Part
from .history_session import Session, Subject

_ALIKE = (Mode.MERGE, Mode.SQUASH)


class FilesMoved(GitConflict):
    """The files that a change concerns are not as they were when it was previewed."""

    code = "git_ref_moved"  # to a face it is the same: what was looked at is not what there is

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder.name} has changed meanwhile",
            detail=f"files in {folder} that the change concerns are not as they were in the preview",
            hint="look at it again, then repeat what you asked for",
        )


async def preview(session: Session, wanted: str, target: str | None, mode: Mode, part: Part) -> Preview:
    """What :func:`merge` would do to the folder's files.

    Its ``target`` is the folder, and its ``target_tip`` stands for the files that the change concerns.
    """
    desk, subject = await _ask(session, wanted, target, mode)
    commits = len(await commits_of(desk.repository, subject.base, subject.tip))
    seen = Preview(subject.id, subject.branch, subject.tip, str(desk.original), "", mode, (), (), commits)
    try:
        change = await plan_apply(desk, subject, part)
    except ApplyConflicts as error:
        return replace(seen, conflicts=error.paths)
    except NothingToMerge:
        return replace(seen, nothing=True)
    except CheckoutBusy as error:
        return replace(seen, blocked=error.detail)
    return replace(
        seen,
        target_tip=await fingerprint(change),
        files=await changes(desk.repository, change.before, change.after),
        blocked=await obstacles(change),
    )


async def merge(
    session: Session, wanted: str, target: str | None, mode: Mode, *, part: Part, message: str, expected: str
) -> Operation:
    """Bring a branch, or a part of it, into the folder's files."""
    if message:
        raise _no_commits("a message is a commit's")
    with logged() as commands:
        async with session.changing() as (_, lock):
            desk, subject = await _ask(session, wanted, target, mode)
            change = await plan_apply(desk, subject, part)
            if expected and expected != await fingerprint(change):
                raise FilesMoved(change.files.folder)
            return await perform_apply(session, subject, change, part, lock, commands)


async def _ask(session: Session, wanted: str, target: str | None, mode: Mode) -> tuple[Desk, Subject]:
    desk = await session.desk()
    refuse_target(desk, target)
    if mode not in _ALIKE:
        raise _no_commits(f"--mode {mode} joins commits")
    subject = await session.subject(wanted)
    subject.refuse_live()
    return desk, subject


def refuse_target(desk: Desk, target: str | None) -> None:
    """Refuse to look for a branch in a folder without git.

    Raises:
        Conflict: one is named there.
    """
    if desk.original and target and target != str(desk.original):
        raise Conflict(
            "This folder has no branch to merge into",
            detail=f"{desk.original} has no git; '{target}' was named",
            hint="leave --target out, or use 'paracle git apply': the changes come into your files",
        )


def _no_commits(why: str) -> UsageError:
    return UsageError(
        "This folder has no commits",
        detail=f"it has no git, and {why}",
        hint="leave it out, or use 'paracle git apply': the changes come into your files",
    )
