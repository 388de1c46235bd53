"""Running agents and reading what came of it; the same for every face."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..domain.agents import ResolvedAgent
from ..domain.errors import Conflict, NotFound, UsageError
from ..domain.events import FINAL_KINDS, Event, Kind
from ..domain.executions import Execution, Receipt, owner_of
from ..domain.fold import SILENT
from ..domain.inputs import bind_inputs
from ..domain.states import State
from .workspace import Workspace

if TYPE_CHECKING:
    from ..domain.by_hand import ManualEnd
    from ..engine.engine import Started
    from ..engine.request import RunRequest

OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class RunHandle:
    """A run that this process started."""

    workspace: Workspace
    id: str
    _done: Future[Receipt]

    @property
    def execution(self) -> Execution:
        """The row as it stands now."""
        return self.workspace.store.execution(self.id)

    def events(self, after: int = 0) -> Iterator[Event]:
        """Events as they are committed, until the run has ended. Blocks while waiting."""
        for batch in self.batches(after):
            yield from batch

    def batches(self, after: int = 0) -> Iterator[tuple[Event, ...]]:
        """:meth:`events` in the groups in which they arrive."""
        return self.workspace.store.follow(self.id, after=after, until=self._done.done)

    def wait(self) -> Receipt:
        """The receipt, once the run has ended, however it ended.

        Raises:
            StoreError: the end could not be recorded.
        """
        return self._done.result()

    @property
    def receipt(self) -> Receipt:
        """:meth:`wait` as a value."""
        return self.wait()

    def stop(self, reason: str = "stopped by the user") -> None:
        """Stop the run. Returns when its account is kept; a run that has ended stays as it is."""
        stop(self.workspace, self.id, reason)

    def leave(self, reason: str) -> None:
        """Let go of the run: it is interrupted where it stands, and any process can go on with it.

        What it has asked stays open. Returns when that is on record; a run that has ended stays as it is.
        """
        engine, thread = self.workspace.engine()
        thread.call(engine.leave((self.id,), reason))

    def pause(self, reason: str = "") -> Execution:
        """Let no further model or tool call begin; see :func:`.control.pause`."""
        from . import control

        return control.pause(self.workspace, self.id, reason)

    def resume(self, reason: str = "") -> Execution:
        """Go on after a pause; see :func:`.control.unpause`."""
        from . import control

        return control.unpause(self.workspace, self.id, reason)

    def say(self, text: str) -> Execution:
        """Tell the agent something, which its next turn reads; see :func:`.control.say`."""
        from . import control

        return control.say(self.workspace, self.id, text)

    def switch_model(self, model: str) -> Execution:
        """Let another model answer from the next turn on; see :func:`.control.switch_model`."""
        from . import control

        return control.switch_model(self.workspace, self.id, model)

    def run_command(self, argv: Sequence[str]) -> ManualEnd:
        """Run a command in the worktree and wait for its end; see :func:`.by_hand.begin`."""
        from . import by_hand

        return by_hand.begin(self.workspace, self.id, argv).follow()


def prepare(
    workspace: Workspace, agent: str, inputs: Mapping[str, Any], task: str
) -> tuple[ResolvedAgent, dict[str, Any]]:
    """The agent and its bound inputs, or the reason why it cannot run.

    Raises:
        NotFound: there is no such agent.
        ProjectError: its file has errors.
        UsageError: the inputs do not fit.
    """
    resolved = workspace.project.agent(agent)
    declared = {
        name: (spec.parsed, spec.required, spec.default) for name, spec in resolved.spec.inputs.items()
    }
    return resolved, bind_inputs(declared, inputs, task)


def start(
    workspace: Workspace,
    agent: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    task: str = "",
    model: str | None = None,
    with_changes: bool = False,
    follows: str = "",
    recorded: bool = False,
) -> RunHandle:
    """Run an agent.

    Args:
        inputs: values, or text as it comes from a command line or a form.
        model: wins over the agent's, which wins over the project's; ``offline`` where none says.
        with_changes: begin with the user's files as they are, those in no commit included. A folder without
            git is copied as it is in any case.
        follows: an earlier execution or its branch; the run goes on with that branch, in its work tree.
        recorded: ``model`` was read from a record, and is no choice of a person.

    Raises:
        NotFound: there is no such agent, tool or execution.
        ProjectError: the agent's file has errors.
        UsageError: the inputs do not fit, the model cannot be had, or both ``with_changes`` and ``follows``
            are asked for.
        NotTrusted: its playbook or its model's script carries commands, and the project is not trusted.
        Conflict: an execution is at work on the branch to go on with, or there is none.
        GitError: that branch is gone, or git cannot read it.
        StoreError: the account cannot be kept.
    """
    request = request_of(
        workspace,
        agent,
        inputs,
        task=task,
        model=model,
        with_changes=with_changes,
        follows=follows,
        recorded=recorded,
    )
    engine, thread = workspace.engine()
    return handle_of(workspace, thread.call(engine.start(request)))


def request_of(
    workspace: Workspace,
    agent: str,
    inputs: Mapping[str, Any] | None = None,
    *,
    task: str = "",
    model: str | None = None,
    with_changes: bool = False,
    follows: str = "",
    recorded: bool = False,
) -> RunRequest:
    """What a run of an agent is asked to do, read from the project's files as they are now.

    Raises:
        NotFound, ProjectError, UsageError, NotTrusted, Conflict, GitError: as :func:`start`.
    """
    from ..engine.request import RunRequest
    from .carried_work import refuse_untrusted
    from .following import followed
    from .own_models import foreign
    from .trust import preparation

    if with_changes and follows:
        raise UsageError(
            "A run begins with your files or goes on with a branch, not both",
            hint="leave one of the two out",
        )
    resolved, bound = prepare(workspace, agent, inputs or {}, task)
    project = workspace.project
    own = resolved.spec.model or project.settings.model or OFFLINE
    unchosen = foreign(workspace, model, own, recorded=recorded)
    refuse_untrusted(workspace, agents=(resolved,), model=unchosen)
    return RunRequest(
        agent=resolved,
        inputs=bound,
        model=model or own,
        folder=project.root,
        variables=project.variables(),
        with_changes=with_changes,
        follows=followed(workspace, find(workspace, owner_of(follows) or follows)) if follows else None,
        preparation=preparation(workspace),
    )


def handle_of(workspace: Workspace, started: Started) -> RunHandle:
    """What the rest of this process sees of an execution that its engine drives."""
    _, thread = workspace.engine()
    return RunHandle(workspace, started.execution.id, thread.submit(_wait(started.done)))


async def _wait(done: Any) -> Receipt:
    receipt = await done
    assert isinstance(receipt, Receipt)
    return receipt


def stop(workspace: Workspace, prefix: str, reason: str = "stopped by the user") -> Execution:
    """Stop an execution of this process.

    Raises:
        NotFound: there is no such execution.
        Conflict: another process runs it.
    """
    execution = workspace.store.execution(prefix)
    if execution.id in workspace.running:
        engine, thread = workspace.engine()
        with suppress(NotFound):  # It has ended by itself meanwhile.
            thread.call(engine.stop(execution.id, reason))
        return workspace.store.execution(execution.id)
    # Read again: it may have ended since it was looked up.
    execution = workspace.store.execution(execution.id)
    if execution.state.is_live:
        raise Conflict(
            f"Execution {execution.short} runs in another process",
            hint=f"paracle runs stop {execution.short}",
        )
    return execution


def receipt_of(workspace: Workspace, execution: Execution) -> Receipt:
    """The receipt of a finished execution.

    Raises:
        Conflict: it has none: it is still at work, or was interrupted.
    """
    last = workspace.store.last_seq(execution.id)
    for event in workspace.store.events(execution.id, after=max(0, last - 1), limit=1):
        if event.kind in FINAL_KINDS:
            return Receipt.from_dict(event.payload["receipt"])
    raise Conflict(
        f"Execution {execution.short} has no receipt",
        detail=f"it {execution.state.predicate}",
        hint=f"'paracle runs log {execution.short}' shows what is known",
    )


def telling_events(workspace: Workspace, execution: str) -> Iterator[Event]:
    """All events of an execution except text and log lines, in order."""
    after = 0
    while batch := workspace.store.telling_events(execution, after=after):
        yield from batch
        after = batch[-1].seq


def listing(
    workspace: Workspace, *, state: str = "", agent: str = "", needle: str = "", limit: int = 50
) -> tuple[Execution, ...]:
    """Executions, newest first, that fit a filter.

    Raises:
        UsageError: ``state`` is neither a state nor the word of one.
    """
    only = State.named(state) if state else None
    if state and only is None:
        raise UsageError(f"'{state}' is not a state", hint=f"states: {', '.join(one.word for one in State)}")
    if not workspace.has_store:
        return ()
    found: list[Execution] = []
    before: Execution | None = None
    while len(found) < limit and (page := workspace.store.executions(500, before=before)):
        before = page[-1]
        found += [
            row
            for row in page
            if (only is None or row.state is only)
            and (not agent or row.agent == agent)
            and row.matches(needle)
        ]
    return tuple(found[:limit])


def find(workspace: Workspace, prefix: str) -> Execution:
    """The execution whose id starts with ``prefix``; ``last`` stands for the newest.

    Raises:
        NotFound: there is none.
        Conflict: there are several.
    """
    if not workspace.has_store:
        raise NotFound("Nothing was run here yet", hint="'paracle run reviewer' runs a built-in agent")
    if prefix == "last":
        for row in workspace.store.executions(1):
            return row
    return workspace.store.execution(prefix)


def follow(workspace: Workspace, execution: Execution, after: int = 0) -> Iterator[tuple[Event, ...]]:
    """Events in groups as they are committed, by whatever process, until the run has ended."""
    return workspace.store.follow(execution.id, after=after)


def pages(workspace: Workspace, execution: Execution, kinds: Collection[Kind] = ()) -> Iterator[Event]:
    """The events there are now, in order, read page by page; only ``kinds`` where any are named."""
    after, last = 0, workspace.store.last_seq(execution.id)
    lean = bool(kinds) and not SILENT.intersection(kinds)
    read = workspace.store.telling_events if lean else workspace.store.events
    while after < last and (batch := read(execution.id, after=after)):
        yield from (event for event in batch if not kinds or event.kind in kinds)
        after = batch[-1].seq


def diff_of(workspace: Workspace, execution: Execution) -> str:
    """What an execution has committed so far, as a unified diff; empty where that is nothing.

    Raises:
        GitError: its commits are gone.
    """
    started = next((e for e in telling_events(workspace, execution.id) if e.kind is Kind.STARTED), None)
    if started is None:
        return ""
    from ..git.diffs import diff

    tip = receipt_of(workspace, execution).tip if execution.state.is_final else execution.branch
    # A project may have moved since; a copy's repository never does.
    copied = started.payload["isolation"] == "copy"
    repository = Path(started.payload["repository"]) if copied else workspace.project.root
    return asyncio.run(diff(repository, execution.base_commit, tip or execution.base_commit))
