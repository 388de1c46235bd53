"""How many steps run at once, as they get slower and faster."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from paracle.app.domain.pacing import WINDOW, Pace

times = st.floats(0.0, 1e6, allow_nan=False)


@given(st.integers(1, 100), st.lists(times, max_size=300))
def test_the_limit_stays_between_one_and_the_most(most: int, taken: list[float]) -> None:
    pace = Pace(most, adaptive=True)
    for seconds in taken:
        pace.note(seconds)
        assert 1 <= pace.limit <= most


@given(st.integers(1, 100), st.lists(times, max_size=100))
def test_a_fixed_pace_is_never_changed(most: int, taken: list[float]) -> None:
    pace = Pace(most)
    for seconds in taken:
        pace.note(seconds)
    assert pace.limit == most


@given(st.integers(2, 100), st.floats(0.001, 1000.0), st.integers(1, 10))
def test_steps_that_take_as_long_as_ever_slow_nothing_down(most: int, seconds: float, windows: int) -> None:
    pace = Pace(most, adaptive=True)
    for _ in range(WINDOW * windows):
        pace.note(seconds)
    assert pace.limit == most


@given(st.integers(2, 100), st.floats(0.001, 1000.0), st.floats(1.6, 100.0))
def test_it_backs_off_when_steps_get_slower_and_comes_back_when_they_do_not(
    most: int, seconds: float, times_slower: float
) -> None:
    pace = Pace(most, adaptive=True)
    for _ in range(WINDOW):
        pace.note(seconds)
    limits = [pace.limit]
    while pace.limit > 1:
        for _ in range(WINDOW):
            pace.note(seconds * times_slower)
        limits.append(pace.limit)
    assert limits == sorted(set(limits), reverse=True)
    for _ in range(WINDOW * most):
        pace.note(seconds)
    assert pace.limit == most


@given(st.integers(2, 100), st.lists(st.floats(0.5, 0.74), min_size=WINDOW * 2, max_size=WINDOW * 5))
def test_a_single_slow_step_in_a_window_is_no_reason(most: int, taken: list[float]) -> None:
    pace = Pace(most, adaptive=True)
    for number, seconds in enumerate(taken):
        pace.note(1e6 if number % WINDOW == WINDOW // 2 else seconds)
    assert pace.limit == most
