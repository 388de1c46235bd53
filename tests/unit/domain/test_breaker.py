"""The circuit breaker against the three states of the book, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from paracle.app.domain.breaker import Breaker, Circuit

FAILURES, COOL = 3, 10.0


class Host(RuleBasedStateMachine):
    """One host, asked one call at a time or several at once, with a clock that only goes forward."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(FAILURES, COOL)
        self.now = 0.0
        self.in_a_row = 0
        self.opened: float | None = None
        self.trying = False
        self.under_way = 0

    @property
    def state(self) -> Circuit:
        if self.opened is None:
            return Circuit.CLOSED
        return Circuit.HALF_OPEN if self.now >= self.opened + COOL else Circuit.OPEN

    @property
    def may_call(self) -> bool:
        return self.state is Circuit.CLOSED or (self.state is Circuit.HALF_OPEN and not self.trying)

    @rule(seconds=st.integers(0, 15))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @precondition(lambda self: self.may_call)
    @rule()
    def a_call_begins(self) -> None:
        self.trying = self.state is Circuit.HALF_OPEN
        self.breaker.begin(self.now)
        self.under_way += 1

    @precondition(lambda self: self.under_way)
    @rule()
    def a_call_is_answered(self) -> None:
        self.under_way -= 1
        self.breaker.succeeded()
        self.in_a_row, self.opened, self.trying = 0, None, False

    @precondition(lambda self: self.under_way)
    @rule()
    def a_call_fails(self) -> None:
        self.under_way -= 1
        self.in_a_row += 1
        opens = self.trying or (self.opened is None and self.in_a_row >= FAILURES)
        assert self.breaker.failed(self.now) is opens
        self.trying = False
        if opens:
            self.opened = self.now

    @precondition(lambda self: self.under_way)
    @rule()
    def a_call_is_stopped(self) -> None:
        self.under_way -= 1
        self.breaker.left()
        self.trying = False

    @invariant()
    def it_stands_as_the_book_says(self) -> None:
        assert self.breaker.state(self.now) is self.state
        assert (self.breaker.wait(self.now) == 0) is self.may_call
        assert 0 <= self.breaker.wait(self.now) <= COOL


TestHost = Host.TestCase
TestHost.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
