"""Merging: looked at beforehand, made beside the user's checkout, landed in one step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..domain.errors import Conflict, UsageError
from ..domain.history import Mode, Operation, PendingMerge, Preview, RefMove
from ..domain.ids import new_execution_id
from ..domain.words import one_line
from ..git import merging, pending
from ..git.ancestry import is_ancestor
from ..git.archive import kept_commits
from ..git.checkouts import busy
from ..git.command import git, logged
from ..git.commits import with_trailers
from ..git.diffs import changes
from ..git.landing import blocked
from ..git.previews import Merging, forecast
from ..git.refs import HEADS, RefMoved, move_refs, read_ref, target_ref
from ..git.scratch import Desk, remove, scratch_worktree
from .history_parts import Part, commit_of_part
from .history_session import Session, Subject, new_operation


async def preview(
    session: Session, wanted: str, target: str | None, mode: Mode, part: Part | None = None
) -> Preview:
    """What a merge would do; see :func:`.history.preview`."""
    subject, asked = await _ask(session, wanted, target, mode, part or Part())
    return await _look(session, subject, asked)


async def merge(
    session: Session,
    wanted: str,
    target: str | None,
    mode: Mode,
    *,
    message: str,
    part: Part | None = None,
    expected: str = "",
    hook_seconds: float,
) -> Operation:
    """Merge a branch; see :func:`.history.merge`."""
    part = part or Part()
    with logged() as commands:
        subject, asked = await _ask(session, wanted, target, mode, part)
        if expected and asked.target_tip != expected:
            raise RefMoved(asked.target, expected, asked.target_tip)
        desk = await session.desk()
        _refuse_waiting(desk, subject, asked)
        seen = await _look(session, subject, asked)
        if seen.nothing:
            raise merging.nothing(seen.target)
        if seen.blocked:
            raise busy(seen.blocked)
        words = _message(subject, asked, message)
        identifier = new_execution_id()
        if mode is Mode.FF:
            result = asked.tip
        else:
            result = await _make(desk, identifier, subject, asked, words, hook_seconds)
        operation = _operation(identifier, subject, asked, result, part)
        async with session.changing() as (desk, lock):
            return await session.perform(desk, operation, hold=lock, commands=commands)


async def resume(session: Session, wanted: str, *, hook_seconds: float) -> Operation:
    """Go on with a merge whose conflicts are resolved; see :func:`.history.resume`."""
    with logged() as commands:
        desk = await session.desk()
        waiting = pending.find_pending(desk, wanted)
        now = await read_ref(desk.repository, waiting.target)
        if now != waiting.target_tip:
            raise RefMoved(waiting.target, waiting.target_tip, now)
        made = await pending.resolved(desk, waiting, hook_seconds=hook_seconds)
        if made.conflicts:
            raise pending.MergeConflicts(pending.find_pending(desk, waiting.id))
        move = RefMove(waiting.target, waiting.target_tip, made.commit)
        details = {
            "pending": waiting.id,
            "branch": waiting.branch,
            "tip": waiting.tip,
            "mode": waiting.mode.value,
        }
        summary = f"merge {waiting.branch} into {move.short}, conflicts resolved"
        operation = new_operation("merge", [waiting.execution], summary, [move], details, id=waiting.id)
        async with session.changing() as (desk, lock):
            done = await session.perform(desk, operation, hold=lock, commands=commands)
            await remove(desk, waiting.id)
    return done


async def abort(session: Session, wanted: str) -> Operation:
    """Give up a merge that waits; what was done in its work tree is kept in the archive."""
    with logged() as commands:
        async with session.changing() as (desk, lock):
            waiting = pending.find_pending(desk, wanted)
            typed = await pending.work_in(waiting, desk.common)
            summary = f"give up merging {waiting.branch}"
            operation = new_operation("abort", [waiting.execution], summary)
            await move_refs(desk.repository, kept_commits(operation.id, typed), hold=(lock,))
            await remove(desk, waiting.id)
            await session.operations.begin(operation)
            return await session.settle(operation, commands)


async def _ask(
    session: Session, wanted: str, target: str | None, mode: Mode, part: Part
) -> tuple[Subject, Merging]:
    """What is asked for, with every name resolved."""
    desk = await session.desk()
    subject = await session.subject(wanted)
    subject.refuse_live()
    ref, tip = await target_ref(desk.repository, await session.target(target))
    has_base = await is_ancestor(desk.repository, subject.base, tip)
    wants = Merging(desk.repository, subject.branch, subject.base, subject.tip, ref, tip, mode, has_base)
    return subject, await _part_of(desk, wants, part) if part else wants


async def _part_of(desk: Desk, wants: Merging, part: Part) -> Merging:
    if wants.mode is not Mode.SQUASH:
        raise UsageError(
            "A part of a branch can only be squashed",
            detail=f"--mode {wants.mode} keeps the branch's commits, which hold all of it",
            hint="use --mode squash with --files or --hunks",
        )
    commit = await commit_of_part(desk.repository, wants.branch, wants.base, wants.tip, part)
    return replace(wants, tip=commit)


async def _look(session: Session, subject: Subject, asked: Merging) -> Preview:
    desk = await session.desk()
    seen = await forecast(asked)
    now = await git(desk.repository, "rev-parse", f"{asked.target_tip}^{{tree}}")
    files = () if seen.conflicts else await changes(desk.repository, asked.target_tip, seen.tree)
    nothing = not seen.conflicts and seen.tree == now.text and await _brings_no_commit(asked)
    why = ""
    if not seen.conflicts and not nothing:
        # Of a merge that is not made yet only the tree is known; it is all that matters to files.
        why = await blocked(desk, RefMove(asked.target, asked.target_tip, seen.tree))
    return Preview(
        subject.id,
        subject.branch,
        subject.tip,
        asked.target.removeprefix(HEADS),
        asked.target_tip,
        asked.mode,
        seen.conflicts,
        files,
        seen.commits,
        nothing,
        why,
        brings_fork=not asked.has_base and not nothing and asked.mode in (Mode.MERGE, Mode.FF),
    )


async def _brings_no_commit(asked: Merging) -> bool:
    if asked.mode in (Mode.SQUASH, Mode.REBASE, Mode.CHERRY_PICK):
        return True
    return await is_ancestor(asked.repository, asked.tip, asked.target_tip)


async def _make(
    desk: Desk, identifier: str, subject: Subject, asked: Merging, message: str, hook_seconds: float
) -> str:
    """The merge's commit; with conflicts, its scratch work tree stays and the error says where."""
    async with scratch_worktree(desk, identifier, asked.target_tip) as scratch:
        made = await merging.make(
            asked, scratch.folder, message, hook_seconds=hook_seconds, hold=(scratch.mark.descriptor,)
        )
        if not made.conflicts:
            return made.commit
        waiting = PendingMerge(
            identifier,
            subject.id,
            subject.branch,
            subject.tip,
            asked.base,
            asked.target,
            asked.target_tip,
            asked.mode,
            message,
            str(scratch.folder),
            str(desk.repository),
            {},
        )
        waiting = await pending.keep_waiting(desk, waiting, made.conflicts)
        scratch.stay()
    raise pending.MergeConflicts(waiting)


