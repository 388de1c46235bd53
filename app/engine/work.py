"""What everything that happens within one execution shares."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..domain.errors import ToolRefused
from ..domain.events import brief_arguments
from ..domain.specs import Answer, Permissions
from ..domain.words import one_line
from ..git.isolation import Isolation
from ..git.workplaces import Workplace
from ..tools.base import AnyTool
from .asking import Asking
from .journal import Journal
from .keeping import tell_commit
from .steps import Steps
from .writing import Writing

ONCE, THIS_RUN, NO = "once", "run", "no"
"""What can be answered to a call that wants to be asked about."""


@dataclass(slots=True)
class Work:
    """One execution's place, account and steps.

    ``commits`` are those made so far, oldest first; ``allowed`` holds who may use which tool for the rest of
    the execution without asking again; ``degraded`` says in words what was done otherwise than asked for.
    ``writing`` keeps apart those that change files, so that a commit holds what its step did and nothing
    else; commands that ran side by side are the exception, and their commits say so.
    """

    place: Workplace
    isolation: Isolation
    journal: Journal
    steps: Steps
    asking: Asking
    commits: list[str] = field(default_factory=list)
    allowed: set[tuple[str, str]] = field(default_factory=set)
    degraded: list[str] = field(default_factory=list)
    writing: Writing = field(default_factory=Writing)

    async def permit(
        self,
        key: str,
        who: str,
        tool: AnyTool | None,
        arguments: Mapping[str, Any],
        permissions: Permissions,
        within: str = "",
    ) -> Permissions:
        """What a call may do, a person's answer included where the permissions want one.

        Args:
            within: the step of the workflow that it belongs to.

        Raises:
            ToolRefused: the person said no.
            StoreError: the question cannot be recorded.
        """
        if tool is None or not tool.asks(permissions):
            return permissions
        if (who, tool.name) not in self.allowed:
            answer = await self.asking.ask(
                f"{key}/permission",
                f"{who} asks to use {tool.name}",
                detail=brief_arguments(arguments),
                options=(ONCE, THIS_RUN, NO),
                default=NO,
                within=within,
            )
            if answer["answer"] not in (ONCE, THIS_RUN):
                raise ToolRefused(f"{answer['by']} said no", detail=answer["reason"])
            if answer["answer"] == THIS_RUN:
                self.allowed.add((who, tool.name))
        return permissions.model_copy(update={"shell": Answer.ALLOW})

    async def keep(
        self, key: str, who: str, tool: AnyTool, arguments: Mapping[str, Any], step: int, model: str
    ) -> None:
        """Commit what a step has changed in the worktree, if anything; nobody else may write a file then.

        Args:
            key: the step's; of those that the record holds only the last may have left anything.
            who: the agent, or the step of a workflow, for the message's scope.
            model: what asked for the call.

        Raises:
            GitError, StoreError: it cannot be kept.
        """
        recorded = self.steps.recorded(key)
        if recorded is not None and recorded.step == step != self.steps.unkept:
            return
        await self.journal.settle()
        trailers = {
            "Paracle-Execution": self.place.execution,
            "Paracle-Step": str(step),
            "Assisted-by": f"paracle:{model}",
        }
        beside = self.writing.beside(step)
        only = None
        if beside and tool.writes_path:
            only = _named(self.place, arguments)
            if only is None:
                return  # The tool has refused to write there.
        elif beside:
            trailers["Paracle-Beside"] = ", ".join(map(str, beside))
        message = commit_message(who, tool.name, arguments)
        commit = await self.isolation.commit(self.place, message, trailers, only=only)
        if commit is not None:
            self.commits.append(commit.sha)
            tell_commit(self.journal, commit, step)


def _named(place: Workplace, arguments: Mapping[str, Any]) -> Path | None:
    """The file that a call's ``path`` names, if it is one of the worktree's."""
    file = Path(os.path.normpath(place.root / str(arguments.get("path", ""))))
    return file if place.worktree in file.parents else None


def commit_message(agent: str, tool: str, arguments: Mapping[str, Any]) -> str:
    """A conventional message for what a tool call changed."""
    path = str(arguments.get("path", ""))
    scope = re.sub(r"[^a-z0-9-]", "-", agent)
    if not path:
        argv = arguments.get("argv")
        what = " ".join(map(str, argv)) if isinstance(argv, list | tuple) else tool
        return f"chore({scope}): {one_line('run ' + what, 60)}"
    pure = PurePosixPath(path)
    if pure.suffix in (".md", ".rst", ".txt"):
        kind = "docs"
    elif pure.name.startswith("test_") or "tests" in pure.parts:
        kind = "test"
    else:
        kind = "feat" if tool == "write_file" else "fix"
    return f"{kind}({scope}): {one_line(('write ' if tool == 'write_file' else 'edit ') + path, 60)}"
