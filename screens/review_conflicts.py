"""A merge that waits for its conflicts: each file taken from a side or edited, then finished or given up."""

from __future__ import annotations

import hashlib
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

from ..app.domain.errors import NotFound
from ..app.domain.history import Operation, PendingMerge
from ..app.domain.ids import shorten
from ..app.domain.words import plural
from ..app.services import history
from ..app.services.workspace import Workspace
from ..widgets.conflict_view import ConflictedFile, ConflictView, Side
from ..widgets.key_bar import KeyBar
from .messages import EditRequested, HistoryChanged
from .review_bar import ActionLine, Option, Question, QuestionLine
from .review_header import ReviewHeader

LOOK_SECONDS = 1.0
"""How often the files are looked at: they may be edited in another window too."""

READ = 1_000_000
"""Bytes read of one file to show it."""


def read_conflicts(merge: PendingMerge, took: dict[str, str]) -> tuple[ConflictedFile, ...]:
    """The files in conflict as they are now, those that are still to be decided first. Takes a while."""
    found = [_read(merge, path, left, took.get(path, "")) for path, left in merge.left.items()]
    return tuple(sorted(found, key=lambda file: (not file.why, file.path)))


def _read(merge: PendingMerge, path: str, left: str, took: str) -> ConflictedFile:
    try:
        content = (Path(merge.folder) / path).read_bytes()
    except OSError:
        return ConflictedFile(path, (), "" if took or left else "one side has no such file", took)
    lines = tuple(content[:READ].decode("utf-8", "replace").splitlines())
    why = ""
    if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in lines):
        why = "has markers"
    elif not took and hashlib.sha256(content).hexdigest() == left:
        why = "one side has no such file, or it is not text"
    return ConflictedFile(path, lines, why, took)


class ConflictScreen(Screen[None]):
    """Shows a waiting merge; nothing of the person's own files changes before it is finished."""

    CSS_PATH = "review.tcss"
    BINDING_GROUP_TITLE = "Merge"
    AUTO_FOCUS = "ConflictView"
    BINDINGS: ClassVar[list[BindingType]] = [
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
        self._took: dict[str, str] = {}
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
        self.call_later(self._put, read_conflicts(self._merge, dict(self._took)))

    def _put(self, files: tuple[ConflictedFile, ...]) -> None:
        self._view.show(files)
        left = sum(bool(file.why) for file in files)
        words = f"✗ {plural(left, 'file')} left" if left else "✓ all resolved"
        self.query_one(ReviewHeader).verdict = (words, "$text-error" if left else "$text-success")
        self._show_actions()

    def _show_actions(self) -> None:
        line = self.query_one(ActionLine)
        line.note = self._doing
        names = (("C", "Continue", "go_on"), ("A", "Abort", "give_up"))
        line.actions = tuple(Option(key, words, name, self.why_not(name)) for key, words, name in names)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that cannot act now is dim; :meth:`why_not` says why."""
        return None if self.is_mounted and self.why_not(action) else True

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        if action not in ("go_on", "give_up"):
            return ""
        if self._doing:
            return self._doing
        open_ones = [file for file in self._view.files if file.why]
        if action == "go_on" and open_ones:
            return f"{open_ones[0].path} {open_ones[0].why}"
        return ""

    # Resolving

    @on(ConflictView.Taken)
    def _taken(self, message: ConflictView.Taken) -> None:
        self._take(message.path, message.side)

    @work(thread=True, group="take", exit_on_error=False)
    def _take(self, path: str, side: Side) -> None:
        words: str = side
        try:
            history.take(self._workspace, path, side, wanted=self._merge.execution)
        except NotFound:
            words = "resolved"  # before, by hand or in another window
        self.call_later(self._was_taken, path, words)

    def _was_taken(self, path: str, side: str) -> None:
        self._took[path] = side
        self._read()

    @on(ConflictView.EditWanted)
    def _edit_wanted(self, message: ConflictView.EditWanted) -> None:
        self.post_message(EditRequested(Path(self._merge.folder) / message.path, message.line))

    # Finishing

    def action_go_on(self) -> None:
        """Finish the merge."""
        self._change("merging", partial(history.resume, self._workspace, self._merge.execution))

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
        self._change("giving up", partial(history.abort, self._workspace, self._merge.execution))

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
