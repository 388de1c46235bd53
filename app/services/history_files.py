"""Applying, discarding, cleaning up: what concerns the work trees and branches of executions themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..domain.errors import GitError
from ..domain.executions import Execution, by_branch, leading, owner_of
from ..domain.history import BranchRow, Cleanup, GitCommand, Kept, Merged, Operation, RefMove
from ..domain.words import plural
from ..git.applying import Change, plan_change
from ..git.archive import drop, kept_commits
from ..git.checkouts import Checkout, list_checkouts
from ..git.command import logged
from ..git.landing import land
from ..git.leases import is_ours, release
from ..git.refs import EXECUTIONS, list_tips, read_ref
from ..git.removal import losses
from ..git.scratch import Desk, clear
from ..git.tasks import to_the_end
from ..git.workplaces import Workplace
from ..git.worktrees import forget_worktree, unlock
from .history_parts import Part, commit_of_part
from .history_places import clear_places, keep_all, remove_place
from .history_recovery import as_details
from .history_session import Session, Subject, new_operation
from .history_undo import write_recorded


async def apply(session: Session, wanted: str, part: Part | None = None) -> Operation:
    """Bring an execution's changes into the user's files; see :func:`.history.apply`."""
    with logged() as commands:
        async with session.changing() as (desk, lock):
            subject = await session.subject(wanted)
            subject.refuse_live()
            change = await plan_apply(desk, subject, part or Part())
            return await perform_apply(session, subject, change, part or Part(), lock, commands)


async def plan_apply(desk: Desk, subject: Subject, part: Part) -> Change:
    """What an execution's branch, or a part of it, would do to the user's files; raises what apply does."""
    tip = await commit_of_part(desk.repository, subject.branch, subject.base, subject.tip, part)
    return await plan_change(desk.files, subject.base, tip)


async def perform_apply(
    session: Session, subject: Subject, change: Change, part: Part, lock: int, commands: Sequence[GitCommand]
) -> Operation:
    """Do what :func:`plan_apply` has found. The repository's lock must be held."""
    desk = await session.desk()
    what = f"a part of {subject.branch}" if part else subject.branch
    details = {**as_details(change), "branch": subject.branch, "tip": "" if part else subject.tip}
    summary = f"apply {what} " + (f"to {change.files.folder}" if desk.original else "as uncommitted changes")
    operation = new_operation("apply", [subject.id], summary, details=details, desk=desk)
    await write_recorded(session, desk, operation, change, lock)
    return await session.settle(operation, commands)


async def discard(session: Session, wanted: str) -> Operation:
    """Remove an execution's branch and work tree; see :func:`.history.discard`."""
    with logged() as commands:
        async with session.changing() as (desk, lock):
            subject = await session.subject(wanted)
            subject.refuse_live()
            place = session.place(desk, subject)
            keep, snapshot = await keep_all(desk, place) if place else ({}, "")
            tip = await read_ref(desk.repository, subject.ref)
            details = {}
            if place:
                again = {"execution": subject.id, "branch": subject.ref, "tip": tip, "snapshot": snapshot}
                details = {"removes": str(place.worktree), "rebuild": again}
            moves = (RefMove(subject.ref, tip, None),)
            operation = new_operation(
                "discard", [subject.id], f"discard {subject.branch}", moves, details, desk=desk
            )
            await session.operations.begin(operation)
            removing = False
            try:
                await land(
                    desk, operation.id, (), why=operation.summary,
                    also=kept_commits(operation.id, keep), hold=lock,
                )  # fmt: skip
                if place:
                    removing = True
                    await to_the_end(remove_place(desk, place, lock))
                await land(desk, operation.id, moves, why=operation.summary, hold=lock)
            except GitError:
                # What was kept of a work tree must stay once its removal has begun. Where that was all that
                # failed afterwards, the next one finishes this.
                if not removing:
                    await drop(desk.repository, operation.id, hold=(lock,))
                if place is None or await asyncio.to_thread(place.worktree.exists):
                    await session.operations.forget(operation.id)
                raise
            return await session.settle(operation, commands)


async def cleanup(session: Session, rows: tuple[BranchRow, ...], *, dry_run: bool) -> Cleanup:
    """Remove the branches that are merged; see :func:`.history.cleanup`."""
    with logged() as commands:
        async with session.changing() as (desk, lock):
            standing = _Standing(session)
            checkouts = await list_checkouts(desk.repository, desk.common)
            if not dry_run:
                await asyncio.to_thread(_release_dead, desk, checkouts, standing)
            tips = {tip.branch: tip.commit for tip in await list_tips(desk.repository, EXECUTIONS[:-1])}
            going: list[tuple[BranchRow, Workplace | None]] = []
            kept: list[Kept] = []
            for row in rows:
                place = session.place(desk, row)
                why = await _why_kept(desk, row, standing.of(row.branch), place)
                why = why or _why_not_now(row, place, tips, checkouts)
                if why:
                    kept.append(Kept(row.branch, row.execution, why))
                else:
                    going.append((row, place))
            names = tuple(row.branch for row, _ in going)
            if dry_run or not going:
                return Cleanup(names, tuple(kept))
            for _, place in going:
                if place:
                    await unlock(place)
                    await forget_worktree(desk.repository, place.worktree)
            moves = [RefMove(f"refs/heads/{row.branch}", row.tip, None) for row, _ in going]
            summary = f"clean up {plural(len(moves), 'merged branch', 'merged branches')}"
            operation = new_operation(
                "cleanup", [row.execution for row, _ in going], summary, moves, desk=desk
            )
            done = await session.perform(desk, operation, hold=lock, commands=commands)
            return Cleanup(names, tuple(kept), done.id)


