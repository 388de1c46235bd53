"""Why a line is there: the execution, the step, the task and the tool call behind it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..domain.diffs import shown
from ..domain.errors import NotFound, UsageError
from ..domain.events import Event, Kind
from ..domain.executions import Execution
from ..domain.provenance import Origin, Provenance
from ..git.blame import BlamedLine, blame_line, find_line
from . import runs
from .workspace import Workspace


def parse_place(words: str) -> tuple[str, int]:
    """Read ``FILE:LINE``; the file may hold colons.

    Raises:
        UsageError: there is no line, or it is not a number from 1.
    """
    path, _, line = words.rpartition(":")
    if not path or not line.isascii() or not line.isdigit() or int(line) < 1:
        raise UsageError(f"'{words}' is not FILE:LINE", hint="for instance: paracle why src/app.py:12")
    return path, int(line)


def why(workspace: Workspace, path: str | Path, line: int) -> Provenance:
    """Where a line of the user's checkout, as it is now, comes from. Blocks; runs git.

    Args:
        path: Absolute, or relative to the project's folder.
        line: From 1.

    Raises:
        NotFound: there is no such file or line.
        UsageError: ``line`` is below 1.
        GitError: the project is in no repository, or git cannot read it.
        StoreError: the account cannot be read.
    """
    if line < 1:
        raise UsageError(f"There is no line {line}", hint="lines count from 1")
    root = workspace.project.root
    # Links on the way are followed, one at the end is not: its own lines are where it leads.
    named = (root / path).absolute()
    relative = os.path.relpath(named.parent.resolve() / named.name, root.resolve())
    blamed = asyncio.run(blame_line(root, relative, line))
    answer = Provenance(
        shown(str(path)),
        line,
        shown(blamed.text),
        Origin.COMMIT if blamed.commit else Origin.UNCOMMITTED,
        blamed.commit,
        shown(blamed.author),
        blamed.author_time,
        shown(blamed.summary),
    )
    identifier = blamed.trailers.get("Paracle-Execution", "")
    if not identifier:
        return answer
    answer = replace(answer, origin=Origin.PRUNED, execution=identifier)
    execution = _execution(workspace, identifier)
    return answer if execution is None else _of_execution(workspace, answer, execution, blamed)


def _execution(workspace: Workspace, identifier: str) -> Execution | None:
    if not workspace.has_store:
        return None
    try:
        found = workspace.store.execution(identifier)
    except NotFound:
        return None
    return found if found.id == identifier else None


def _of_execution(
    workspace: Workspace, answer: Provenance, execution: Execution, blamed: BlamedLine
) -> Provenance:
    step = _step(blamed)
    if not step:
        execution, step = _of_squashed(workspace, execution, blamed)
    events = list(runs.telling_events(workspace, execution.id))
    queued = next((event.payload for event in events if event.kind is Kind.QUEUED), {})
    call = _call(events, step)
    return replace(
        answer,
        origin=Origin.EXECUTION,
        execution=execution.id,
        agent=execution.agent,
        model=execution.model,
        task=execution.task,
        inputs=queued.get("inputs", {}),
        step=step if call else 0,
        beside=blamed.trailers.get("Paracle-Beside", "") if call else "",
        tool=call.get("name", ""),
        arguments=call.get("arguments", {}),
        said=_said_before(events, step) if call else "",
    )


def _step(blamed: BlamedLine) -> int:
    words = blamed.trailers.get("Paracle-Step", "")
    return int(words) if words.isascii() and words.isdigit() else 0


def _of_squashed(workspace: Workspace, execution: Execution, blamed: BlamedLine) -> tuple[Execution, int]:
    """The execution and step that wrote a line of a squashed merge: the commits of the branch still know.

    The merge names the execution that the branch was made for; another one may have gone on with it.
    """
    on_branch = workspace.store.on_branch(execution.branch)
    commits = [
        (str(event.payload["sha"]), row, event.payload["step"] or 0)
        for row in reversed(on_branch)
        for event in runs.telling_events(workspace, row.id)
        if event.kind is Kind.COMMIT
    ]
    if not commits:
        return execution, 0
    tip = commits[-1][0]
    root = workspace.project.root
    found = asyncio.run(find_line(root, tip, blamed.path, blamed.text, blamed.line))
    sha = found.commit if found else ""
    return next(((row, step) for commit, row, step in commits if commit == sha), (execution, 0))


def _call(events: list[Event], step: int) -> Mapping[str, Any]:
    """The tool call of a step, empty where there is none."""
    for event in events:
        if event.kind is Kind.STEP_STARTED and event.payload["step"] == step:
            return event.payload if event.payload["action"] == "tool" else {}
    return {}


def _said_before(events: list[Event], step: int) -> str:
    """The text of the last answer of a model before a step."""
    said = ""
    for event in events:
        if event.kind is Kind.STEP_COMPLETED and event.payload["action"] == "model":
            if event.payload["step"] > step:
                break
            result = event.payload["result"]
            said = result.get("text", "") if isinstance(result, Mapping) else ""
    return said
