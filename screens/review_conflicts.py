"""A merge that waits for its conflicts: each file taken from a side or edited, then finished or given up."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from ..app.domain.conflict_blocks import Side
from ..app.domain.conflicts import Resolution
from ..app.domain.errors import NotFound
from ..app.domain.history import Operation, PendingMerge
from ..app.domain.ids import shorten
from ..app.services import history, merge_conflicts
from ..app.services.workspace import Workspace
from ..widgets._plain import plain_line
from ..widgets.conflict_view import ConflictView
from ..widgets.key_bar import KeyBar
from .messages import EditRequested, HistoryChanged
from .review_bar import ActionLine, Option, Question, QuestionLine
from .review_header import ReviewHeader

LOOK_SECONDS = 1.0
"""How often the files are looked at: they may be edited in another window too."""

Look = tuple[tuple[int, int], ...]
"""How the files looked when they were read; see :func:`..app.services.merge_conflicts.look_of`."""


class ConflictScreen(Screen[None]):
    """Shows a waiting merge; nothing of the person's own files changes before it is finished."""

    CSS_PATH = "review.tcss"
    BINDING_GROUP_TITLE = "Merge"
    AUTO_FOCUS = "ConflictView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "untake", "Take back", id="merge.untake", tooltip="Take back what was done last"),
        Binding("C", "go_on", "Continue", id="merge.continue", tooltip="Finish the merge"),
        Binding("A", "give_up", "Abort", id="merge.abort", tooltip="Give the merge up"),
        Binding("escape", "back", "Back", id="merge.back", show=False, tooltip="Back; the merge waits"),
        Binding(
            "question_mark",
            "toggle_help",
            "Help",
            key_display="?",
            id="merge.help",
            tooltip="What this pane is, and its keys",
        ),
    ]

    def __init__(self, workspace: Workspace, merge: PendingMerge) -> None:
        super().__init__()
        self._workspace = workspace
        self._merge = merge
        self._now: Resolution | None = None
        self._look: Look | None = None
        self._doing = ""

    def compose(self) -> ComposeResult:
        yield ReviewHeader()
        with Vertical(id="conflicts-pane", classes="pane -current"):
            yield ConflictView()
        yield Vertical(ActionLine(), id="review-bar")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the files, now and while they may be edited elsewhere."""
        header = self.query_one(ReviewHeader)
        header.subject = f"{shorten(self._merge.execution)} conflicts"
        header.target = self._merge.target.removeprefix("refs/heads/")
        self.query_one("#conflicts-pane").border_title = "Conflicts"
        self._view.focus()
        self._read()
        self.set_interval(LOOK_SECONDS, self._read)

    @property
    def _view(self) -> ConflictView:
        return self.query_one(ConflictView)

    @work(thread=True, exclusive=True, group="conflicts", exit_on_error=False)
    def _read(self) -> None:
        # Each commit that is replayed may have other files in conflict.
        paths = [file.path for file in self._now.files] if self._now else self._merge.paths
        look = merge_conflicts.look_of(Path(self._merge.folder), paths)
        if look == self._look:
            return
        try:
            # What was edited by hand, here or in another window, is taken back like everything else.
            merge_conflicts.keep_edits(self._workspace, self._merge.id)
            now = merge_conflicts.resolution(self._workspace, self._merge.id)
        except NotFound:
            self.call_later(self._gone)
        else:
            self.call_later(self._put, now, look)

    def _put(self, now: Resolution, look: Look) -> None:
        self._now, self._look = now, look
        self._view.show(now)
        if now.open:
            self.query_one(ReviewHeader).verdict = (f"✗ {now.words}", "$text-error")
        else:
            self.query_one(ReviewHeader).verdict = ("✓ all resolved", "$text-success")
        self._show_place()
        self._show_actions()

    def _gone(self) -> None:
        if not self._doing and self.is_current:
            self.notify("It was finished or given up elsewhere.", title="The merge does not wait any more")
            self.dismiss()

    @on(ConflictView.Moved)
    def _show_place(self) -> None:
        pane = self.query_one("#conflicts-pane")
        pane.border_title = f"Conflict {self._view.at + 1} of {self._view.count}"
        pane.border_subtitle = plain_line(f"last: {self._now.last}") if self._now and self._now.last else ""

    def _show_actions(self) -> None:
        line = self.query_one(ActionLine)
        line.note = self._doing
        names = (("C", "Continue", "go_on"), ("u", "Take back", "untake"), ("A", "Abort", "give_up"))
        line.actions = tuple(Option(key, words, name, self.why_not(name)) for key, words, name in names)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that cannot act now is dim; :meth:`why_not` says why."""
        return None if self.is_mounted and self.why_not(action) else True

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        if action not in ("go_on", "give_up", "untake"):
            return ""
        if self._doing:
            return self._doing
        if action == "give_up":
            return ""
        if self._now is None:
            return "the files are being read"
        if action == "untake":
            return "" if self._now.last else "nothing was taken yet"
        return next((f"{plain_line(file.path)}: {file.why}" for file in self._now.open), "")

    # Resolving

    @on(ConflictView.Taken)
    def _taken(self, message: ConflictView.Taken) -> None:
        self._take(message.path, message.side, message.block)

    @work(thread=True, group="take", exit_on_error=False)
    def _take(self, path: str, side: Side, block: int) -> None:
        merge_conflicts.take(self._workspace, path, side, block=block, wanted=self._merge.id)
        self.call_later(self._read_anew)

    @work(thread=True, group="take", exit_on_error=False)
    def action_untake(self) -> None:
        """Take back what was done last."""
        words = merge_conflicts.untake(self._workspace, self._merge.id)
        self.call_later(self._was_untaken, words)

    def _was_untaken(self, words: str) -> None:
        self.notify(words, title="Taken back", markup=False)
        self._read_anew()

    def _read_anew(self) -> None:
        self._look = None
        self._read()

    @on(ConflictView.EditWanted)
    def _edit_wanted(self, message: ConflictView.EditWanted) -> None:
        self.post_message(EditRequested(Path(self._merge.folder) / message.path, message.line))

    # Finishing

    def action_go_on(self) -> None:
        """Finish the merge."""
        self._change("merging", partial(history.resume, self._workspace, self._merge.id))

    async def action_give_up(self) -> None:
        """Ask whether to give the merge up."""
        says = (
            ("Nothing of yours has changed; what was done here stays in the archive.", "$foreground-muted"),
        )
        line = QuestionLine()
        await self.query("QuestionLine").remove()
        await self.query_one("#review-bar").mount(line)
        title = f"Give up merging {self._merge.branch}?"
        line.question = Question(title, says, (Option("y", "give it up", "yes"),))
        line.focus()

    @on(QuestionLine.Answered)
    async def _answered(self) -> None:
        await self._left()
        self._change("giving up", partial(history.abort, self._workspace, self._merge.id))

    @on(QuestionLine.Left)
    async def _left(self) -> None:
        await self.query("QuestionLine").remove()
        self.query_one("#review-bar").refresh(layout=True)
        self._view.focus()

    def _change(self, doing: str, work: Callable[[], Operation]) -> None:
        self._doing = doing
        self._show_actions()
        self._do(work)

    @work(thread=True, group="finish", exit_on_error=False)
    def _do(self, work: Callable[[], Operation]) -> None:
        self.call_later(self._done, work())

    def _done(self, done: Operation) -> None:
        ending = "\nu takes it back." if done.kind == "merge" else ""
        self.notify(f"{done.summary}{ending}", title="Done", markup=False)
        self.post_message(HistoryChanged())
        self.dismiss()

    def on_worker_state_changed(self, message: Worker.StateChanged) -> None:
        """Nothing is under way any more; the application tells what went wrong."""
        if message.state is WorkerState.ERROR and message.worker.group == "finish":
            self._doing = ""
            self._show_actions()
        self.app.post_message(message)

    def action_back(self) -> None:
        """Close the help, or go back; the merge goes on waiting."""
        if self.query("#help"):
            self.query("#help").remove()
        else:
            self.dismiss()

    async def action_toggle_help(self) -> None:
        """Show or hide what the focused pane is and its keys."""
        from ..widgets.help_panel import HelpPanel

        if self.query("#help"):
            await self.query("#help").remove()
        else:
            await self.mount(HelpPanel(id="help"))