def _refuse_waiting(desk: Desk, subject: Subject, asked: Merging) -> None:
    for waiting in pending.list_pending(desk):
        if waiting.branch == subject.branch and waiting.target == asked.target:
            raise Conflict(
                "A merge of this branch waits for its conflicts",
                detail=str(Path(waiting.folder)),
                hint="'paracle git merge --continue' finishes it, '--abort' gives it up",
            )


def _operation(identifier: str, subject: Subject, asked: Merging, result: str, part: Part) -> Operation:
    move = RefMove(asked.target, asked.target_tip, result)
    details = {
        "branch": subject.branch,
        "tip": "" if part else subject.tip,
        "mode": asked.mode.value,
        "part": bool(part),
    }
    what = f"a part of {subject.branch}" if part else subject.branch
    summary = f"{asked.mode} {what} into {move.short}"
    return new_operation("merge", [subject.id], summary, [move], details, id=identifier)


def _message(subject: Subject, asked: Merging, given: str) -> str:
    row = subject.execution
    title = f"{row.agent}: {row.task}" if row and row.task else subject.branch
    if asked.mode is Mode.SQUASH:
        words = given or one_line(title, 72)
    else:
        words = given or f"Merge {subject.branch} into {asked.target.removeprefix(HEADS)}\n\n{title}"
    return with_trailers(words, {"Paracle-Execution": subject.id})
