"""What the workbench looks like. `make snapshots` accepts what it looks like now, after one has looked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from paracle.app.services.projects import make_lite
from paracle.app.services.workspace import Workspace
from paracle.app.store.store import Store
from paracle.app.tui.app import WorkbenchApp
from tests.snapshots import story
from tests.support.repo import RepoBuilder
from tests.tui.driving import Driver
from tests.tui.hosting import MIDDLE, SMALL

Compare = Callable[..., bool]
Act = Callable[[Driver], Awaitable[None]]
Runs = Sequence[tuple[str, story.Run]]

sizes = pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lite project in git, at one moment that does not pass."""
    repo = RepoBuilder(tmp_path / "shop")
    repo.write("shop/cart.py", '"""The cart."""\n')
    make_lite(repo.folder, "shop")
    repo.commit("feat: a small tea shop")
    monkeypatch.setattr("time.time", lambda: story.NOW)
    return repo.folder


@sizes
def test_a_project_without_runs(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await bench.see("Nothing chosen yet" if size == MIDDLE else "tour")

    assert picture(snap_compare, shop, size, [], act)


@sizes
def test_a_run_at_work(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    runs = [(story.DONE, story.finished(shop)), (story.RUNNING, story.running(shop))]

    async def act(bench: Driver) -> None:
        await open_run(bench, story.RUNNING)
        await bench.see("read shop/pricing.py", "● running", "Follow")

    assert picture(snap_compare, shop, size, runs, act)


@sizes
def test_a_failed_run(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    runs = [(story.FAILED, story.failed(shop)), (story.DONE, story.finished(shop))]

    async def act(bench: Driver) -> None:
        await open_run(bench, story.FAILED)
        await bench.see("did you mean 'shop'?", "Copy command")

    assert picture(snap_compare, shop, size, runs, act)


@sizes
def test_a_finished_run_with_its_receipt(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await open_run(bench, story.DONE)
        await bench.see("2 findings in 8 modules", "git diff", "Copy command")

    assert picture(snap_compare, shop, size, [(story.DONE, story.finished(shop))], act)


@sizes
def test_the_form_that_starts_a_run(shop: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    async def act(bench: Driver) -> None:
        await bench.choose_agent("reviewer")
        await bench.press("r")
        await bench.see("Run reviewer", "complexity")
        for line in bench.app.screen.query(Input):
            line.cursor_blink = False

    assert picture(snap_compare, shop, size, [], act)


def picture(compare: Compare, folder: Path, size: tuple[int, int], runs: Runs, act: Act) -> bool:
    """Whether the workbench on a folder with these runs, after some acts, looks as it did."""
    with workbench_with(folder, runs) as app:

        async def prepare(pilot: Pilot[None]) -> None:
            bench = Driver(app, pilot)
            await bench.see("✓ clean")
            await bench.until(lambda: len(bench.explorer.memory) == 1, "read")
            await act(bench)
            await pilot.pause()

        return compare(app, terminal_size=size, run_before=prepare)


@contextmanager
def workbench_with(folder: Path, runs: Runs) -> Iterator[WorkbenchApp]:
    """A workbench over a store that holds these runs, whose process is alive."""
    with Workspace.open(folder) as workspace, Store(workspace.local) as store:
        asyncio.run(story.write(store, runs))
        app = WorkbenchApp(workspace)
        app.animation_level = "none"
        yield app


async def open_run(bench: Driver, identifier: str) -> None:
    """Open a run from the list."""
    await bench.until(lambda: any(row.id == identifier for row in bench.runs), "listed")
    row: Any = bench.row(identifier)
    bench.list.focus()
    bench.list.go_to(identifier)
    await bench.press("enter")
    await bench.until(lambda: bench.pane_title("content-pane") == f"{row.short} {row.agent}", "opened")
