"""Steps that only look may be a little ahead of the disk; what acts never is."""

from __future__ import annotations

from paracle.app.domain.events import Kind
from paracle.app.engine.journal import AHEAD, Journal
from paracle.app.engine.past import StepResult
from paracle.app.engine.steps import Steps
from paracle.app.store.store import Store
from tests.support.drafts import RUN


def events_there(store: Store) -> int:
    """How many events of steps are on the disk."""
    return store.last_seq(RUN) - 2


async def test_what_acts_begins_with_all_before_it_on_the_disk(store: Store) -> None:
    steps = Steps(Journal(store, RUN))
    seen: list[int] = []

    async def look(step: int) -> StepResult:
        return StepResult({})

    async def act(step: int) -> StepResult:
        seen.append(events_there(store))
        return StepResult({})

    for number in range(3):
        await steps.run("tool", "look", {}, look, key=f"look-{number}", idempotent=True, looks=True)
    await steps.run("tool", "act", {}, act, key="act", idempotent=False)
    # Three looks with their results, and its own intent.
    assert seen == [7]


async def test_those_that_look_are_never_far_ahead(store: Store) -> None:
    steps = Steps(Journal(store, RUN))
    ahead: list[int] = []

    async def look(step: int) -> StepResult:
        ahead.append(2 * step - 1 - events_there(store))
        return StepResult({})

    for number in range(5 * AHEAD):
        await steps.run("tool", "look", {}, look, key=f"look-{number}", idempotent=True, looks=True)
    assert max(ahead) <= AHEAD
    assert max(ahead) > 1


async def test_the_order_is_kept(store: Store) -> None:
    journal = Journal(store, RUN)
    steps = Steps(journal)

    async def look(step: int) -> StepResult:
        return StepResult({})

    for number in range(20):
        await steps.run("tool", "look", {}, look, key=str(number), idempotent=True, looks=number % 3 > 0)
    await journal.settle()
    told = [(event.kind, event.payload["step"]) for event in store.events(RUN, after=2)]
    expected = [(kind, step) for step in range(1, 21) for kind in (Kind.STEP_STARTED, Kind.STEP_COMPLETED)]
    assert told == expected
