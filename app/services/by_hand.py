"""Commands that a person runs in the worktree of an execution, as far as the project allows them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from ..domain.by_hand import ManualCommand, ManualEnd, is_allowed
from ..domain.errors import Conflict, PolicyRefused, UsageError
from ..domain.events import Kind
from ..domain.executions import Execution
from ..domain.ids import new_execution_id
from ..domain.states import State
from ..domain.trust import CommandKind
from ..domain.words import one_line
from . import control, runs, trust
from .workspace import Workspace

SECONDS = 900.0
"""The longest that a command may take where nothing else is said."""

MOST_SECONDS = 86_400.0
"""The longest that one can be given: a worktree in which nobody else works is not to be had for ever."""


class Begun:
    """A command that waits for its turn or is at work, whichever process runs it."""

    def __init__(self, workspace: Workspace, execution: Execution, wanted: ManualCommand, seen: int) -> None:
        self.execution = execution
        self.wanted = wanted
        self._workspace = workspace
        self._seen = seen

    def follow(self, each: Callable[[str], None] = lambda line: None) -> ManualEnd:
        """Wait for its end; goes on where an earlier call was broken off.

        Args:
            each: called with each line that it prints.

        Raises:
            Conflict: whoever ran it has ended, and has told nothing.
        """
        name = self.wanted.command
        for batch in self._workspace.store.follow(self.execution.id, after=self._seen):
            for event in batch:
                self._seen = event.seq
                if event.payload.get("command") != name:
                    continue
                if event.kind is Kind.LOG:
                    each(event.payload["text"])
                elif event.kind is Kind.RAN:
                    return ManualEnd.from_dict(event.payload)
        row = self._workspace.store.execution(self.execution.id)
        raise Conflict(
            f"Nobody can say how the command has ended: {row.short} {row.state.predicate}",
            hint=f"'paracle runs log {row.short}' shows how far it came",
        )

    def end(self) -> None:
        """End it with all that it started; one that has ended stays as it is.

        Raises:
            NoAnswer: whoever runs it does not answer.
        """
        if self._workspace.store.execution(self.execution.id).state.is_live:
            control.ask(self._workspace, self.execution, "end exec", {"command": self.wanted.command})


def allowed(workspace: Workspace) -> tuple[str, ...]:
    """The words that commands may begin with, all of them trusted.

    Raises:
        PolicyRefused: the project allows none, or its commands are not trusted.
        ProjectError: what it allows cannot be read.
    """
    found = trust.require(workspace)
    texts = found.texts(CommandKind.EXEC)
    if not texts:
        raise PolicyRefused(
            "This project allows no commands in worktrees",
            hint="write into .parac/project.yaml: 'worktree: {commands: [pytest, git status]}', "
            "then: paracle trust",
        )
    return texts


def begin(workspace: Workspace, wanted: str, argv: Sequence[str], *, seconds: float = SECONDS) -> Begun:
    """Run a command in the worktree of an execution, whichever process drives it.

    It waits until nobody else changes files there. What it changes becomes a commit of its own on the
    execution's branch.

    Args:
        argv: the program and its arguments; no shell reads them.
        seconds: after which it is stopped.

    Raises:
        UsageError: there is no command, or it is given no time that can be.
        PolicyRefused: the project does not allow it, or its commands are not trusted.
        NotFound: there is no such execution.
        Conflict: it has no worktree to run it in, or whoever runs the execution does not answer.
        ProjectError: what the project allows cannot be read.
        StoreError: the account cannot be kept.
    """
    if not argv or not argv[0]:
        raise UsageError("There is no command", hint="paracle runs exec ID -- pytest -q")
    if not 0 < seconds <= MOST_SECONDS:
        raise UsageError(
            f"A command cannot be given {seconds:g} s", hint=f"more than 0 and at most {MOST_SECONDS:.0f}"
        )
    _refuse_not_allowed(argv, allowed(workspace))
    row = runs.find(workspace, wanted)
    seen = workspace.store.last_seq(row.id)
    asked = ManualCommand(new_execution_id(), tuple(argv), control.person(), seconds)
    if row.state is State.INTERRUPTED:
        engine, thread = workspace.engine()
        thread.call(engine.visit(row.id, asked))
    else:
        _refuse_without_worktree(row)
        control.ask(workspace, row, "exec", asked.to_dict())
    return Begun(workspace, row, asked, seen)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a command that was typed on one line.

    Raises:
        UsageError: they cannot be told.
    """
    try:
        return tuple(shlex.split(text))
    except ValueError:
        raise UsageError("A quote is not closed, or a backslash ends the line") from None


def _refuse_not_allowed(argv: Sequence[str], texts: Sequence[str]) -> None:
    if is_allowed(argv, texts):
        return
    raise PolicyRefused(
        f"'{one_line(shlex.join(argv), 80)}' is not allowed",
        detail=f"allowed is what begins with {', '.join(one_line(text, 60) for text in texts)}",
        hint="add it to worktree.commands in .parac/project.yaml, then: paracle trust",
    )


def _refuse_without_worktree(row: Execution) -> None:
    if row.state is State.QUEUED:
        raise Conflict(
            f"{row.short} has not begun, and has no worktree yet", hint=f"paracle runs watch {row.short}"
        )
    if row.state.is_final:
        raise Conflict(
            f"{row.short} {row.state.predicate}, and its worktree is put away",
            hint=f"'paracle run {row.agent} --on {row.short}' goes on with its branch, and takes commands; "
            f"'paracle git checks {row.short} --run' runs the project's checks on it",
        )
