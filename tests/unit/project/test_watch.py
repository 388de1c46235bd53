"""Following the disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from paracle.app.domain.errors import ProjectError
from paracle.app.project import Project
from paracle.app.project.watch import is_watched, watch
from tests.support.projects import ProjectFiles


async def changed(changes: AsyncIterator[frozenset[Path]], wanted: Path) -> None:
    """Wait until ``wanted`` is reported; touch it meanwhile, since the watch begins when it begins."""
    waiting = asyncio.ensure_future(_until(changes, wanted))
    while not waiting.done():
        await asyncio.to_thread(wanted.write_text, "x")
        await asyncio.wait([waiting], timeout=0.3)
    await waiting


async def _until(changes: AsyncIterator[frozenset[Path]], wanted: Path) -> None:
    async for paths in changes:
        if wanted in paths:
            return
    raise AssertionError("the watch ended")


async def test_a_new_and_a_removed_file_are_reported(files: ProjectFiles) -> None:
    stop = asyncio.Event()
    path = files.specs / "a.md"
    async with aclosing(watch(files.open(), stop)) as changes, asyncio.timeout(30):
        await changed(changes, path)
        path.unlink()
        await _until(changes, path)


async def test_the_watch_ends_when_it_is_told_to(files: ProjectFiles) -> None:
    stop = asyncio.Event()
    async with asyncio.timeout(30):
        async for _ in _touching(files, stop):
            stop.set()


async def _touching(files: ProjectFiles, stop: asyncio.Event) -> AsyncIterator[frozenset[Path]]:
    async def touch() -> None:
        while not stop.is_set():
            (files.root / "app.py").write_text("x")
            await asyncio.wait([asyncio.ensure_future(stop.wait())], timeout=0.3)

    touching = asyncio.ensure_future(touch())
    async for paths in watch(files.open(), stop):
        yield paths
    await touching


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".parac/project.yaml", True),
        ("src/app.py", True),
        (".local/x", True),
        (".git/index", False),
        (".parac/.local/engine.db", False),
        (".venv/lib/x.py", False),
        ("web/node_modules/x/y.js", False),
        ("src/__pycache__/app.pyc", False),
    ],
)
def test_what_nobody_edits_is_not_followed(tmp_path: Path, path: str, expected: bool) -> None:
    assert is_watched(tmp_path, tmp_path / path) is expected


async def test_a_folder_that_is_gone_is_a_typed_error(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    project = Project.open(folder)
    folder.rmdir()
    with pytest.raises(ProjectError, match="cannot be watched"):
        async for _ in watch(project, asyncio.Event()):
            raise AssertionError("nothing can change there")
