"""What became of an execution's branch: merged and by which commit, discarded, or left to be reviewed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..domain.executions import Execution
from ..domain.history import Mode, Operation
from ..domain.history_graph import Run, TrunkCommit, Verdict
from ..git.graph import leave_of
from ..git.refs import Tip
from ..store.operations import Operations


@dataclass(frozen=True, slots=True)
class Account:
    """What the store knows of branches.

    Attributes:
        merges: By branch, the merges that were not taken back, newest first.
        applied: By branch, the tips that came into the user's files; empty for a part of one.
        discarded, cleaned: By branch that was removed, what it stood for.
    """

    merges: Mapping[str, tuple[Operation, ...]] = field(default_factory=dict)
    applied: Mapping[str, frozenset[str]] = field(default_factory=dict)
    discarded: Mapping[str, str] = field(default_factory=dict)
    cleaned: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, operations: Operations) -> Account:
        """Sort the operations that were not taken back by the branches that they are about."""
        merges: dict[str, tuple[Operation, ...]] = {}
        for merge in operations.of_kind("merge"):
            if merge.moves and merge.details:
                branch = str(merge.details.get("branch", ""))
                merges[branch] = (*merges.get(branch, ()), merge)
        applied: dict[str, frozenset[str]] = {}
        for apply in operations.of_kind("apply"):
            details = apply.details or {}
            if branch := str(details.get("branch", "")):
                applied[branch] = applied.get(branch, frozenset()) | {str(details.get("tip", ""))}
        removed = (_removed(operations.of_kind(kind)) for kind in ("discard", "cleanup"))
        return cls(merges, applied, *removed)

    @property
    def commits(self) -> set[str]:
        """The commits that merges have made."""
        return {merge.moves[0].after or "" for merges in self.merges.values() for merge in merges}


def _removed(operations: Iterable[Operation]) -> dict[str, str]:
    removed: dict[str, str] = {}
    for operation in operations:
        for move in operation.moves:
            if move.after is None and move.before:
                removed.setdefault(move.short, move.before)
    return removed


@dataclass(frozen=True, slots=True)
class Branches:
    """What git knows of branches, over one trunk.

    Attributes:
        ref: The trunk's full name; empty where HEAD is on no branch.
        tips: By branch.
        merged: The branches whose tips are in the trunk's history.
        chains: See :func:`.graph.own_chains`.
        there: The commits that exist, of those with no branch.
        copies: The executions whose branch is in a private repository: they worked on a copy of the folder.
    """

    ref: str = ""
    tips: Mapping[str, Tip] = field(default_factory=dict)
    merged: frozenset[str] = frozenset()
    chains: Mapping[str, str] = field(default_factory=dict)
    there: frozenset[str] = frozenset()
    copies: frozenset[str] = frozenset()

    def fork_of(self, branch: str, base: str) -> str:
        """The trunk's commit that a branch left it at; empty where that is not known."""
        tip = self.tips.get(branch)
        if tip is None and base not in self.there:
            return ""
        return leave_of(base or (tip.commit if tip else ""), self.chains)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an execution's changes stand to the trunk; see :class:`.Run`."""

    verdict: Verdict
    merge: str = ""
    mode: Mode | None = None


