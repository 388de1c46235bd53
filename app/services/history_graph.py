"""The history as a graph: a target's commits with the executions that left it, read page by page.

Each call here may block, and may be made from any thread that runs no event loop.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..domain.errors import GitError, NotFound
from ..domain.executions import Execution, owner_of
from ..domain.history_graph import HistoryGraph, Run, TrunkCommit, Verdict, verdict_of
from ..domain.history_lanes import lay_out
from ..git.branches import trees_of
from ..git.graph import (
    Trunk,
    find_trunk,
    git_folder,
    merged_branches,
    own_chains,
    read_trunk,
    refs_stamp,
)
from ..git.refs import EXECUTIONS, HEADS, Tip, list_tips
from ..git.scratch import Desk
from ..git.tasks import together
from ..store.operations import Operations
from ..store.reviews import Reviews
from . import review
from .history_copies import copies
from .history_session import Session
from .history_standing import Account, Branches, Standings
from .workspace import Workspace

PAGE = 500
"""Commits of the trunk that are read at once."""

MOST_COMMITS = 25_000
"""Commits that are held; whoever wants to see further back asks git."""

RUNS = 2_000
"""Executions that are shown: the newest, and besides them those that still have a branch."""

NO_TRUNK = Trunk("", "", "")

JUDGED = 200
"""Reviews that are held against their diffs in one go; the others are only known to have begun."""


class _Read(NamedTuple):
    """What one look at the store and at git has found."""

    accounts: Mapping[str, Execution]
    account: Account
    reviewed: Mapping[str, float]
    branches: Branches


class HistoryReader:
    """Reads the history and remembers how far it has come. One call at a time; others wait.

    Args:
        target: The branch to show executions over; the one that is checked out where none is named.
        page: Commits of the trunk to read at once.
    """

    def __init__(self, workspace: Workspace, target: str | None = None, *, page: int = PAGE) -> None:
        self._workspace = workspace
        self._target = target
        self._page = page
        self._lock = threading.Lock()
        self._trunk = NO_TRUNK
        self._commits: tuple[TrunkCommit, ...] = ()
        self._read_all = True
        self._found: _Read | None = None
        self._verdicts: dict[tuple[str, str, float], Verdict] = {}
        self._known: Desk | None = None
        self._places: tuple[Path, Path] | None = None
        """Where HEAD is, and where the refs are."""
        self._stamp: tuple[object, ...] = ()

    def read(self) -> HistoryGraph:
        """The history as it is now, as far down as it was read before, at least one page.

        Raises:
            NotFound, UsageError: the target is no branch.
            Conflict: a target is named where there is no repository.
            GitError: git is missing or too old, or cannot read.
            StoreError: the store cannot be read.
        """
        with self._lock:
            asyncio.run(self._read())
            return self._graph()

    def more(self) -> HistoryGraph:
        """The history with one more page of the trunk.

        Raises:
            GitError, StoreError: as :meth:`read`.
        """
        with self._lock:
            if self._found is None:
                asyncio.run(self._read())
            elif not self._read_all:
                asyncio.run(self._read_page())
            return self._graph()

    def judge(self) -> HistoryGraph | None:
        """The history with what reviews say of whole diffs, which takes a diff each; ``None``: no news.

        Raises:
            GitError, StoreError: as :meth:`read`.
        """
        with self._lock:
            if self._found is None:
                return None
            begun = {self._key(run): run for run in self._runs() if run.verdict is Verdict.REVIEWED}
            news = [key for key in begun if key not in self._verdicts][:JUDGED]
            known = {key: verdict for key, verdict in self._verdicts.items() if key in begun}
            self._verdicts = known | {key: self._judge(begun[key]) for key in news}
            return self._graph() if news else None

    def has_changed(self) -> bool:
        """Whether anything may have changed since :meth:`read` began; costs no process."""
        with self._lock:
            return self._now() != self._stamp

    # Private

    async def _read(self) -> None:
        desk = await self._desk()
        if desk is None and self._target:
            await Session(self._workspace).desk()  # there is no branch of any name, and this says so
        # Before anything is read: what changes meanwhile is news the next time.
        self._stamp = self._now()
        trunk = await find_trunk(desk.repository, self._target) if desk else NO_TRUNK
        if desk and trunk.ref != self._trunk.ref:
            self._trunk = trunk  # it says which ref to watch
            self._stamp = self._now()
            trunk = await find_trunk(desk.repository, self._target)
        self._trunk = trunk
        tips = await list_tips(desk.repository, EXECUTIONS.rstrip("/")) if desk else ()
        accounts, account, reviewed = await asyncio.to_thread(self._read_store, tips)
        private = frozenset(copy.repository.name for copy in copies(self._workspace))
        branches = Branches(tips={tip.branch: tip for tip in tips}, copies=private)
        if desk and self._trunk.commit:
            asking = self._ask(desk, branches, accounts, account)
            branches, _ = await together(asking, self._renew(desk))
        else:
            self._commits, self._read_all = (), True
        self._found = _Read(accounts, account, reviewed, branches)

    async def _desk(self) -> Desk | None:
        """The repository; ``None`` where there is none: executions worked on copies then."""
        if self._known is None:
            self._known = await Session(self._workspace).repository()
        if self._known is None:
            return None
        if self._places is None:
            self._places = await git_folder(self._known.repository), self._known.common
        return self._known

    def _read_store(self, tips: tuple[Tip, ...]) -> tuple[dict[str, Execution], Account, Mapping[str, float]]:
        store = self._workspace.store
        accounts = {row.id: row for row in store.executions(RUNS)}
        if others := [owner for tip in tips if (owner := owner_of(tip.branch)) not in accounts]:
            accounts.update((row.id, row) for row in store.newer_than(math.inf, others))
        account = Account.of(Operations(store))
        return accounts, account, Reviews(store).times()

    async def _ask(
        self, desk: Desk, branches: Branches, accounts: Mapping[str, Execution], account: Account
    ) -> Branches:
        """With where the branches left the trunk, and which came back."""
        trunk, tips = self._trunk, branches.tips.values()
        bases = {row.base_commit for row in accounts.values() if row.base_commit}
        removed = {row.base_commit for row in accounts.values() if row.branch not in branches.tips} - {""}
        commits = {tip.commit for tip in tips} | bases | account.commits
        chains, merged, there = await together(
            own_chains(desk.repository, trunk.commit, commits - {""}),
            merged_branches(desk.repository, trunk.commit),
            trees_of(desk.repository, removed),
        )
        return replace(branches, ref=trunk.ref, merged=merged, chains=chains, there=frozenset(there))

    async def _renew(self, desk: Desk) -> None:
        """Read the newest page, and keep what was read below it where it is still the same chain."""
        page = await read_trunk(desk.repository, self._trunk.commit, self._page)
        places = {commit.sha: place for place, commit in enumerate(self._commits)}
        meets = next((number for number, commit in enumerate(page) if commit.sha in places), None)
        if meets is None:
            self._commits, self._read_all = page, len(page) < self._page
        else:
            self._commits = page[:meets] + self._commits[places[page[meets].sha] :]

    async def _read_page(self) -> None:
        last, desk = self._commits[-1], await self._desk()
        page: tuple[TrunkCommit, ...] = ()
        if desk and last.parents and len(self._commits) < MOST_COMMITS:
            page = await read_trunk(desk.repository, last.parents[0], self._page)
        self._commits += page
        self._read_all = len(page) < self._page

    def _graph(self) -> HistoryGraph:
        runs = [
            replace(run, verdict=self._verdicts.get(self._key(run), run.verdict))
            if run.verdict is Verdict.REVIEWED
            else run
            for run in self._runs()
        ]
        return lay_out(self._trunk.branch, self._commits, runs, complete=self._read_all)

    def _runs(self) -> list[Run]:
        """All executions; of those with a review it is only known that it was begun."""
        found = self._found
        assert found is not None
        rows = found.accounts.values()
        standings = Standings(found.account, found.branches, self._commits, found.reviewed, rows)
        runs = [standings.run_of(row) for row in rows]
        owners = {row.branch for row in rows}
        return runs + [
            standings.run_of_branch(owner_of(branch), tip)
            for branch, tip in found.branches.tips.items()
            if branch not in owners
        ]

    def _key(self, run: Run) -> tuple[str, str, float]:
        """What a verdict depends on: whose review, of which commit, and when it was changed."""
        assert self._found is not None
        tip = self._found.branches.tips.get(run.branch)
        owner = owner_of(run.branch) or run.id
        changed = self._found.reviewed.get(owner) or self._found.reviewed.get(run.id, 0.0)
        return owner, tip.commit if tip else "", changed

    def _judge(self, run: Run) -> Verdict:
        try:
            reviewed = review.open_review(self._workspace, run.id)
            return verdict_of(review.load(self._workspace, reviewed.execution), review.files(reviewed))
        except (GitError, NotFound):
            return Verdict.REVIEWED  # a commit that it is about is gone: how much was decided is not known

    def _now(self) -> tuple[object, ...]:
        refs = refs_stamp(*self._places, self._trunk.ref or HEADS) if self._places else ()
        return self._workspace.store.version(), refs
