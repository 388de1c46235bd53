"""The end of an execution's work tree: what is left in it is kept, what changed counted, and it goes."""

from __future__ import annotations

from dataclasses import replace

from ..domain.executions import FileChange, Receipt
from ..git.commits import unfinished
from ..git.isolation import Isolation
from ..git.workplaces import Workplace
from .past import Past
from .tasks import Task


class Closing:
    """Closes the place of one execution.

    Args:
        name: the agent's or workflow's.
        commits: those made so far, oldest first; what is kept here joins them.
    """

    def __init__(self, isolation: Isolation, name: str, task: Task, past: Past, commits: list[str]) -> None:
        self._isolation = isolation
        self._name = name
        self._task = task
        self._past = past
        self._commits = commits

    def locate(self, receipt: Receipt, place: Workplace) -> Receipt:
        """The receipt with where the work is."""
        return replace(
            receipt,
            branch=place.branch,
            repository=str(place.repository),
            base_commit=place.base_commit,
            tip=self._tip(place),
            worktree=str(place.worktree),
        )

    async def keep_rest(self, place: Workplace) -> None:
        """Commit what the agent has left in no commit.

        Raises:
            GitError: it cannot be kept.
        """
        message, trailers = unfinished(self._name, place.execution, self._task.model)
        rest = await self._isolation.keep_rest(place, message, trailers)
        if rest is not None:
            self._commits.append(rest.sha)

    async def close(self, place: Workplace, receipt: Receipt, *, is_judged: bool) -> Receipt:
        """Keep what is left in the work tree, count what changed, and put the work tree away.

        Args:
            is_judged: checks have been at work in it; what is in no commit is theirs.

        Returns:
            The receipt with what there is to say of it.

        Raises:
            GitError: something cannot be kept or read.
        """
        if not is_judged:
            self._isolation.assure(place)
        files = await self.changes(place)
        removed = await self._isolation.close(place)
        if not removed and not is_judged:
            # Looked for only now: where the work tree could go, there was nothing left to keep.
            known = len(self._commits)
            await self.keep_rest(place)
            files = files if len(self._commits) == known else await self.changes(place)
            removed = await self._isolation.close(place)
        return replace(
            receipt,
            tip=self._tip(place),
            commits=tuple(self._commits),
            files=files,
            worktree="" if removed else str(place.worktree),
        )

    async def changes(self, place: Workplace) -> tuple[FileChange, ...]:
        """The files that differ between where the work began and where it is now.

        Raises:
            GitError: git cannot read.
        """
        tip, base = self._tip(place), place.base_commit
        return await self._isolation.changes(place.repository, base, tip) if tip != base else ()

    def _tip(self, place: Workplace) -> str:
        if self._commits:
            return self._commits[-1]
        return self._past.fork.commit if self._past.fork else place.base_commit