class Standings:
    """Decides over executions.

    Args:
        commits: The part of the trunk that was read.
        reviewed: The executions of which there is a review.
        rows: All executions; several may have gone on with one branch.
    """

    def __init__(
        self,
        account: Account,
        branches: Branches,
        commits: Iterable[TrunkCommit],
        reviewed: Mapping[str, float],
        rows: Iterable[Execution],
    ) -> None:
        self._account = account
        self._latest: dict[str, float] = {}
        for row in rows:
            self._latest[row.branch] = max(row.created, self._latest.get(row.branch, 0.0))
        self._branches = branches
        self._reviewed = reviewed
        self._bringing = {parent: commit.sha for commit in commits for parent in commit.parents[1:]}

    def run_of(self, row: Execution) -> Run:
        """An execution as the graph shows it."""
        totals = row.totals
        standing = self._of(row) if row.branch and not row.state.is_live else Standing(Verdict.NONE)
        return Run(
            row.id, row.agent, row.model, row.state, row.created, row.branch, row.note or row.task,
            totals.cost_micro, totals.files, totals.added, totals.removed,
            standing.verdict, self._branches.fork_of(row.branch, row.base_commit), standing.merge,
            standing.mode,
        )  # fmt: skip

    def run_of_branch(self, identifier: str, tip: Tip) -> Run:
        """A branch whose execution's account is gone."""
        found = self._merged(tip.branch, tip.commit) or Standing(Verdict.UNREVIEWED)
        fork = self._branches.fork_of(tip.branch, "")
        return Run(
            identifier, "", "", None, float(tip.time), tip.branch,
            verdict=found.verdict, fork=fork, merge=found.merge, mode=found.mode,
        )  # fmt: skip

    def _of(self, row: Execution) -> Standing:
        branch, tip = row.branch, self._branches.tips.get(row.branch)
        if tip is None and (row.owner not in self._branches.copies or branch in self._account.discarded):
            return self._of_removed(row)
        if tip.commit == row.base_commit if tip else not row.totals.files:
            return Standing(Verdict.UNCHANGED)
        if tip and (found := self._merged(branch, tip.commit, self._brought_since(row))):
            return found
        if tips := self._account.applied.get(branch):
            # Of a copy it is only known that it was applied: what it stands for is not read.
            if any(tips) if tip is None else tip.commit in tips:
                return Standing(Verdict.APPLIED)
            if "" in tips:
                return Standing(Verdict.PARTLY_APPLIED)
        is_reviewed = row.id in self._reviewed or row.owner in self._reviewed
        return Standing(Verdict.REVIEWED if is_reviewed else Verdict.UNREVIEWED)

    def _of_removed(self, row: Execution) -> Standing:
        account = self._account
        commit = account.cleaned.get(row.branch) or account.discarded.get(row.branch, "")
        if commit == row.base_commit:
            return Standing(Verdict.UNCHANGED)
        if found := self._merged(row.branch, commit, self._brought_since(row)):
            return found
        if row.branch in account.cleaned:
            return Standing(Verdict.MERGED, self._bringing.get(commit, ""))
        if row.branch in account.discarded:
            return Standing(Verdict.DISCARDED)
        return Standing(Verdict.GONE if row.totals.files else Verdict.UNCHANGED)

    def _brought_since(self, row: Execution) -> float:
        """The moment from which on any merge of the branch has brought what an execution did.

        Of the last one on its branch that is never known: people add commits too, and then it is open again.
        """
        return row.created if row.created < self._latest[row.branch] else math.inf

    def _merged(self, branch: str, commit: str, since: float = math.inf) -> Standing | None:
        """How the trunk has a branch that stands, or stood, for ``commit``; ``None`` where it has not."""
        partly = None
        merges = self._account.merges.get(branch, ())
        # The first that brought it, where any would have; else the last, as the branch has grown since.
        for merge in merges if since == math.inf else reversed(merges):
            made = merge.moves[0].after or ""
            if merge.moves[0].name != self._branches.ref or made in self._branches.chains:
                continue  # into another branch, or not in this one any more
            details = merge.details or {}
            mode = Mode(details["mode"]) if "mode" in details else None
            if details.get("part"):
                partly = partly or Standing(Verdict.PARTLY_MERGED, made, mode)
            elif not commit or details.get("tip") == commit or merge.time > since:
                return Standing(Verdict.MERGED, made, mode)
        if brought := self._bringing.get(commit):
            return Standing(Verdict.MERGED, brought, Mode.MERGE)
        if branch in self._branches.merged:
            # Of the trunk itself, or somewhere in what was merged into it.
            is_trunk = commit not in self._branches.chains
            return Standing(Verdict.MERGED, commit if is_trunk else "", Mode.FF if is_trunk else None)
        return partly
