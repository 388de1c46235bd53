"""The whole workbench in the hands of a test: real project, real store, real engine, no terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from textual.binding import ActiveBinding
from textual.pilot import Pilot

from paracle.app.domain.executions import Execution
from paracle.app.services.workspace import Workspace
from paracle.app.tui.app import WorkbenchApp
from paracle.widgets._run_fields import FormField
from paracle.widgets.execution_list import ExecutionList
from paracle.widgets.explorer import Explorer
from tests.tui.hosting import MIDDLE, shown

PATIENCE = 20.0
"""Seconds after which a test gives up; nothing in it takes a tenth of that."""

LOOK_SECONDS = 0.03


class Driver:
    """What a person does and sees."""

    def __init__(self, app: WorkbenchApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> str:
        """All that is on the screen, as text."""
        return shown(self.app)

    @property
    def explorer(self) -> Explorer:
        return self.app.screen.query_one(Explorer)

    @property
    def list(self) -> ExecutionList:
        return self.app.screen.query_one(ExecutionList)

    @property
    def runs(self) -> tuple[Execution, ...]:
        """The rows of the list, newest first."""
        return self.list.shown

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        await self.pilot.press(*keys)

    async def write(self, text: str) -> None:
        """Type a text."""
        await self.pilot.press(*(_KEYS.get(letter, letter) for letter in text))

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for a condition."""
        deadline = monotonic() + PATIENCE
        while not holds():
            assert monotonic() < deadline, f"never {what}; the screen:\n{self.screen}"
            await asyncio.sleep(LOOK_SECONDS)
            await self.pilot.pause()

    async def see(self, *words: str) -> str:
        """Wait until all these words are on the screen; gives the screen."""
        await self.until(lambda: all(word in self.screen for word in words), f"seen: {words}")
        return self.screen

    async def see_no_more(self, *words: str) -> str:
        """Wait until none of these words is on the screen; gives the screen."""
        await self.until(lambda: not any(word in self.screen for word in words), f"gone: {words}")
        return self.screen

    async def fill(self, field: str, text: str) -> None:
        """Replace what stands in a line of the form."""
        (found,) = (each for each in self.app.screen.query(FormField) if each.field_name == field)
        found.control.focus()
        await self.pilot.pause()
        await self.press("end", "ctrl+u")
        await self.write(text)

    async def choose_agent(self, name: str) -> None:
        """Put the explorer's cursor on an agent, and wait until the content shows it."""
        await self.until(lambda: self.explorer.select_agent(name), f"listed: {name}")
        await self.until(lambda: self.pane_title("content-pane") == name, f"shown: {name}")

    async def run(self, agent: str, **fields: str) -> Execution:
        """Run an agent through its form, with these fields filled in; gives the run, which is shown."""
        known = {row.id for row in self.runs}
        self.explorer.focus()
        await self.choose_agent(agent)
        await self.press("r")
        await self.until(lambda: self.pane_title("content-pane") == f"Run {agent}", "asked for inputs")
        for field, text in fields.items():
            await self.fill(field, text)
        await self.press("enter")
        await self.until(lambda: any(row.id not in known for row in self.runs), f"started: {agent}")
        (row,) = (row for row in self.runs if row.id not in known)
        await self.until(lambda: self.pane_title("content-pane") == f"{row.short} {agent}", "opened")
        return row

    def row(self, identifier: str) -> Execution:
        """How a run stands in the list."""
        return next(row for row in self.runs if row.id == identifier)

    async def ended(self, identifier: str) -> Execution:
        """Wait until the list shows the end of a run."""
        await self.until(lambda: self.row(identifier).finished is not None, f"ended: {identifier}")
        return self.row(identifier)

    def pane_title(self, pane: str) -> str:
        """What stands in a pane's border."""
        return str(self.app.screen.query_one(f"#{pane}").border_title or "")

    def key(self, action: str) -> ActiveBinding | None:
        """The key of an action, as it is now for what has the focus; None where there is none."""
        return next(
            (
                active
                for active in self.app.screen.active_bindings.values()
                if active.binding.action == action
            ),
            None,
        )


_KEYS = {" ": "space", ":": "colon", "/": "slash", ".": "full_stop", "-": "minus", "_": "underscore"}


@asynccontextmanager
async def workbench(folder: Path, size: tuple[int, int] = MIDDLE) -> AsyncIterator[Driver]:
    """The workbench on a folder. Its runs are stopped afterwards."""
    app = WorkbenchApp(Workspace.open(folder))
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Driver(app, pilot)
    finally:
        await asyncio.to_thread(app.workspace.close)
