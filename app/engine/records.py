"""What is recorded of an execution that another process drove, for whoever takes it up or gives it up."""

from __future__ import annotations

from dataclasses import replace

from ..domain.errors import Conflict, ParacleError, StoreError
from ..domain.events import Event
from ..domain.executions import Execution, Receipt
from ..domain.states import State
from ..store.store import Store
from .accounts import receipt_of_record, receipt_of_row
from .origins import origin_of, past_of
from .past import Past
from .request import AnyRequest, followed_of, read_request


def interrupted(store: Store, execution: str) -> tuple[Execution, int]:
    """An interrupted execution, and the number of its last event.

    Raises:
        NotFound: there is no such execution.
        Conflict: it is not interrupted.
    """
    row = store.execution(execution)
    seen = store.last_seq(row.id)
    if row.state is not State.INTERRUPTED:
        raise Conflict(
            f"{row.short} {row.state.predicate}, not interrupted",
            hint="only what was interrupted can be taken up; 'paracle runs retry' does a run again",
        )
    return row, seen


def read_record(store: Store, row: Execution) -> tuple[AnyRequest, Past]:
    """What an execution was asked to do, and what it has done.

    Raises:
        Conflict: it was recorded by a version that kept too little to go on.
        StoreError: what is recorded cannot be read.
    """
    events: list[Event] = []
    while batch := store.telling_events(row.id, after=events[-1].seq if events else 0):
        events += batch
    request = events[0].payload.get("request") if events else None
    if request is None:
        raise Conflict(
            f"{row.short} cannot go on",
            detail="it was recorded by an earlier version of Paracle",
            hint="its branch keeps what it did; start a new run, or go on with the branch: run --on",
        )
    try:
        read, origin = read_request(request), origin_of(events[0].payload)
        follows = followed_of(events) or read.follows
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"What {row.short} was asked to do cannot be read",
            detail=f"{type(error).__name__}: {error}",
            hint="its record is damaged; start a new run",
        ) from error
    return replace(read, origin=origin, follows=follows), past_of(store, events, origin)


def receipt_so_far(store: Store, row: Execution) -> Receipt:
    """The receipt of an execution that ends where it stands, even where its record cannot be read."""
    try:
        request, past = read_record(store, row)
    except ParacleError:
        return receipt_of_row(row, State.TERMINATED)
    return receipt_of_record(row, request, past)
