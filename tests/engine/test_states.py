"""The life of an execution as the store keeps it: legal changes only, and a row that its events lead to."""

import asyncio
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from paracle.app.domain.errors import Conflict
from paracle.app.domain.events import Draft, Event, Kind
from paracle.app.domain.executions import Execution
from paracle.app.domain.fold import apply, begin
from paracle.app.domain.ids import ALPHABET
from paracle.app.domain.states import TRANSITIONS, State, check_transition
from paracle.app.store.store import Store
from tests.support.drafts import (
    completed,
    draft,
    log_line,
    queued,
    receipt,
    started,
    step_completed,
    step_started,
)

RUN = "aaaa000000"


def ended(state: State) -> Draft:
    """The event that ends an execution in a state."""
    data = {**receipt(RUN), "state": str(state)}
    match state:
        case State.COMPLETED:
            return completed(RUN)
        case State.FAILED:
            error = {"code": "model", "title": "no answer", "detail": "", "hint": ""}
            return draft(Kind.FAILED, receipt={**data, "error": error}, error=error)
        case State.TERMINATED:
            return draft(Kind.TERMINATED, receipt=data, reason="stopped")
        case _:
            return draft(Kind.INTERRUPTED, reason="the process ended")


ROADS: dict[State, tuple[Draft, ...]] = {
    State.QUEUED: (),
    State.RUNNING: (started(),),
    State.COMPLETED: (started(), ended(State.COMPLETED)),
    State.FAILED: (ended(State.FAILED),),
    State.TERMINATED: (ended(State.TERMINATED),),
    State.INTERRUPTED: (started(), ended(State.INTERRUPTED)),
}
"""The states that events of this version lead to, and how."""

TARGETS = [state for state in ROADS if state is not State.QUEUED]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("current", ROADS)
async def test_the_store_takes_the_transitions_of_the_table_and_no_other(
    tmp_path: Path, current: State, target: State
) -> None:
    event = started() if target is State.RUNNING else ended(target)
    with Store(tmp_path) as store:
        await store.create(RUN, queued())
        if ROADS[current]:
            await store.append(RUN, ROADS[current])
        before, last = store.execution(RUN), store.last_seq(RUN)
        assert before.state is current
        if target in TRANSITIONS[current]:
            assert (await store.append(RUN, [event])).state is target
            assert store.execution(RUN).state is target
            assert store.last_seq(RUN) == last + 1
        else:
            with pytest.raises(
                Conflict, match=f"{current.predicate} cannot become '{target.word}'"
            ) as refused:
                await store.append(RUN, [log_line("before"), event])
            assert "can become" in refused.value.hint
            assert (store.execution(RUN), store.last_seq(RUN)) == (before, last)


@pytest.mark.parametrize("current", State)
@pytest.mark.parametrize("target", State)
def test_the_table_is_the_rule(current: State, target: State) -> None:
    if target in TRANSITIONS[current]:
        check_transition(current, target)
        assert not current.is_final
    else:
        with pytest.raises(Conflict):
            check_transition(current, target)


async def test_an_interrupted_execution_that_runs_again_has_no_end(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        await store.create(RUN, queued())
        await store.append(RUN, ROADS[State.INTERRUPTED])
        assert store.execution(RUN).finished is not None
        await store.append(RUN, [started()])
        assert (store.execution(RUN).state, store.execution(RUN).finished) == (State.RUNNING, None)


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
drafts = st.one_of(
    st.builds(log_line, words),
    st.builds(step_started, st.integers(1, 99)),
    st.builds(step_completed, st.integers(1, 99), tokens=st.integers(0, 10**6)),
    st.builds(started),
    st.builds(ended, st.sampled_from([State.COMPLETED, State.FAILED, State.TERMINATED])),
)


DEAD = -1


class Writers(RuleBasedStateMachine):
    """Two processes that write to one store and die now and then, against a list in memory."""

    executions: Bundle[str] = Bundle("executions")

    root: Path

    @initialize()
    def open(self) -> None:
        self.folder = Path(mkdtemp(dir=self.root))
        self.stores = [Store(self.folder), Store(self.folder)]
        self.events: dict[str, list[Event]] = {}
        self.rows: dict[str, Execution] = {}
        self.owner: dict[str, int] = {}

    @rule(target=executions, identifier=st.text(ALPHABET, min_size=10, max_size=10), who=st.integers(0, 1))
    def create(self, identifier: str, who: int) -> str:
        first = queued()
        if identifier in self.rows:
            with pytest.raises(Conflict):
                asyncio.run(self.stores[who].create(identifier, first))
            return identifier
        asyncio.run(self.stores[who].create(identifier, first))
        self.events[identifier] = [Event(identifier, 1, first.time, first.kind, first.payload)]
        self.rows[identifier] = begin(self.events[identifier][0])
        self.owner[identifier] = who
        return identifier

    @rule(identifier=executions, new=st.lists(drafts, min_size=1, max_size=5), who=st.integers(0, 1))
    def append(self, identifier: str, new: list[Draft], who: int) -> None:
        row, events = self.rows[identifier], list(self.events[identifier])
        try:
            for one in new:
                events.append(Event(identifier, len(events) + 1, one.time, one.kind, one.payload))
                row = apply(row, events[-1])
        except Conflict:
            with pytest.raises(Conflict):
                asyncio.run(self.stores[who].append(identifier, new))
            return
        assert asyncio.run(self.stores[who].append(identifier, new)) == row
        self.rows[identifier], self.events[identifier] = row, events

    @rule(who=st.integers(0, 1))
    def die_and_come_back(self, who: int) -> None:
        self.stores[who].close()
        self.stores[who] = Store(self.folder)
        marked = {row.id for row in self.stores[who].interrupt_orphans()}
        unfinished = {name for name, row in self.rows.items() if row.finished is None}
        assert marked == {name for name in unfinished if self.owner[name] in (who, DEAD)}
        for name in marked:
            last = self.stores[who].events(name, after=len(self.events[name]))
            assert [event.kind for event in last] == [Kind.INTERRUPTED]
            self.events[name] += last
            self.rows[name] = apply(self.rows[name], last[0])
            self.owner[name] = DEAD

    @invariant()
    def each_reads_what_was_written(self) -> None:
        for store in getattr(self, "stores", ()):
            assert {row.id: row for row in store.executions()} == self.rows
            for identifier, events in self.events.items():
                assert list(store.events(identifier)) == events
                assert store.last_seq(identifier) == len(events)

    def teardown(self) -> None:
        for store in getattr(self, "stores", ()):
            assert store.check() == ()
            store.close()


def test_whoever_writes_and_dies_the_account_is_what_was_committed(tmp_path: Path) -> None:
    class Here(Writers):
        root = tmp_path

    run_state_machine_as_test(Here, settings=settings(max_examples=15, stateful_step_count=20, deadline=None))
