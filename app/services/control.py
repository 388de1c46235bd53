"""Steering executions: whichever process runs them is asked, and what it did is an event of theirs.

Each call here may block, and may be made from any thread that runs no event loop.
"""

from __future__ import annotations

import asyncio
import getpass
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ..domain.errors import Conflict, ExitCode, NotFound, ParacleError, PolicyRefused, UsageError
from ..domain.executions import Execution
from ..domain.states import State
from ..store.requests import Requests
from . import runs
from .workspace import Workspace

PATIENCE = 10.0
"""Seconds that the process which runs an execution has to answer."""

POLL_SECONDS = 0.005


class NoAnswer(Conflict):
    """The process that runs an execution does not do what it is asked."""

    code = "no_answer"


def pause(workspace: Workspace, wanted: str, reason: str = "") -> Execution:
    """Let no further model or tool call of an execution begin; what is under way goes on to its end.

    Raises:
        NotFound: there is no such execution.
        Conflict: it is not running; the error names what it is.
    """
    row = runs.find(workspace, wanted)
    if row.state is not State.RUNNING:
        also = " already" if row.state is State.PAUSED else ", and cannot be paused"
        raise Conflict(f"{row.short} {row.state.predicate}{also}", hint=_instead_of_a_pause(row))
    return ask(workspace, row, "pause", {"reason": reason})


def unpause(workspace: Workspace, wanted: str, reason: str = "") -> Execution:
    """Let a paused execution go on, in the process that runs it.

    Raises:
        NotFound: there is no such execution.
        Conflict: it is not paused.
    """
    row = runs.find(workspace, wanted)
    if row.state is not State.PAUSED:
        raise Conflict(f"{row.short} {row.state.predicate}, not paused", hint=_instead(row))
    return ask(workspace, row, "resume", {"reason": reason})


def _instead(row: Execution) -> str:
    """What to do about an execution that cannot go on by being resumed."""
    match row.state:
        case State.QUEUED:
            return "it has not begun: 'paracle jobs list' shows what it waits for"
        case State.WAITING:
            return "it goes on with your answer: 'paracle approvals list'"
        case State.INTERRUPTED:
            return f"'paracle runs resume {row.short}' takes it up"
        case State.COMPLETED:
            return f"'paracle runs retry {row.short} --from STEP' does it again from a step"
        case State.FAILED | State.TERMINATED:
            return f"'paracle runs retry {row.short}' does it again from where it ended"
    return f"it goes on already: 'paracle runs watch {row.short}'"


def _instead_of_a_pause(row: Execution) -> str:
    match row.state:
        case State.QUEUED:
            return f"'paracle jobs cancel {row.short}' takes it out of the queue"
        case State.PAUSED:
            return f"'paracle runs resume {row.short}' lets it go on"
        case State.WAITING:
            return "it does nothing until you answer: 'paracle approvals list'"
        case State.INTERRUPTED:
            return f"'paracle runs resume {row.short}' takes it up, 'paracle runs stop {row.short}' ends it"
    return f"'paracle runs show {row.short}' tells how it ended"


def take_up(workspace: Workspace, wanted: str, reason: str = "") -> runs.RunHandle:
    """Go on in this process with an execution that was interrupted, where its record ends.

    Raises:
        NotFound: there is no such execution.
        Conflict: it is not interrupted, or another process has taken it up at this moment.
        UsageError, ModelError: a model or a tool that it needs cannot be had.
        ProjectError: what the project asks for around its runs cannot be read.
        NotTrusted: it carries commands that nobody has said may run.
    """
    from .carried_work import refuse_untrusted_record
    from .trust import preparation

    row = runs.find(workspace, wanted)
    if row.state is State.INTERRUPTED:
        refuse_untrusted_record(workspace, row)
    engine, thread = workspace.engine()
    resuming = engine.resume(row.id, by=person(), reason=reason, preparation=preparation(workspace))
    return runs.handle_of(workspace, thread.call(resuming))


def stop(
    workspace: Workspace, wanted: str, reason: str = "stopped by the user", *, patience: float = PATIENCE
) -> Execution:
    """Stop an execution, wherever it runs: nothing further starts, commands under way are ended.

    One that waits in the queue never begins, one that was interrupted ends where it stands. What was done is
    kept on its branch.

    Args:
        patience: seconds that its process has to answer.

    Raises:
        NotFound: there is no such execution.
        Conflict: its process does not answer.
    """
    from .jobs import is_waiting

    row = runs.find(workspace, wanted)
    if row.state is State.QUEUED and is_waiting(workspace, row):
        engine, thread = workspace.engine()
        with suppress(Conflict):  # a worker has taken it at this moment
            return thread.call(engine.give_up(row.id, reason))
    if row.state.is_live:
        try:
            ask(workspace, row, "stop", {"reason": reason}, patience)
        except NoAnswer:
            raise
        except Conflict:
            # It has ended by itself meanwhile, or its process has.
            if workspace.store.execution(row.id).state.is_live:
                raise
    row = workspace.store.execution(row.id)
    if row.state is State.INTERRUPTED:
        engine, thread = workspace.engine()
        row = thread.call(engine.give_up(row.id, reason))
    return row


