"""Applying, discarding, cleaning up: what concerns the work trees and branches of executions themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..domain.errors import Conflict, GitError
from ..domain.executions import Execution
from ..domain.history import BranchRow, Cleanup, Kept, Merged, Operation, RefMove
from ..domain.words import plural
from ..git.applying import plan_change
from ..git.archive import drop, kept_commits
from ..git.checkouts import Checkout, list_checkouts
from ..git.command import logged
from ..git.landing import land
from ..git.refs import EXECUTIONS, list_tips, read_ref
from ..git.removal import losses
from ..git.scratch import Desk, clear
from ..git.tasks import to_the_end
from ..git.workplaces import Workplace
from ..git.worktrees import forget_worktree, unlock
from .history_places import clear_places, keep_all, remove_place
from .history_session import Session, Subject, new_operation
from .history_undo import as_details, write_recorded


async def apply(session: Session, wanted: str) -> Operation:
    """Bring an execution's changes into the user's files; see :func:`.history.apply`."""
    with logged() as commands:
        async with session.changing() as (desk, lock):
            subject = await session.subject(wanted)
            _refuse_live(subject)
            change = await plan_change(desk.repository, subject.base, subject.tip)
            summary = f"apply {subject.branch} as uncommitted changes"
            operation = new_operation("apply", [subject.id], summary, details=as_details(change))
            await write_recorded(session, desk, operation, change, lock)
            return await session.settle(operation, commands)


async def discard(session: Session, wanted: str) -> Operation:
    """Remove an execution's branch and work tree; see :func:`.history.discard`."""
    with logged() as commands:
        async with session.changing() as (desk, lock):
            subject = await session.subject(wanted)
            _refuse_live(subject)
            place = session.place(desk, subject)
            keep, snapshot = await keep_all(desk, place) if place else ({}, "")
            tip = await read_ref(desk.repository, subject.ref)
            details = {}
            if place:
                again = {"execution": subject.id, "branch": subject.ref, "tip": tip, "snapshot": snapshot}
                details = {"removes": str(place.worktree), "rebuild": again}
            moves = (RefMove(subject.ref, tip, None),)
            operation = new_operation("discard", [subject.id], f"discard {subject.branch}", moves, details)
            await session.operations.begin(operation)
            try:
                await land(
                    desk, operation.id, (), why=operation.summary,
                    also=kept_commits(operation.id, keep), hold=lock,
                )  # fmt: skip
                if place:
                    await to_the_end(remove_place(desk, place, lock))
                await land(desk, operation.id, moves, why=operation.summary, hold=lock)
            except GitError:
                # With the work tree gone, what was kept of it must stay: the next one finishes this.
                if place is None or await asyncio.to_thread(place.worktree.exists):
                    await drop(desk.repository, operation.id, hold=(lock,))
                    await session.operations.forget(operation.id)
                raise
            return await session.settle(operation, commands)


async def cleanup(session: Session, rows: tuple[BranchRow, ...], *, dry_run: bool) -> Cleanup:
    """Remove the branches that are merged; see :func:`.history.cleanup`."""
    with logged() as commands:
        async with session.changing() as (desk, lock):
            accounts = session.rows()
            checkouts = await list_checkouts(desk.repository, desk.common)
            tips = {tip.branch: tip.commit for tip in await list_tips(desk.repository, EXECUTIONS[:-1])}
            going: list[tuple[BranchRow, Workplace | None]] = []
            kept: list[Kept] = []
            for row in rows:
                place = session.place(desk, _subject_of(row))
                why = await _why_kept(desk, row, accounts, place)
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
            operation = new_operation("cleanup", [row.execution for row, _ in going], summary, moves)
            done = await session.perform(desk, operation, hold=lock, commands=commands)
            return Cleanup(names, tuple(kept), done.id)


async def prune(session: Session, *, dry_run: bool) -> Cleanup:
    """Remove work trees that nobody needs; see :func:`.history.prune`."""
    async with session.changing() as (desk, _):
        gone = [] if dry_run else [*await clear(desk), *await clear_places(desk)]
        kept: list[Kept] = []
        accounts = session.rows()
        folder = desk.state / "worktrees" / desk.key
        checkouts = await list_checkouts(desk.repository, desk.common)
        known = {checkout.folder for checkout in checkouts}
        for stray in await asyncio.to_thread(lambda: sorted(set(folder.glob("*/")) - known)):
            kept.append(Kept(str(stray), stray.name, "unknown: git has no record of it"))
        for checkout in checkouts:
            if not checkout.folder.is_relative_to(folder):
                continue
            row = accounts.get(checkout.folder.name)
            place = _place_of(desk, checkout.folder, checkout.branch or "", row)
            why = await _why_place_kept(desk, place, row, missing=checkout.missing)
            if why:
                kept.append(Kept(str(checkout.folder), checkout.folder.name, why))
                continue
            gone.append(str(checkout.folder))
            if not dry_run:
                await forget_worktree(desk.repository, checkout.folder, locked=True)
        return Cleanup(tuple(gone), tuple(kept))


def _place_of(desk: Desk, folder: Path, ref: str, row: Execution | None) -> Workplace:
    branch = row.branch if row else ref.removeprefix("refs/heads/")
    base = row.base_commit if row else ""
    return Workplace(folder.name, folder, folder, branch, base, "worktree", desk.repository)


async def _why_place_kept(desk: Desk, place: Workplace, row: Execution | None, *, missing: bool) -> str:
    if row and row.state.is_live:
        return f"its execution is {row.state.word}"
    if missing:
        return ""
    if row is None:
        return "unknown: no account of its execution"
    if found := tuple(await losses(place, desk.repository)):
        return f"holds what is in no commit: {', '.join(found[:3])}"
    return "" if row.state.is_final else f"its execution is {row.state.word} and can go on in it"


async def _why_kept(
    desk: Desk, row: BranchRow, accounts: Mapping[str, Execution], place: Workplace | None
) -> str:
    account = accounts.get(row.execution)
    if account is None or row.figures is None:
        return "unknown: no account of its execution"
    if not account.state.is_final:
        return f"its execution is {account.state.word}"
    if row.figures.merged is Merged.NO:
        return "not merged"
    if place and (found := tuple(await losses(place, desk.repository))):
        return f"its work tree holds what is in no commit: {', '.join(found[:3])}"
    return ""


def _why_not_now(
    row: BranchRow, place: Workplace | None, tips: Mapping[str, str], checkouts: Sequence[Checkout]
) -> str:
    if tips.get(row.branch) != row.tip:
        return "it has moved at this moment"
    for checkout in checkouts:
        elsewhere = place is None or checkout.folder.resolve() != place.worktree.resolve()
        if checkout.branch == f"refs/heads/{row.branch}" and elsewhere:
            return f"checked out in {checkout.folder}"
    return ""


def _subject_of(row: BranchRow) -> Subject:
    return Subject(row.execution, row.branch, row.tip, row.base, None)


def _refuse_live(subject: Subject) -> None:
    row = subject.execution
    if row and row.state.is_live:
        raise Conflict(
            f"Execution {row.short} is {row.state.word}", hint="stop it first, or wait for its end"
        )
