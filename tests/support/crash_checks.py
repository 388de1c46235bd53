"""What must hold of a project whose workers were killed: nothing lost, nothing done twice."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from paracle.app.domain.conversation import Usage
from paracle.app.domain.events import FINAL_KINDS, Event, Kind
from paracle.app.domain.executions import Execution, Receipt
from paracle.app.domain.states import State
from paracle.app.services.workspace import Workspace
from tests.support.studio import Studio, of_kind


def check_all(studio: Studio, effects: list[str]) -> int:
    """Check every execution of a project; gives how often one of them was interrupted."""
    done = Counter(effects)
    interruptions = 0
    with studio.open() as here:
        rows = sorted(here.store.executions(100_000), key=lambda row: row.created)
        for row in rows:
            events = _all_events(here, row)
            _check(studio, row, events, done)
            interruptions += len(of_kind(events, Kind.INTERRUPTED))
    path = studio.files.parac / ".local" / "engine.db"
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert sorted(row.task for row in rows) == sorted(f"job-{number}" for number in range(len(rows)))
    _check_places(studio)
    return interruptions


def _all_events(here: Workspace, row: Execution) -> list[Event]:
    events: list[Event] = []
    while batch := here.store.events(row.id, after=len(events)):
        events += batch
    return events


def _check(studio: Studio, row: Execution, events: list[Event], done: Counter[str]) -> None:
    assert row.state is _expected(events), (row.task, row.id, row.state, row.note)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events if event.kind in FINAL_KINDS] == [events[-1].kind]
    receipt = Receipt.from_dict(events[-1].payload["receipt"])
    _check_steps(row, events, done)
    _check_receipt(studio, row, events, receipt)


def _expected(events: list[Event]) -> State:
    """Failed where a step of the workflow failed, because a person said no, and done else."""
    own = {
        event.payload["step"]
        for event in of_kind(events, Kind.STEP_STARTED)
        if event.payload["action"] == "step"
        and "/" not in event.payload["key"]
        and event.payload["name"] != "broken"
    }
    failed = any(event.payload["step"] in own for event in of_kind(events, Kind.STEP_FAILED))
    return State.FAILED if failed else State.COMPLETED


def _check_steps(row: Execution, events: list[Event], done: Counter[str]) -> None:
    """No step begins or ends again once its outcome is recorded; each command was done as often as said."""
    begun: dict[int, Event] = {}
    ended: set[str] = set()
    completed: set[str] = set()
    for event in events:
        if event.kind is Kind.STEP_STARTED:
            begun[event.payload["step"]] = event
            assert event.payload["key"] not in ended, (row.task, "begun again", event)
        elif event.kind in (Kind.STEP_COMPLETED, Kind.STEP_FAILED):
            key = begun[event.payload["step"]].payload["key"]
            assert key not in ended, (row.task, "ended again", event)
            ended.add(key)
            if event.kind is Kind.STEP_COMPLETED:
                completed.add(key)
    for event in begun.values():
        assert event.payload["key"] in ended, (row.task, "never ended", event)
        if event.payload["name"] == "run_command":
            _check_effect(row, event.payload["key"], completed, events, done)


def _check_effect(
    row: Execution, key: str, completed: set[str], events: list[Event], done: Counter[str]
) -> None:
    again = [
        event
        for event in of_kind(events, Kind.ANSWERED)
        if event.payload["approval"].startswith(f"{key}/again") and event.payload["answer"] == "again"
    ]
    inner = "/inner" if key.startswith("inner/") else ""
    times = done[f"{row.task}{inner} {key.removeprefix('inner/')}"]
    assert (key in completed) <= times <= 1 + len(again), (row.task, key, times, len(again))


def _check_receipt(studio: Studio, row: Execution, events: list[Event], receipt: Receipt) -> None:
    """The account is that of one run, however many processes have driven it."""
    keys = {event.payload["key"]: event.payload for event in of_kind(events, Kind.STEP_STARTED)}
    tools = Counter(payload["name"] for payload in keys.values() if payload["action"] == "tool")
    # Where a step failed, a call beside it may have been cut off between being counted and being made.
    counted = Counter(receipt.tool_calls)
    assert counted == tools if row.state is State.COMPLETED else counted >= tools, (row.task, row.id)
    used = [
        event.payload["usage"] for event in of_kind(events, Kind.STEP_COMPLETED) if event.payload["usage"]
    ]
    assert receipt.usage == sum((Usage(**usage) for usage in used), Usage()), (row.task, row.id)
    recorded = [event.payload["sha"] for event in of_kind(events, Kind.COMMIT)]
    assert len(recorded) == len(set(recorded))
    assert set(recorded) <= set(receipt.commits)
    on_branch = studio.repo.git("rev-list", "--reverse", f"{receipt.base_commit}..{row.branch}").splitlines()
    assert list(receipt.commits) == on_branch, (row.task, row.id)
    names = studio.repo.names(receipt.tip)
    by_number = {payload["step"]: payload for payload in keys.values()}
    for event in of_kind(events, Kind.STEP_COMPLETED):
        step = by_number.get(event.payload["step"])
        if step is not None and step["name"] == "write_file":
            assert step["arguments"]["path"] in names, (row.task, row.id, "lost", step)


def _check_places(studio: Studio) -> None:
    state = Path(os.environ["PARACLE_STATE_DIR"])
    assert studio.worktrees() == []
    left = [*state.glob("worktrees/*/*.opening"), *studio.repo.git_folder.rglob("*.lock")]
    assert left == []
    assert studio.repo.healthy()
