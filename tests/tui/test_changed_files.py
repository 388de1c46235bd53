"""The list of changed files: its cursor stands on files, and folders are only their headings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual import on
from textual.pilot import Pilot

from paracle.app.domain.diffs import FileDiff
from paracle.widgets.changed_files import ChangedFiles
from tests.tui.hosting import Host, shown

PATHS = ("docs/api.md", "docs/use.md", "shop/cart.py", "shop/parts.py", "shop/tax/vat.py", "top.py")


class Files(Host):
    """Notes what the list tells."""

    @on(ChangedFiles.Highlighted)
    @on(ChangedFiles.Opened)
    def _tell(self, message: ChangedFiles.Highlighted | ChangedFiles.Opened) -> None:
        self.hear(message)

    @property
    def told(self) -> list[tuple[str, str]]:
        """The kinds of what was told, and the files."""
        assert all(isinstance(each, ChangedFiles.Highlighted | ChangedFiles.Opened) for each in self.heard)
        return [(type(each).__name__, each.path) for each in self.heard]  # type: ignore[attr-defined]


@asynccontextmanager
async def listed(height: int = 20) -> AsyncIterator[tuple[ChangedFiles, Files, Pilot[None]]]:
    """The list of all paths, with the focus."""
    files = ChangedFiles()
    host = Files(files)
    async with host.run_test(size=(40, height)) as pilot:
        files.show([FileDiff(path, path, "M") for path in PATHS])
        files.focus()
        await pilot.pause()
        yield files, host, pilot


def here(files: ChangedFiles) -> str:
    """The file under the cursor."""
    return files.highlighted.path if files.highlighted else ""


async def test_keys_go_from_file_to_file_past_the_folders() -> None:
    async with listed() as (files, host, pilot):
        assert here(files) == PATHS[0]
        await pilot.press("down", "j", "down", "up", "k")
        assert host.told == [("Highlighted", PATHS[at]) for at in (1, 2, 3, 2, 1)]
        await pilot.press("end")
        assert here(files) == PATHS[-1]
        await pilot.press("home", "up")
        assert here(files) == PATHS[0]


async def test_a_folder_s_name_comes_into_view_with_its_first_file() -> None:
    async with listed(height=3) as (files, host, pilot):
        await pilot.press("end", "home")
        assert "docs/" in shown(host)
        await pilot.press("end", "up", "up", "up")
        assert here(files) == "shop/cart.py"
        assert "shop/" in shown(host)


async def test_a_click_on_a_folder_goes_nowhere_and_two_on_a_file_open_it() -> None:
    async with listed() as (files, host, pilot):
        await pilot.click(files, offset=(3, 3))
        assert host.told == []
        await pilot.click(files, offset=(5, 4), times=2)
        assert host.told == [("Highlighted", "shop/cart.py"), ("Opened", "shop/cart.py")]


async def test_whoever_puts_the_cursor_somewhere_is_not_told_of_it() -> None:
    async with listed() as (files, host, pilot):
        assert files.go_to("shop/tax/vat.py")
        assert not files.go_to("shop/")
        assert not files.go_to("")
        await pilot.pause()
        assert here(files) == "shop/tax/vat.py"
        assert host.told == []


async def test_other_files_and_a_filter_leave_the_cursor_on_its_file() -> None:
    async with listed() as (files, host, pilot):
        files.go_to("shop/parts.py")
        files.filter = "shop"
        assert [file.path for file in files.shown] == list(PATHS[2:5])
        assert here(files) == "shop/parts.py"
        files.show([FileDiff(path, path, "M") for path in ("a/new.py", "shop/parts.py")])
        assert here(files) == "shop/parts.py"
        files.filter = "new"
        assert here(files) == "a/new.py"
        files.filter = "nothing"
        await pilot.pause()
        assert here(files) == ""
        assert "No file matches." in shown(host)
        await pilot.press("enter", "down")
        assert host.told == []
