"""The branches of executions with their figures, remembered by tip, target and fork."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..domain.diffs import FileDiff
from ..domain.errors import Conflict, GitError, NotFound
from ..domain.events import Kind
from ..domain.executions import Execution, by_branch, leading, owner_of
from ..domain.history import BranchRow, Clash, Figures, Merged, Operation
from ..domain.ids import shorten
from ..git.branches import Compared, compare, trees_of
from ..git.clashes import find_clashes
from ..git.command import git
from ..git.patches import diff_files
from ..git.refs import EXECUTIONS, Tip, list_tips, target_ref
from ..git.scratch import Desk
from ..git.standing import stand
from ..git.status import read_status
from ..git.tasks import each, together
from .history_session import Session, Subject
from .runs import telling_events

_REMEMBERED = 20_000


async def branches(session: Session, target: str | None) -> tuple[BranchRow, ...]:
    """The branches, newest first; see :func:`.history.branches`."""
    desk = await session.desk()
    tips, accounts = await together(
        list_tips(desk.repository, EXECUTIONS.rstrip("/")), asyncio.to_thread(session.rows)
    )
    if not tips:
        return ()
    on_branches = by_branch(accounts.values())
    found = [_Found.of(tip, accounts, on_branches) for tip in tips]
    if desk.original:
        figures, recorded = await _against_folder(desk, found), _applied(session)
    else:
        aim = await _aim(session, desk, target)
        figures = await _figures(session, desk, found, aim[1]) if aim else {}
        recorded = await _recorded(session, desk, aim) if aim else {}
    places = await _places(desk, found)
    rows = []
    for one in found:
        known = figures.get(one.compared)
        if known and known.merged is Merged.NO and one.tip.commit in recorded.get(one.tip.branch, ()):
            known = replace(known, merged=Merged.RECORDED, conflicts=())
        worktree, dirty = places.get(one.id, ("", 0))
        rows.append(_row(one, known, worktree, dirty))
    return tuple(sorted(rows, key=lambda row: row.created, reverse=True))


@dataclass(frozen=True, slots=True)
class _Found:
    id: str
    tip: Tip
    base: str
    account: Execution | None
    on_branch: tuple[Execution, ...]

    @classmethod
    def of(
        cls, tip: Tip, accounts: Mapping[str, Execution], branches: Mapping[str, tuple[Execution, ...]]
    ) -> _Found:
        owner = owner_of(tip.branch)
        account = accounts.get(owner)
        base = account.base_commit if account else ""
        return cls(owner, tip, base, account, branches.get(tip.branch, ()))

    @property
    def compared(self) -> Compared:
        return Compared(self.tip.commit, self.tip.tree, self.base)


def _row(one: _Found, figures: Figures | None, worktree: str, dirty: int) -> BranchRow:
    account = one.account
    stands = leading(one.on_branch) or account
    return BranchRow(
        one.id,
        account.agent if account else "",
        str(stands.state) if stands else "",
        one.tip.branch,
        one.tip.commit,
        one.base,
        account.created if account else float(one.tip.time),
        figures,
        worktree,
        dirty,
        tuple(row.id for row in reversed(one.on_branch) if row.id != one.id),
    )


async def _against_folder(desk: Desk, found: list[_Found]) -> dict[Compared, Figures]:
    """The figures of a copy's branch against the folder it was copied from."""
    return {one.compared: await stand(desk.files, one.base, one.tip.commit) for one in found if one.base}


def _applied(session: Session) -> dict[str, set[str]]:
    """The tips of branches that were brought into the user's files whole, and not taken out again."""
    found: dict[str, set[str]] = {}
    for operation in session.operations.of_kind("apply"):
        details = operation.details or {}
        if details.get("tip"):
            found.setdefault(details["branch"], set()).add(details["tip"])
    return found


async def _aim(session: Session, desk: Desk, target: str | None) -> tuple[str, str] | None:
    """The target's ref and commit; ``None`` where none is named and HEAD is on no branch."""
    try:
        return await target_ref(desk.repository, await session.target(target))
    except Conflict:
        if target:
            raise
        return None


async def _figures(session: Session, desk: Desk, found: list[_Found], target: str) -> dict[Compared, Figures]:
    memory = Memory(session.workspace.local / "branches.json")
    known = await asyncio.to_thread(memory.read, target)
    figures = {one.compared: known[key] for one in found if (key := _key(one.compared)) in known}
    missing = [one.compared for one in found if one.compared not in figures]
    if missing:
        figures |= await compare(desk.repository, missing, target)
        kept = {_key(branch): value for branch, value in figures.items()}
        await asyncio.to_thread(memory.write, target, kept)
    return figures


def _key(branch: Compared) -> str:
    return f"{branch.tip} {branch.base}"


