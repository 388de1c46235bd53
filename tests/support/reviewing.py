"""An execution to review, in the workbench that reviews it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from paracle.widgets.changed_files import ChangedFiles
from paracle.widgets.diff_view import DiffView
from tests.support.studio import Studio, calls, says, writes
from tests.tui.driving import Driver, workbench
from tests.tui.hosting import MIDDLE

CODE = "".join(f"def part_{number}():\n    return {number}\n\n\n\n\n\n" for number in range(4))
BETTER = CODE.replace("return 0", "return 10").replace("return 3", "return 13")
API = "# API\n\nTen parts.\n"


def make_run(studio: Studio) -> str:
    """Let an agent change two places of ``shop/parts.py`` and write ``docs/api.md``; gives the run's id."""
    studio.repo.commit("feat: parts", shop__parts_py=CODE)
    return run_again(studio)


def run_again(studio: Studio, code: str = BETTER) -> str:
    """Another run that writes the same files; gives its id."""
    write = calls(("write_file", {"path": "shop/parts.py", "text": code}))
    receipt, _ = studio.run(write, writes("docs/api.md", API), says("Done."))
    return receipt.execution


class Reviewing(Driver):
    """A person in the review."""

    @property
    def files(self) -> ChangedFiles:
        return self.app.screen.query_one(ChangedFiles)

    @property
    def diff(self) -> DiffView:
        return self.app.screen.query_one(DiffView)

    async def ask_to_merge(self) -> None:
        """Press the key, and wait until it is known how the merge would end."""
        await self.press("M")
        await self.see("enter merge it")
        await self.see_no_more("being looked at")


@asynccontextmanager
async def reviewing(
    studio: Studio, execution: str, size: tuple[int, int] = MIDDLE
) -> AsyncIterator[Reviewing]:
    """The workbench with the review of an execution open."""
    async with workbench(studio.repo.folder, size) as bench:
        here = Reviewing(bench.app, bench.pilot)
        await here.until(lambda: here.list.go_to(execution), "listed")
        here.list.focus()
        await here.until(lambda: here.key("review") is not None, "reviewable")
        await here.press("d")
        await here.see("Review", "→ main")
        await here.until(lambda: bool(here.diff.files), "read")
        yield here
