"""The receipt of an execution whose process is gone, from its record alone."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace

from ..domain.errors import ParacleError, ToolRefused
from ..domain.events import Draft, Kind
from ..domain.executions import Execution, Receipt
from ..domain.states import State
from .past import Past
from .request import AnyRequest


def receipt_of_record(row: Execution, request: AnyRequest, past: Past) -> Receipt:
    """What can be said of an execution that was interrupted and is given up.

    The files that it changed are not counted: its branch has them, and nothing is run to look at it.
    """
    started = past.started or {}
    own = [step for step in past.steps.values() if not step.inherited]
    tools = Counter(step.name for step in own if step.action == "tool")
    refused = sum((step.error or {}).get("code") == ToolRefused.code for step in own)
    begun = past.fork.commit if past.fork else started.get("base_commit", "")
    tip = past.commits[-1][0] if past.commits else begun
    return replace(
        receipt_of_row(row, State.TERMINATED),
        config_hash=request.config_hash(),
        inputs=dict(request.inputs),
        seconds=round(past.seconds, 3),
        steps=max(0, past.last_step - past.inherited_steps),
        tool_calls=dict(tools),
        refused=refused,
        tip=tip,
        commits=tuple(sha for sha, _ in past.commits),
        allowed=request.allowed,
        repository=started.get("repository", ""),
        origin=request.origin.to_dict() if request.origin else None,
    )


def receipt_of_row(row: Execution, state: State) -> Receipt:
    """What can be said of an execution that never came to work, or of which only the row can be read."""
    return Receipt(
        execution=row.id,
        agent=row.agent,
        state=state,
        config_hash="",
        model=row.model,
        offline=row.model == "offline",
        inputs={},
        answer="",
        seconds=0.0,
        steps=row.totals.steps,
        tool_calls={},
        refused=0,
        usage=row.totals.usage,
        branch=row.branch,
        base_commit=row.base_commit,
        tip="",
        commits=(),
        files=(),
        allowed=(),
        worktree=row.worktree,
    )


def failed_before_it_began(row: Execution, error: ParacleError) -> Draft:
    """The last event of an execution of the queue that cannot begin."""
    told = error.to_dict()
    receipt = replace(receipt_of_row(row, State.FAILED), error=told)
    return Draft(Kind.FAILED, {"receipt": receipt.to_dict(), "error": told}, time.time())