class Memory:
    """Figures of the branches against one target, in a file that can be thrown away at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, target: str) -> dict[str, Figures]:
        """What is known against this commit; nothing where the file is missing, damaged, or of another."""
        try:
            data = json.loads(self._path.read_bytes())
            if data["target"] != target or data["format"] != _FORMAT:
                return {}
            return {key: Figures.from_dict(value) for key, value in data["figures"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def write(self, target: str, figures: Mapping[str, Figures]) -> None:
        """Remember. Where nothing can be written, nothing is remembered."""
        kept = dict(list(figures.items())[-_REMEMBERED:])
        data = {
            "format": _FORMAT,
            "target": target,
            "figures": {key: value.to_dict() for key, value in kept.items()},
        }
        part = self._path.with_suffix(f".{os.getpid()}.part")
        with suppress(OSError):
            part.write_text(json.dumps(data), encoding="utf-8")
            part.replace(self._path)


_FORMAT = 1


async def _recorded(session: Session, desk: Desk, aim: tuple[str, str]) -> dict[str, set[str]]:
    """The tips of branches that a merge brought into the target, where the target still has that merge."""
    ref, commit = aim
    merges = [merge for merge in session.operations.of_kind("merge") if _goes_to(merge, ref)]
    if not merges:
        return {}
    made = {str(merge.moves[0].after) for merge in merges}
    said = await git(
        desk.repository, "rev-list", "--no-walk=unsorted", "--stdin", stdin="\n".join(made).encode() + b"\n"
    )
    there = set(said.text.split())
    gone = await git(
        desk.repository, "rev-list", "--stdin", stdin="\n".join([*there, f"^{commit}"]).encode() + b"\n"
    )
    kept = there - set(gone.text.split())
    found: dict[str, set[str]] = {}
    for merge in merges:
        details = merge.details or {}
        if merge.moves[0].after in kept and details.get("tip"):
            found.setdefault(details["branch"], set()).add(details["tip"])
    return found


def _goes_to(merge: Operation, ref: str) -> bool:
    return bool(merge.moves) and merge.moves[0].name == ref


async def _places(desk: Desk, found: list[_Found]) -> dict[str, tuple[str, int]]:
    """The work trees that are there, each with the number of its uncommitted paths."""
    folder = desk.state / "worktrees" / desk.key
    there = await asyncio.to_thread(lambda: {path.parent.name for path in folder.glob("*/.git")})
    limit = asyncio.Semaphore(4)

    async def look(identifier: str) -> tuple[str, tuple[str, int]] | None:
        worktree = folder / identifier
        async with limit:
            try:
                status = await read_status(worktree)
            except GitError:
                if await asyncio.to_thread((worktree / ".git").exists):
                    raise
                return None  # it was removed at this moment: its execution has ended
        return identifier, (str(worktree), len(status.changed) + len(status.untracked))

    looked = await each(look(one.id) for one in found if one.id in there)
    return dict(filter(None, looked))


COMPARED = 200
"""How many of the newest open branches are looked at for clashes: pairs grow with the square of it."""


async def clashes(session: Session, target: str | None, only: str = "") -> tuple[Clash, ...]:
    """The newest open branches that would conflict with each other; see :func:`.history.clashes`."""
    desk = await session.desk()
    one = (await session.subject(only)).tip if only else ""
    rows = [row for row in await branches(session, target) if row.base and not _is_merged(row)]
    rows = [*rows[:COMPARED], *(row for row in rows[COMPARED:] if row.tip == one)]
    trees = await trees_of(desk.repository, {commit for row in rows for commit in (row.base, row.tip)})
    pairs = {row.tip: (trees[row.base], trees[row.tip]) for row in rows if row.base in trees}
    by_tip = {row.tip: row.execution for row in rows}
    found = await find_clashes(desk.repository, pairs, one)
    return tuple(Clash(by_tip[one], by_tip[other], paths) for (one, other), paths in found.items())


def _is_merged(row: BranchRow) -> bool:
    return row.figures is not None and row.figures.merged is not Merged.NO


async def diff(
    session: Session, wanted: str, *, file: str, step: int, context: int, ignore_whitespace: bool
) -> tuple[FileDiff, ...]:
    """What a branch changes; see :func:`.history.diff`."""
    desk = await session.desk()
    subject = await session.subject(wanted)
    base, tip = subject.base, subject.tip
    if step:
        tip = _commit_of(session, subject, step)
        base = f"{tip}^"
    found = await diff_files(desk.repository, base, tip, context=context, ignore_whitespace=ignore_whitespace)
    if not file:
        return found
    if chosen := tuple(one for one in found if file in (one.path, one.old_path)):
        return chosen
    raise NotFound(
        f"{file} was not changed", hint=f"'paracle git diff {shorten(subject.id)} --stat' lists what was"
    )


def _commit_of(session: Session, subject: Subject, step: int) -> str:
    for event in telling_events(session.workspace, subject.named):
        if event.kind is Kind.COMMIT and event.payload["step"] == step:
            return str(event.payload["sha"])
    raise NotFound(f"Step {step} has committed nothing", hint="'paracle runs log' shows the steps")
