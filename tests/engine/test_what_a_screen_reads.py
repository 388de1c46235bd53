"""What the workbench reads first, and that nothing is missed afterwards."""

import asyncio
from pathlib import Path

from paracle.app.services.feed import FIRST_ROWS, Feed
from paracle.app.services.project_files import changes
from paracle.app.services.workspace import Workspace
from tests.support.big_project import make_big_project

RUNS = FIRST_ROWS + 20


def test_the_first_look_brings_the_newest_and_says_how_many_there_are(tmp_path: Path) -> None:
    with Workspace.open(make_big_project(tmp_path / "big", agents=1, executions=RUNS)) as workspace:
        feed = Feed(workspace)
        first, second = feed.first_look(), feed.look()
        assert first is not None and first.rows is not None
        assert second is not None and second.rows is not None
        assert (len(first.rows), first.total) == (FIRST_ROWS, RUNS)
        assert (len(second.rows), second.total) == (RUNS, RUNS)
        assert second.rows[:FIRST_ROWS] == first.rows
        assert feed.look() is None


def test_where_nothing_was_ever_run_the_first_look_finds_and_makes_nothing(tmp_path: Path) -> None:
    with Workspace.open(tmp_path) as workspace:
        assert Feed(workspace).first_look() is None
    assert list(tmp_path.iterdir()) == []


async def test_following_the_disk_says_when_it_has_begun_and_then_what_changed(tmp_path: Path) -> None:
    stop = asyncio.Event()
    with Workspace.open(tmp_path) as workspace:
        following = changes(workspace, stop)
        assert await anext(following) == frozenset()
        (tmp_path / "new.md").write_text("here")
        assert await anext(following) == {tmp_path / "new.md"}
        stop.set()
        assert [changed async for changed in following] == []
