"""Runs in the workbench: several at once, those of other processes, stopping, filtering, failing."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from paracle.app.domain.executions import Execution
from paracle.app.domain.states import State
from paracle.app.services.workspace import Workspace
from paracle.widgets.run_log import RunLog
from tests.cli.command import AGENT, call, make_project, paracle_json, trusted, write_script
from tests.tui.driving import Driver, workbench

InBackground = Callable[[str], str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with agents that wait, write, fail and talk for long."""
    folder = make_project(tmp_path / "shop")
    scripts: dict[str, list[dict[str, Any]]] = {
        "waiter": [{"text": ["one\n", "never said"], "chunk_delay": 3600}],
        "writer": [{"tool_calls": [call("write_file", path="NEWS.md", text="news\n")]}, {"text": "written"}],
        "failer": [{"error": "The model has gone home"}],
        "talker": [{"flood": {"lines": 100_000, "per_second": 200, "text": "said {n}"}}],
    }
    for name, turns in scripts.items():
        model = write_script(tmp_path / f"{name}.json", *turns)
        text = AGENT.replace("name: worker", f"name: {name}").replace("model: offline", f"model: {model}")
        (folder / ".parac" / "agents" / "specs" / f"{name}.md").write_text(text)
    return trusted(folder)


@pytest.fixture
def in_background(project: Path) -> Iterator[InBackground]:
    """Runs an agent in a process of its own, which is gone afterwards; gives the execution's id."""
    processes: list[int] = []

    def run(agent: str) -> str:
        said = paracle_json(project, "run", agent, "--detach")
        processes.append(said["process"])
        return str(said["execution"])

    yield run
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


async def test_several_runs_at_once_each_a_key_away(project: Path) -> None:
    async with workbench(project) as bench:
        waiting = await bench.run("waiter")
        talking = await bench.run("talker")
        writing = await bench.run("writer")
        await bench.ended(writing.id)
        await bench.see("● 2 running", "✓ done", "written")
        bench.list.focus()
        assert bench.list.go_to(talking.id)
        await bench.until(lambda: shows(bench, talking), "switched")
        await bench.see("said ")
        await bench.press("j")
        await bench.until(lambda: shows(bench, waiting), "switched by moving on")
        await bench.see("one")
        await bench.press("home", "enter")
        await bench.until(lambda: shows(bench, writing), "switched back")
        await bench.see("could write")


async def test_open_runs_are_tabs_that_say_how_they_stand(project: Path) -> None:
    async with workbench(project) as bench:
        waiting = await bench.run("waiter")
        assert bench.key("beside(1)") is None, "one run needs no tabs"
        writing = await bench.run("writer")
        await bench.ended(writing.id)
        await bench.see(f"● {waiting.short} waiter", f"✓ {writing.short} writer")
        await bench.press("right_curly_bracket")
        await bench.until(lambda: shows(bench, waiting), "gone round the end")
        await bench.press("x")
        await bench.see(f"■ {waiting.short} waiter")
        await bench.press("backspace")
        await bench.until(lambda: shows(bench, writing), "closed")
        assert bench.key("beside(1)") is None
        assert len(bench.runs) == 2, "closing a tab takes no run away"


async def test_the_log_follows_and_stays_where_one_scrolls_up(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("talker")
        log = bench.app.screen.query_one("#run-log", RunLog)
        await bench.until(lambda: log.length > 60 and log.following, "long enough")
        await bench.press("home")
        await bench.see("said 1 ", "new  end")
        seen, length = log.unseen, log.length
        await bench.until(lambda: log.length > length, "grown")
        assert not log.following
        assert "said 1 " in bench.screen
        assert log.unseen > seen
        await bench.press("end")
        await bench.until(lambda: log.following, "following again")
        await bench.press("x")
        assert (await bench.ended(row.id)).state is State.TERMINATED


async def test_a_stopped_run_says_so_and_keeps_its_account(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("waiter")
        await bench.see("one")
        await bench.press("x")
        stopped = await bench.ended(row.id)
        assert stopped.state is State.TERMINATED
        await bench.see("■ stopped", "waiter is stopped; what it did is kept")
        stop = bench.key("stop_run")
        assert stop is not None
        assert not stop.enabled


async def test_a_failed_run_says_what_went_wrong(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("failer")
        assert (await bench.ended(row.id)).state is State.FAILED
        await bench.see("✗ failed", "The model has gone home", "failer.json")


async def test_a_run_of_another_process_appears_and_is_followed(
    project: Path, in_background: InBackground
) -> None:
    async with workbench(project) as bench:
        await bench.see("No runs yet")
        identifier = in_background("talker")
        await bench.until(lambda: any(row.id == identifier for row in bench.runs), "listed")
        await bench.see("● 1 running")
        bench.list.focus()
        await bench.press("enter")
        await bench.until(lambda: shows(bench, bench.row(identifier)), "opened")
        await bench.see("said ")
        log = bench.app.screen.query_one("#run-log", RunLog)
        length = log.length
        await bench.until(lambda: log.length > length, "grown")
        await bench.press("x")
        assert (await bench.ended(identifier)).state is State.TERMINATED


async def test_news_is_not_lost_while_the_palette_is_open(project: Path, in_background: InBackground) -> None:
    async with workbench(project) as bench:
        await bench.see("No runs yet")
        await bench.press("ctrl+p")
        await bench.see("Search for commands")
        identifier = in_background("writer")
        with Workspace.open(project) as other:
            await bench.until(lambda: other.store.execution(identifier).finished is not None, "ended")
        await bench.press("escape")
        assert (await bench.ended(identifier)).state is State.COMPLETED


async def test_the_list_is_narrowed_by_words_and_widened_by_escape(project: Path) -> None:
    async with workbench(project) as bench:
        for agent in ("writer", "failer", "writer"):
            await bench.ended((await bench.run(agent)).id)
        bench.list.focus()
        await bench.press("slash")
        await bench.write("failer failed")
        await bench.see("/ failer failed")
        await bench.until(lambda: len(bench.runs) == 1, "narrowed")
        await bench.press("enter")
        await bench.until(lambda: bench.list.has_focus, "in the list")
        assert [row.agent for row in bench.runs] == ["failer"]
        await bench.press("escape")
        await bench.until(lambda: len(bench.runs) == 3, "widened")


async def test_leaving_with_a_run_at_work_asks_once_and_keeps_its_account(project: Path) -> None:
    async with workbench(project) as bench:
        row = await bench.run("waiter")
        await bench.see("one")
        await bench.press("q")
        await bench.see("1 run is at work", "Quit again")
        assert bench.app.is_running
        await bench.press("q")
        await bench.until(lambda: not bench.app.is_running, "left")
    with Workspace.open(project) as later:
        kept = later.store.execution(row.id)
    assert kept.state is State.TERMINATED
    assert kept.note == "the program that ran it was closed"


def shows(bench: Driver, row: Execution) -> bool:
    """Whether the content shows this run."""
    return bench.pane_title("content-pane") == f"{row.short} {row.agent}"
