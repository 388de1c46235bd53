"""Figures beside their limits, gathered and printed as one table at the end of `make bench`."""

from collections.abc import Callable

import pytest

Figure = Callable[[str, float, str, float], None]

_figures: list[tuple[str, float, str, float]] = []


@pytest.fixture
def figure() -> Figure:
    """Record a measured value: name, value, unit, and the limit it is held against (at most)."""

    def record(name: str, value: float, unit: str, limit: float) -> None:
        _figures.append((name, value, unit, limit))
        print(f"\n{name}: {value:.3g} {unit} (limit {limit:g})")

    return record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table. A figure over its limit is marked, not failed: the machine may have been busy."""
    if not _figures:
        return
    width = max(len(name) for name, *_ in _figures)
    terminalreporter.section("figures")
    for name, value, unit, limit in _figures:
        mark = "✓" if value <= limit else "✗ over"
        terminalreporter.write_line(f"{name:<{width}}  {value:>10.3g} {unit:<6} limit {limit:>8g}  {mark}")