async def prune(session: Session, *, dry_run: bool) -> Cleanup:
    """Remove work trees that nobody needs; see :func:`.history.prune`."""
    async with session.changing() as (desk, _):
        gone = [] if dry_run else [*await clear(desk), *await clear_places(desk)]
        kept: list[Kept] = []
        standing = _Standing(session)
        folder = desk.state / "worktrees" / desk.key
        checkouts = await list_checkouts(desk.repository, desk.common)
        if not dry_run:
            await asyncio.to_thread(_release_dead, desk, checkouts, standing)
        known = {checkout.folder for checkout in checkouts}
        for stray in await asyncio.to_thread(lambda: sorted(set(folder.glob("*/")) - known)):
            if not _is_of(desk, stray):
                continue
            kept.append(Kept(str(stray), stray.name, "unknown: git has no record of it"))
        for checkout in checkouts:
            if not checkout.folder.is_relative_to(folder):
                continue
            row = standing.of(checkout.branch or "", checkout.folder.name)
            place = _place_of(desk, checkout.folder, checkout.branch or "", row)
            why = _why_locked(checkout) or await _why_place_kept(desk, place, row, missing=checkout.missing)
            if why:
                kept.append(Kept(str(checkout.folder), checkout.folder.name, why))
                continue
            gone.append(str(checkout.folder))
            if not dry_run:
                await forget_worktree(desk.repository, checkout.folder, locked=True)
        return Cleanup(tuple(gone), tuple(kept))


class _Standing:
    """The accounts that say how branches stand, read while nobody else changes them."""

    def __init__(self, session: Session) -> None:
        self._accounts = session.rows()
        self._by_branch = by_branch(self._accounts.values())

    def of(self, branch: str, owner: str = "") -> Execution | None:
        """That of a branch. By its owner alone where a kill came before it was recorded."""
        name = branch.removeprefix("refs/heads/")
        return leading(self._by_branch.get(name, ())) or self._accounts.get(owner or owner_of(name))


def _release_dead(desk: Desk, checkouts: Sequence[Checkout], standing: _Standing) -> None:
    """Take away git's locks on the work trees of executions that run no more: their processes have died.

    Whether one runs says the store, which asks the kernel; what the lock says of a process is not looked at.
    """
    folder = desk.state / "worktrees" / desk.key
    for checkout in checkouts:
        if checkout.locked and checkout.folder.is_relative_to(folder):
            row = standing.of(checkout.branch or "", checkout.folder.name)
            if row and not row.state.is_live:
                release(checkout.own)


def _why_locked(checkout: Checkout) -> str:
    """Why git's lock on a work tree keeps it: a person has set it."""
    return "locked, and not by an execution" if checkout.locked and not is_ours(checkout.own) else ""


def _is_of(desk: Desk, worktree: Path) -> bool:
    """Whether a work tree without a record was made for this repository, and not for that of a copy."""
    private = desk.state / "copies" / desk.key / worktree.name
    return private == desk.repository if desk.original else not private.exists()


def _place_of(desk: Desk, folder: Path, ref: str, row: Execution | None) -> Workplace:
    branch = row.branch if row else ref.removeprefix("refs/heads/")
    base = row.base_commit if row else ""
    return Workplace(folder.name, folder, folder, branch, base, "worktree", desk.repository)


async def _why_place_kept(desk: Desk, place: Workplace, row: Execution | None, *, missing: bool) -> str:
    if row and row.state.is_live:
        return f"its execution {row.state.predicate}"
    if missing:
        return ""
    if row is None:
        return "unknown: no account of its execution"
    if found := tuple(await losses(place, desk.files.folder)):
        return f"holds what is in no commit: {', '.join(found[:3])}"
    return "" if row.state.is_final else f"its execution {row.state.predicate} and can go on in it"


async def _why_kept(desk: Desk, row: BranchRow, account: Execution | None, place: Workplace | None) -> str:
    if account is None or row.figures is None:
        return "unknown: no account of its execution"
    if not account.state.is_final:
        return f"its execution {account.state.predicate}"
    if row.figures.merged is Merged.NO:
        return "not merged"
    if place and (found := tuple(await losses(place, desk.files.folder))):
        return f"its work tree holds what is in no commit: {', '.join(found[:3])}"
    return ""


def _why_not_now(
    row: BranchRow, place: Workplace | None, tips: Mapping[str, str], checkouts: Sequence[Checkout]
) -> str:
    if tips.get(row.branch) != row.tip:
        return "it has moved at this moment"
    for checkout in checkouts:
        if checkout.branch != f"refs/heads/{row.branch}":
            continue
        if place is None or checkout.folder.resolve() != place.worktree.resolve():
            return f"checked out in {checkout.folder}"
        if why := _why_locked(checkout):
            return f"its work tree is {why}"
    return ""