def process_of(workspace: Workspace, execution: Execution) -> int | None:
    """The id of the process that runs an execution; ``None`` where that cannot be told."""
    return workspace.store.process_of(execution.id)


def left_behind(workspace: Workspace, execution: Execution) -> tuple[Execution, ...]:
    """What a process that was killed has left: the executions that it ran, marked as interrupted.

    Args:
        execution: one that it ran; waited for until it has nobody who runs it.

    Raises:
        NoAnswer: the process is still there.
    """
    deadline = time.monotonic() + PATIENCE
    while workspace.store.is_driven(execution.id):
        if time.monotonic() > deadline:
            raise _unanswered(workspace, execution, PATIENCE)
        time.sleep(POLL_SECONDS)
    return workspace.store.interrupt_orphans()


def say(workspace: Workspace, wanted: str, text: str) -> Execution:
    """Tell the agent of an execution something, which it reads at its next turn.

    Raises:
        NotFound: there is no such execution.
        Conflict: it has ended, or nobody is there who could read it.
        UsageError: the text is empty.
    """
    row = _live(workspace, wanted)
    _refuse_queued(workspace, row, "start it with this in its task: paracle run AGENT --task TEXT")
    return ask(workspace, row, "say", {"text": text})


def switch_model(workspace: Workspace, wanted: str, model: str) -> Execution:
    """Let another model answer from the next turn on, with everything that was said so far.

    Raises:
        NotFound: there is no such execution.
        Conflict: it has ended, or is no dialogue with one agent.
        UsageError, ModelError: the model cannot be had.
    """
    from .own_models import remember

    row = _live(workspace, wanted)
    _refuse_queued(workspace, row, "start it with the other model: paracle run AGENT --model MODEL")
    remember(workspace, model)
    return ask(workspace, row, "model", {"model": model})


def person() -> str:
    """Who does it, for the account."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for the user's number
        return "someone"


def _live(workspace: Workspace, wanted: str) -> Execution:
    row = runs.find(workspace, wanted)
    if not row.state.is_live:
        more = "'paracle runs resume' takes it up" if row.state is State.INTERRUPTED else "start a new run"
        raise Conflict(f"{row.short} {row.state.predicate}", hint=more)
    return row


def _refuse_queued(workspace: Workspace, row: Execution, instead: str) -> None:
    """Refuse to speak to what waits in the queue: nobody runs it who could hear.

    Args:
        instead: what to do once it is out of the queue.
    """
    from .jobs import is_waiting

    if row.state is State.QUEUED and is_waiting(workspace, row):
        raise Conflict(
            f"{row.short} waits in the queue, and has not begun",
            hint=f"wait until it has, or 'paracle jobs cancel {row.short}' and {instead}",
        )


def ask(
    workspace: Workspace,
    row: Execution,
    kind: str,
    payload: Mapping[str, Any],
    patience: float = PATIENCE,
) -> Execution:
    """Have a control done by whoever runs the execution; gives the row as it is then.

    Raises:
        NoAnswer: whoever runs it does not answer.
        ParacleError: it was not done, and why.
    """
    said = {"by": person(), **payload}
    if row.id in workspace.running:
        engine, thread = workspace.engine()
        try:
            thread.call(engine.control(row.id, kind, said))
        except NotFound:
            raise _unanswered(workspace, row, patience) from None
    else:
        asyncio.run(_ask_elsewhere(workspace, row, kind, said, patience))
    return workspace.store.execution(row.id)


async def _ask_elsewhere(
    workspace: Workspace, row: Execution, kind: str, payload: Mapping[str, Any], patience: float
) -> None:
    store = workspace.store
    requests = Requests(store)
    number = await requests.put(row.id, kind, payload)
    deadline = time.monotonic() + patience
    while (answer := requests.answer_to(number)) is None:
        if time.monotonic() > deadline or not store.is_driven(row.id):
            if await requests.forget(number):
                raise _unanswered(workspace, row, patience)
            continue
        await asyncio.sleep(POLL_SECONDS)
    if "error" in answer:
        raise _as_told(answer)


def _unanswered(workspace: Workspace, row: Execution, patience: float) -> Conflict:
    workspace.store.interrupt_orphans()
    now = workspace.store.execution(row.id)
    if not now.state.is_live:
        return Conflict(f"{row.short} {now.state.predicate} by now")
    return NoAnswer(
        f"The process that runs {row.short} does not answer",
        detail=f"waited {patience:g} s",
        hint=f"'paracle runs stop {row.short} --now' ends that process",
    )


def _as_told(answer: Mapping[str, Any]) -> ParacleError:
    """The other process's error, as it was there."""
    error, told = answer["error"], ExitCode(answer["exit_code"])
    kinds: tuple[type[ParacleError], ...] = (Conflict, NotFound, PolicyRefused, UsageError)
    kind = next((kind for kind in kinds if kind.exit_code is told), ParacleError)

    class Told(kind):  # type: ignore[valid-type, misc]
        code = error["code"]
        exit_code = told

    return Told(error["title"], detail=error["detail"], hint=error["hint"])
