"""The header says the same four things at every width, the most important last to go."""

from __future__ import annotations

import pytest

from paracle.widgets.header_bar import HeaderBar
from tests.tui.hosting import MIDDLE, SMALL, Host, shown


def header() -> HeaderBar:
    bar = HeaderBar()
    bar.project, bar.branch, bar.changed, bar.model = "shop-api", "main", 0, "offline"
    bar.spent_micro, bar.running, bar.waiting = 1_230_000, 2, 1
    return bar


@pytest.mark.parametrize("size", [SMALL, MIDDLE])
async def test_everything_has_its_place(size: tuple[int, int]) -> None:
    app = Host(header())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        line = shown(app).splitlines()[0]
    assert line.startswith(" shop-api  main ✓ clean")
    assert line.endswith("offline   $1.23 today   ● 2 running   ◐ 1 needs you")
    assert len(line) == size[0] - 1


@pytest.mark.parametrize(
    ("width", "gone"),
    [(70, ["offline"]), (56, ["offline", "main"]), (40, ["offline", "main", "today"])],
)
async def test_narrow_terminals_lose_the_least_important_first(width: int, gone: list[str]) -> None:
    app = Host(header())
    async with app.run_test(size=(width, 24)) as pilot:
        await pilot.pause()
        line = shown(app).splitlines()[0]
    kept = [word for word in ("offline", "main", "today") if word not in gone]
    assert [word for word in ("offline", "main", "today") if word in line] == kept
    assert "● 2 running   ◐ 1 needs you" in line


async def test_work_that_is_not_committed_is_counted() -> None:
    bar = header()
    app = Host(bar)
    async with app.run_test(size=MIDDLE) as pilot:
        bar.changed, bar.branch, bar.waiting = 3, "feature/[b]", 0
        await pilot.pause()
        text = shown(app)
        assert "feature/[b] ± 3 changed" in text
        assert "◐ 0 need you" in text
        bar.changed = None
        await pilot.pause()
        assert "changed" not in shown(app)
        bar.branch = ""
        await pilot.pause()
        assert "clean" not in shown(app)
