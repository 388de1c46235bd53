"""The application: one screen over one workspace, and the two streams of news that feed it."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.screen import Screen, SystemModalScreen
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from ...screens import collector
from ...screens.main import MainScreen
from ...screens.messages import (
    Calling,
    ClockTicked,
    EditRequested,
    HistoryChanged,
    NewsArrived,
    ProjectChanged,
    ProjectMade,
    ReviewRequested,
)
from ..domain.errors import ParacleError
from ..services import project_files
from ..services.feed import Feed
from ..services.logs import record_fault
from ..services.workspace import Workspace
from .calling import call_back
from .editors import editor_command
from .themes import DARK, LIGHT

if TYPE_CHECKING:
    from ...screens.review_list import ReviewListScreen

NEWS_A_SECOND = 20
"""How often the store is looked at; a look that finds nothing costs microseconds."""


WATCH_AFTER = 0.3
"""Seconds after the start from which changes on the disk are followed; it is read once before."""

STYLES: list[str | PurePath] = [Path(__file__).parents[2] / "screens" / "main.tcss"]
"""A default screen's own style sheet is not loaded; the application's are."""


@runtime_checkable
class OffersCommands(Protocol):
    """A screen with actions that the palette offers by name."""

    def named_commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """Title, explanation, what to call."""


class WorkbenchApp(App[None]):
    """The workbench over an open workspace. :attr:`workspace` stays the caller's to close."""

    TITLE = "Paracle"
    CSS_PATH = STYLES
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit", id="app.quit", tooltip="Leave the workbench"),
        Binding("1", "workbench", "Workbench", id="app.workbench", show=False, tooltip="To the workbench"),
        Binding("3", "reviews", "Review", id="app.review", show=False, tooltip="To the branches to review"),
        Binding("n", "next_ask", "Next ask", id="app.next-ask", show=False, tooltip="To what needs you"),
        Binding("ctrl+q", "quit", "Quit", id="app.quit-anywhere", show=False, tooltip="Leave the workbench"),
    ]

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._feed = Feed(workspace)
        self._asked_to_quit = False
        self.was_quit = False
        """Whether a person has quit, and so decided that what runs is to be stopped."""
        self.fault: BaseException | None = None
        """What ended the application although no part foresaw it."""
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name

    def get_default_screen(self) -> Screen[None]:
        """The main screen; it is the first thing that is drawn."""
        return MainScreen(self._workspace, self._feed)

    @property
    def workspace(self) -> Workspace:
        """The workspace that is shown: another one than at first once a project was made here."""
        return self._workspace

    @property
    def _main(self) -> MainScreen:
        """The main screen, which hears the news also while the palette lies over it."""
        main = self.screen_stack[0]
        assert isinstance(main, MainScreen)
        return main

    def on_mount(self) -> None:
        """Begin to listen."""
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        if not gc.isenabled():
            collector.begin()  # whoever started this turned it off (see cli.direct)
        # Watching files needs a library that takes as long to import as the first picture to paint.
        self.set_timer(WATCH_AFTER, self._watch_files)
        self._bring_news()
        self.set_interval(1.0, self._tick)

    def _fatal_error(self) -> None:
        # Textual prints a traceback here, with the values of local variables; it has no public place to
        # say otherwise. Whoever runs the application gets the error itself, and words it.
        if self.fault is None:
            self.fault = sys.exception()
        self._close_messages_no_wait()

    def _tick(self) -> None:
        self._main.post_message(ClockTicked(time.time()))

    @work(group="news", exit_on_error=False)
    async def _bring_news(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(1 / NEWS_A_SECOND)
            try:
                news = await asyncio.to_thread(self._feed.look)
            except ParacleError as error:
                if not failing:
                    self._present(error)
                failing = True
                continue
            failing = False
            if news is not None:
                self._main.post_message(NewsArrived(news))

    @work(group="files", exit_on_error=False)
    async def _watch_files(self) -> None:
        stop = asyncio.Event()
        try:
            async for _ in project_files.changes(self._workspace, stop):
                self._main.post_message(ProjectChanged())
        finally:
            stop.set()

    @on(EditRequested)
    def _edit(self, message: EditRequested) -> None:
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        try:
            with self.suspend():
                subprocess.run(editor_command(editor, message.path, message.line), check=False)
        except (OSError, ValueError) as error:
            hint = "set VISUAL or EDITOR to an editor that is installed"
            self._present(ParacleError(f"'{editor}' cannot be started", detail=str(error), hint=hint))
        self._main.post_message(ProjectChanged())

    @on(ReviewRequested)
    def _review_requested(self, message: ReviewRequested) -> None:
        self._open_review(message.execution)

    @on(Calling)
    def _call_back(self, message: Calling) -> None:
        call_back(self, message.text)

    @on(HistoryChanged)
    def _history_changed(self) -> None:
        self._main.post_message(ProjectChanged())

    @work(thread=True, exclusive=True, group="review", exit_on_error=False)
    def _open_review(self, execution: str) -> None:
        # In a thread: what the screen needs takes a while to import.
        from ...screens.review import ReviewScreen

        self.call_later(self._go_to, partial(ReviewScreen, self._workspace, execution))

    def _go_to(self, make: Callable[[], Screen[None]]) -> None:
        # From a place, not from the palette or a review that another key has opened meanwhile.
        if len(self.screen_stack) <= 2 and not isinstance(self.screen, SystemModalScreen):
            self.push_screen(make())

    def action_workbench(self) -> None:
        """To the workbench, from any other place."""
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where nothing waits for the person, no key leads there."""
        if action == "next_ask" and self.screen_stack:
            return bool(self._main.asks)
        return super().check_action(action, parameters)

    async def action_next_ask(self) -> None:
        """From any place to the next question of a run; nothing where none waits."""
        if self._main.asks:
            self.action_workbench()
            await self._main.action_next_ask()

    @work(thread=True, exclusive=True, group="review", exit_on_error=False)
    def action_reviews(self) -> None:
        """To the list of branches, from any other place."""
        from ...screens.review_list import ReviewListScreen

        self.call_later(self._go_to_reviews, ReviewListScreen)

    def _go_to_reviews(self, kind: type[ReviewListScreen]) -> None:
        while len(self.screen_stack) > 1 and not isinstance(self.screen, kind):
            self.pop_screen()
        if not isinstance(self.screen, kind):
            self.push_screen(kind(self._workspace))

    @on(ProjectMade)
    async def _open_anew(self) -> None:
        state = self._workspace.state
        await asyncio.to_thread(self._workspace.close)
        fresh = Workspace.open(self._workspace.project.root)
        fresh.state = state
        self._workspace = fresh
        self._feed = Feed(fresh)
        self.workers.cancel_group(self, "files")
        self._watch_files()
        await self._main.show_project(fresh, self._feed)

    async def action_quit(self) -> None:
        """Leave; with runs at work, only on the second asking, and they are stopped with their work kept."""
        running = self._workspace.running
        if running and not self._asked_to_quit:
            self._asked_to_quit = True
            runs = "1 run is" if len(running) == 1 else f"{len(running)} runs are"
            self.notify(
                "Quit again to stop and leave; what they did is kept.",
                title=f"{runs} at work",
                severity="warning",
                markup=False,
            )
            self.set_timer(5, self._forget_quit)
            return
        self.was_quit = True
        self.exit()

    def _forget_quit(self) -> None:
        self._asked_to_quit = False

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of every pane that can act now, each agent to run, and the latest runs to open."""
        yield from super().get_system_commands(screen)
        focused = set()
        for active in screen.active_bindings.values():
            if active.enabled and _is_action(active.binding):
                focused.add(active.binding.id)
                yield self._command(active.node, active.binding, "")
        for pane in screen.query("*"):
            if not pane.is_on_screen:
                continue
            for binding in type(pane).BINDINGS:
                if isinstance(binding, Binding) and binding.id not in focused and _is_action(binding):
                    yield self._command(pane, binding, f"{pane.BINDING_GROUP_TITLE}: ")
        yield SystemCommand("Review", "To the branches to review (3)", self.action_reviews)
        if not isinstance(screen, MainScreen):
            yield SystemCommand("Workbench", "To the workbench (1)", self.action_workbench)
        if isinstance(screen, OffersCommands):
            for title, words, call in screen.named_commands():
                yield SystemCommand(title, words, call)

    def _command(self, node: DOMNode, binding: Binding, prefix: str) -> SystemCommand:
        async def act() -> None:
            if prefix and isinstance(node, Widget):
                node.focus()
            await self.run_action(binding.action, node)

        words = f"{binding.tooltip} ({self.get_key_display(binding)})"
        return SystemCommand(prefix + binding.description, words, act)

    @on(Worker.StateChanged)
    def _worker_failed(self, message: Worker.StateChanged) -> None:
        """The one place where what went wrong in the background is told."""
        if message.state is not WorkerState.ERROR or message.worker.error is None:
            return
        error = message.worker.error
        if not isinstance(error, ParacleError):
            place = record_fault(error)
            error = ParacleError(
                "Something went wrong inside Paracle", detail=str(place or ""), hint="the log has the details"
            )
        self._present(error)

    def _present(self, error: ParacleError) -> None:
        self._main.present_error(error)


def _is_action(binding: Binding) -> bool:
    """Whether a binding is worth a line in the palette: something to do, not a way to move."""
    return bool(binding.show and binding.description and binding.tooltip and not binding.system)
