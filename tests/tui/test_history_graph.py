"""The history's graph: alone with values, and in the workbench over a real repository."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from paracle.app.domain.history_graph import HistoryGraph, Run, TrunkCommit, Verdict
from paracle.app.domain.history_lanes import lay_out
from paracle.app.domain.states import State
from paracle.app.services import history
from paracle.widgets.history_graph import GraphView
from tests.support.reviewing import make_run, run_again
from tests.support.studio import Studio
from tests.tui.driving import Driver, workbench
from tests.tui.hosting import MIDDLE, SMALL, Host

NOW = 1_700_000_000.0


def commits(first: int, last: int) -> list[TrunkCommit]:
    """Commits of which the newest has the highest number, a minute apart."""
    return [
        TrunkCommit(f"{n:08d}aa", (f"{n - 1:08d}aa",), "Ada", NOW - 60 * (1000 - n), f"work {n}")
        for n in range(last, first - 1, -1)
    ]


def run(number: int, **values: object) -> Run:
    """A run that left commit ``number``."""
    made = Run(
        f"{number:04d}rrrrrr", "fixer", "openai:gpt-5-mini", State.COMPLETED, NOW - 60 * (1000 - number) + 1,
        cost_micro=21_400, files=2, added=12, removed=3, verdict=Verdict.UNREVIEWED, fork=f"{number:08d}aa",
    )  # fmt: skip
    return replace(made, **values)  # type: ignore[arg-type]


def graph(first: int = 1, last: int = 60, *runs: Run, complete: bool = True) -> HistoryGraph:
    return lay_out("main", commits(first, last), runs, complete=complete)


class GraphHost(Host):
    def on_graph_view_opened(self, message: GraphView.Opened) -> None:
        self.hear(message)

    def on_graph_view_review_wanted(self, message: GraphView.ReviewWanted) -> None:
        self.hear(message)

    def on_graph_view_end_near(self, message: GraphView.EndNear) -> None:
        self.hear(message)

    @property
    def view(self) -> GraphView:
        return self.query_one(GraphView)

    def lines(self) -> list[str]:
        height = self.view.scrollable_content_region.height
        lines = [self.view.render_line(y).text.rstrip() for y in range(height)]
        return [line for line in lines if line]


@asynccontextmanager
async def hosted(
    given: HistoryGraph, size: tuple[int, int] = SMALL
) -> AsyncIterator[tuple[GraphHost, Pilot[None]]]:
    host = GraphHost(GraphView())
    async with host.run_test(size=size) as pilot:
        host.view.now = NOW
        host.view.graph = given
        host.view.focus()
        await pilot.pause()
        yield host, pilot


def wanted(host: GraphHost) -> list[tuple[str, str]]:
    return [(type(message).__name__, message.run.short) for message in host.heard if hasattr(message, "run")]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
async def test_every_line_fills_the_width_and_says_agent_and_age(width: int) -> None:
    wild = run(
        5, agent="an-agent-with-a-very-long-name-indeed", verdict=Verdict.PARTLY_MERGED, merge="00000008aa"
    )
    strange = TrunkCommit("f" * 40, (), "日本語の名前です" * 3, NOW, "ö\x1b[31m \u202e日本" * 20)
    rows = lay_out("main", [strange, *commits(1, 9)], [wild, run(3, state=None, agent="")])
    async with hosted(rows, (width, 24)) as (host, _):
        drawn = [host.view.render_line(y).text for y in range(len(rows.rows))]
        assert {cell_len(line) for line in drawn} == {host.view.scrollable_content_region.width}
    assert not any("\x1b" in line or "\u202e" in line for line in drawn)
    assert all(line.rstrip().endswith((" h", " m", " s", " d", "now")) for line in drawn)
    assert sum("an-a" in line for line in drawn) == 1


async def test_a_wide_line_has_every_column_and_a_narrow_one_the_first() -> None:
    one = graph(1, 3, run(2))
    async with hosted(one, MIDDLE) as (host, _):
        assert host.lines()[1].split() == [
            "├─✓", "done", "0002", "fixer", "openai:gpt-5-mini", "$0.02", "+12", "−3", "2", "files",
            "unreviewed", "16", "h",
        ]  # fmt: skip
        assert host.lines()[0].split() == ["•", "00000003", "work", "3", "Ada", "16", "h"]
    async with hosted(one, (60, 24)) as (host, _):
        assert host.lines()[1].split() == [
            "├─✓",
            "done",
            "0002",
            "fixer",
            "+12",
            "−3",
            "unreviewed",
            "16",
            "h",
        ]


async def test_the_cursor_and_the_view_stay_with_their_rows_when_the_history_changes() -> None:
    async with hosted(graph(1, 60, run(20))) as (host, pilot):
        await pilot.press(*["j"] * 42)
        assert host.view.cursor_key == "00000019aa"
        before = host.lines()
        host.view.graph = graph(1, 64, run(20), run(63), run(10))
        await pilot.pause()
        assert (host.view.cursor_key, host.lines()) == ("00000019aa", before)
        await pilot.press("k", "k")
        assert host.view.highlighted == run(20)


async def test_at_the_top_the_newest_comes_into_view() -> None:
    async with hosted(graph(1, 60)) as (host, pilot):
        host.view.graph = graph(1, 61)
        await pilot.pause()
        assert "work 61" in host.lines()[0]
        assert host.view.cursor_key == "00000060aa"


async def test_keys_go_to_the_ends_and_by_pages() -> None:
    async with hosted(graph(1, 60)) as (host, pilot):
        await pilot.press("G")
        assert (host.view.cursor_key, "work 1 " in host.lines()[-1]) == ("00000001aa", True)
        await pilot.press("g", "pagedown", "down", "k")
        assert host.view.cursor_key == f"{60 - 23:08d}aa"


async def test_the_filter_leaves_runs_and_commits_and_counts_them() -> None:
    lone = run(2, agent="documenter", model="ollama:qwen3")
    failed = run(40, state=State.FAILED, verdict=Verdict.UNCHANGED)
    older = lay_out("main", commits(30, 60), [lone, failed], complete=False)
    async with hosted(older) as (host, pilot):
        for words, keys in {
            "documenter": ["0002rrrrrr"],
            "qwen": ["0002rrrrrr"],
            "failed fixer": ["0040rrrrrr"],
            "ada 0005": [f"{n:08d}aa" for n in range(59, 49, -1)],
            "no such": [],
        }.items():
            host.view.filter = words
            assert [row.node.key for row in host.view.shown] == keys
            count = "1 match" if len(keys) == 1 else f"{len(keys)} matches"
            assert count in host.view.filter_words
        await pilot.press("escape")
        assert len(host.view.shown) == 32


async def test_enter_and_d_ask_for_the_run_also_on_the_commit_that_brought_it() -> None:
    merged = run(2, merge="00000004aa", verdict=Verdict.MERGED)
    async with hosted(graph(1, 4, merged)) as (host, pilot):
        await pilot.press("enter", "d", "G", "k", "l")
        assert wanted(host) == [("Opened", "0002"), ("ReviewWanted", "0002")]
        assert host.view.why_not("open") == "a commit that no run made has no receipt"
        host.view.go_to(merged.key)
        await pilot.press("l")
        assert wanted(host)[2:] == [("Opened", "0002")]


async def test_what_a_key_cannot_do_is_said() -> None:
    live = run(4, state=State.RUNNING, files=0)
    async with hosted(graph(1, 4, live)) as (host, pilot):
        await pilot.press("enter", "d")
        assert wanted(host) == []
        assert host.view.why_not("open") == "0004 is running; its receipt comes with its end"
        assert host.view.why_not("review") == "0004 has changed no file"
        assert not host.screen.active_bindings["enter"].enabled


async def test_older_commits_are_asked_for_once_when_the_end_is_near() -> None:
    async with hosted(graph(500, 1500, complete=False)) as (host, pilot):
        assert host.heard == []
        await pilot.press("G")
        await pilot.pause()
        assert len(host.heard) == 1
        await pilot.press("g", "G")
        await pilot.pause()
        assert len(host.heard) == 1
        host.view.graph = graph(1, 1500)
        await pilot.press("G")
        await pilot.pause()
        assert (len(host.heard), host.view.cursor_key) == (1, "00000001aa")


# In the workbench


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
async def done(studio: Studio) -> str:
    return await asyncio.to_thread(make_run, studio)


@asynccontextmanager
async def in_history(studio: Studio, size: tuple[int, int] = MIDDLE) -> AsyncIterator[Driver]:
    async with workbench(studio.repo.folder, size) as bench:
        await bench.see("Executions" if size == MIDDLE else "Explorer")
        await bench.press("3")
        await bench.see("Branches", "History", "1 branch")
        await bench.press("right_square_bracket")
        await bench.until(lambda: bool(view_of(bench).shown), "read")
        yield bench


def view_of(bench: Driver) -> GraphView:
    return bench.app.screen.query_one(GraphView)


async def test_the_history_is_the_other_view_of_the_branches(studio: Studio, done: str) -> None:
    async with in_history(studio) as bench:
        await bench.see(
            "Over main", f"done {done[:4]} worker", "unreviewed", "feat: parts", "Ada Tester", "1 run"
        )
        await bench.press("left_square_bracket")
        await bench.see("1 branch", "open")
        await bench.press("escape")
        await bench.see("Explorer")


async def test_enter_shows_the_receipt_beside_the_history_and_escape_leaves_it(
    studio: Studio, done: str
) -> None:
    async with in_history(studio) as bench:
        await bench.press("enter")
        await bench.see(f"Receipt {done[:4]}", "git diff", "feat: parts", "Copy command")
        await bench.press("tab")
        await bench.until(lambda: view_of(bench).has_focus, "focused")
        await bench.press("escape")
        await bench.see_no_more(f"Receipt {done[:4]}")
        await bench.press("escape")
        await bench.see("Explorer")


async def test_where_it_is_narrow_the_receipt_takes_the_place_of_the_list(studio: Studio, done: str) -> None:
    async with in_history(studio, SMALL) as bench:
        await bench.press("enter")
        await bench.see(f"Receipt {done[:4]}", "git diff")
        assert "feat: parts" not in bench.screen
        await bench.press("escape")
        await bench.see("feat: parts", "⏎ Receipt")
        assert view_of(bench).has_focus


async def test_the_receipt_follows_the_cursor(studio: Studio, done: str) -> None:
    other = await asyncio.to_thread(run_again, studio)
    async with workbench(studio.repo.folder) as bench:
        await bench.press("3")
        await bench.see("2 branches")
        await bench.press("right_square_bracket")
        await bench.until(lambda: view_of(bench).highlighted is not None, "read")
        await bench.press("enter")
        await bench.see(f"Receipt {other[:4]}")
        await bench.press("tab", "j")
        await bench.see(f"Receipt {done[:4]}")
        assert view_of(bench).has_focus


async def test_d_opens_the_review_and_back_again_the_history_is_there(studio: Studio, done: str) -> None:
    async with in_history(studio) as bench:
        await bench.press("d")
        await bench.see("→ main", "✓ merges cleanly")
        await bench.press("escape")
        await bench.see("Over main", "unreviewed")


async def test_what_happens_elsewhere_is_seen_without_a_key(studio: Studio, done: str) -> None:
    async with in_history(studio) as bench:
        view = view_of(bench)
        view.go_to(done)
        await asyncio.to_thread(history.merge, bench.app.workspace, done)
        await bench.see(f"Merge exec/{done}", "•─╮")
        assert view.cursor_key == done
        await asyncio.to_thread(studio.repo.git, "commit", "--allow-empty", "-qm", "made by hand")
        await bench.see("made by hand")
        assert view.cursor_key == done


async def test_the_filter_is_shown_with_its_count(studio: Studio, done: str) -> None:
    async with in_history(studio) as bench:
        await bench.press("slash")
        await bench.write("worker")
        await bench.see("/ worker▏", "1 match")
        await bench.press("enter", "escape")
        await bench.see_no_more("1 match")
        await bench.see("feat: parts")


async def test_a_history_without_commits_says_what_belongs_there(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    async with workbench(folder) as bench:
        await bench.see("Explorer")
        await bench.press("3")
        await bench.see("Branches", "History")
        await bench.press("right_square_bracket")
        await bench.see("No history yet", "goes to the workbench")
