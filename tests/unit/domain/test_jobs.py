"""What is said about a job, and which of them have hope."""

from dataclasses import replace

import pytest

from paracle.app.domain.errors import UsageError
from paracle.app.domain.executions import Execution
from paracle.app.domain.jobs import TAKE_UPS, Job, Order, Standing, hopeful, parse_delay
from paracle.app.domain.states import State


def row(identifier: str, state: State = State.QUEUED) -> Execution:
    return Execution(id=identifier, agent="worker", model="offline", state=state, created=0.0)


def job(identifier: str, ahead: Execution | None = None, *, taken: bool = False, attempts: int = 0) -> Job:
    order = Order(after=ahead.id if ahead else "")
    return Job(1, row(identifier), order, taken, attempts, ahead)


def lost(identifier: str, attempts: int) -> Job:
    return replace(
        job(identifier, attempts=attempts), execution=row(identifier, State.INTERRUPTED), is_taken=True
    )


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), (" 1 D ", 86400), ("0", 0)],
)
def test_a_delay_is_read_as_people_write_it(written: str, seconds: float) -> None:
    assert parse_delay(written) == seconds


@pytest.mark.parametrize("written", ["", "soon", "-1m", "1w", "1e3", "9999d", "10m5"])
def test_what_is_no_delay_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(UsageError) as told:
        parse_delay(written)
    assert "10m" in told.value.hint


@pytest.mark.parametrize(
    ("found", "standing"),
    [
        (job("a"), Standing.DUE),
        (replace(job("a"), order=Order(not_before=11.0)), Standing.DELAYED),
        (job("a", row("b", State.RUNNING)), Standing.BEHIND),
        (job("a", row("b", State.FAILED)), Standing.DUE),
        (job("a", row("b", State.INTERRUPTED)), Standing.STUCK),
        (job("a", taken=True), Standing.AT_WORK),
        (lost("a", TAKE_UPS - 1), Standing.LOST),
        (lost("a", TAKE_UPS), Standing.LEFT),
    ],
)
def test_a_job_says_why_it_is_where_it_is(found: Job, standing: Standing) -> None:
    assert found.standing(10.0) is standing
    assert found.to_dict(10.0)["standing"] == standing


def test_what_waits_behind_something_that_waits_has_its_hope() -> None:
    first, second, third = job("a"), job("b", row("a")), job("c", row("b"))
    assert {one.execution.id for one in hopeful([third, second, first])} == {"a", "b", "c"}


def test_what_waits_behind_something_that_was_left_has_none() -> None:
    left = lost("a", TAKE_UPS)
    second, third = job("b", left.execution), job("c", row("b"))
    assert hopeful([left, second, third]) == ()
    again = lost("a", 0)
    assert len(hopeful([again, second, third])) == 3


def test_what_waits_behind_what_is_at_work_has_hope_and_what_is_at_work_is_nobodys_concern() -> None:
    busy = replace(job("a", taken=True), execution=row("a", State.RUNNING))
    behind = job("b", busy.execution)
    assert hopeful([busy, behind]) == (behind,)


def test_two_that_wait_for_each_other_have_none() -> None:
    assert hopeful([job("a", row("b")), job("b", row("a"))]) == ()
