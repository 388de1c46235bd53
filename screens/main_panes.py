"""What every part of the workbench's screen builds on: its panes, and who has the focus."""

from __future__ import annotations

from textual import on
from textual.events import DescendantFocus
from textual.screen import Screen
from textual.worker import Worker

from ..app.domain.errors import ParacleError
from ..app.domain.executions import Execution
from ..app.services.feed import Feed
from ..app.services.workspace import Workspace
from ..widgets.execution_list import ExecutionList
from ..widgets.explorer import Explorer
from ..widgets.pane_tabs import PaneTabs
from .content import ContentPane
from .content_run import NOTHING, RUN

PANES = ("explorer-pane", "content-pane", "runs-pane")


class PanedScreen(Screen[None]):
    """Knows the panes, moves the focus between them, and tells what went wrong."""

    def __init__(self, workspace: Workspace, feed: Feed) -> None:
        super().__init__()
        self._workspace = workspace
        self._feed = feed
        self._pane = 0

    @property
    def _explorer(self) -> Explorer:
        return self.query_one(Explorer)

    @property
    def _list(self) -> ExecutionList:
        return self.query_one(ExecutionList)

    @property
    def _content(self) -> ContentPane:
        return self.query_one(ContentPane)

    @property
    def _current_run(self) -> Execution | None:
        """The run that keys act on: the one that is shown, or the one under the list's cursor."""
        if self._content.page == RUN and not self._list.has_focus:
            return self._content.run
        return self._list.highlighted

    def on_worker_state_changed(self, message: Worker.StateChanged) -> None:
        """Hand on what went wrong: these messages do not bubble, and the application tells errors."""
        self.app.post_message(message)

    def present_error(self, error: ParacleError) -> None:
        """Say what went wrong and how to mend it, without taking the screen away."""
        words = "\n".join(part for part in (error.detail, error.hint) if part)
        self.notify(words or error.title, title=error.title, severity="error", timeout=12, markup=False)

    async def _open_run(self, row: Execution) -> None:
        # Before the page is there: afterwards every widget on it would have to be styled again.
        self._set_pane(1)
        self._content.tabs.open(row)
        await self._content.show_run(row)
        self._focus_pane(1)

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, message: PaneTabs.Chosen) -> None:
        self._focus_pane(message.index)

    @on(DescendantFocus)
    def _focus_moved(self, message: DescendantFocus) -> None:
        for number, pane in enumerate(PANES):
            if self.query_one(f"#{pane}") in message.widget.ancestors:
                self._set_pane(number)
        self.refresh_bindings()

    def _set_pane(self, index: int) -> None:
        self._pane = index
        for number, pane in enumerate(PANES):
            self.query_one(f"#{pane}").set_class(number == index, "-current")
        self.query_one(PaneTabs).current = index

    def _focus_pane(self, index: int) -> None:
        self._set_pane(index)
        if index == 0:
            self._explorer.focus()
        elif index == 2:
            self._list.focus()
        elif self._content.page != NOTHING:
            self._content.focus_content()
