"""The page of a review: the diff of an execution with its files, and what is decided about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from ..app.domain.diffs import FileDiff
from ..app.domain.errors import ParacleError
from ..app.domain.history import Clash, Preview
from ..app.domain.ids import shorten
from ..app.domain.review import Marks, Part, Review, Verdict
from ..app.services import history
from ..app.services import review as service
from ..app.services.review import Reviewed
from ..app.services.review_bases import UNCOMMITTED
from ..app.services.review_steps import Step, steps_of
from ..app.services.workspace import Workspace
from ..widgets import diff_view
from ..widgets.changed_files import ChangedFiles
from ..widgets.diff_view import DiffView
from ..widgets.empty_state import EmptyState
from .collector import tidy
from .review_panes import ReviewPanes
from .review_questions import verdict_on
from .review_work import Compared, Keeper, Page, read_page, with_review

USUAL = (3, False)
"""Context, and whether white space is ignored, in the diff that verdicts are given on."""

NOT_ON_THIS = "verdicts are given on the diff since the fork: b, then f"
"""Why nothing can be decided on what is shown."""

TIDY_AFTER = 0.5
"""Seconds after the review has closed until nothing refers to it any more."""


class ReviewPage(ReviewPanes):
    """Shows one execution's changes and keeps what is decided. What it reads comes from threads."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "read", "Look again", id="review.read", show=False, tooltip="Read the branch again"),
    ]

    def __init__(self, workspace: Workspace, execution: str) -> None:
        super().__init__()
        self._workspace = workspace
        self._wanted = execution
        self._page: Page | None = None
        self._preview: Preview | None = None
        self._keeper = Keeper(self._kept)
        self._against = ""
        self._tracing = False

    def on_mount(self) -> None:
        """Read in a thread; there is nothing to show before."""
        self.page_changed()
        self.action_read()

    def on_unmount(self) -> None:
        """Keep what was decided at the last moment, and let a long diff go."""
        self._keeper.keep()
        self.app.set_timer(TIDY_AFTER, partial(_tidy_after, self.app))

    # For the subclass

    def page_changed(self) -> None:
        """Called when there is something else to act on."""

    def page_read(self, page: Page) -> None:
        """Called when the branch was read, or is compared with something else."""

    def read_more(self, page: Page) -> None:
        """Called in the thread that has read the page, for what else is wanted and takes a while."""

    def change_failed(self, worker: Worker[object]) -> None:
        """Called when something in the background went wrong."""

    # Reading

    @work(thread=True, exclusive=True, group="review-read", exit_on_error=False)
    def action_read(self) -> None:
        """Read the branch, what is thought of it, and how a merge would end."""
        page = read_page(self._workspace, self._wanted, self._against)
        diff_view.prepare(page.shown_files[:1])
        self.call_later(self._put_page, page)
        self._look_ahead(page)

    def _look_ahead(self, page: Page) -> None:
        diff_view.prepare(page.shown_files)
        try:
            preview = history.preview(self._workspace, page.execution.id)
        except ParacleError as error:
            self.call_later(self._put_verdict, (f"⚠ {error.title}", "$text-warning"))
        else:
            self.call_later(self._put_preview, preview)
            self.call_later(self._put_clashes, history.clashes(self._workspace, only=page.execution.id))
        self.read_more(page)

    def _put_page(self, page: Page) -> None:
        self._page = page
        self._tracing = False
        self._header.subject = f"{page.execution.short} {page.execution.agent}"
        self._header.words = page.execution.task
        self._show_files(page.shown_files)
        self._put_marks(page)
        self.remove_class("-empty")
        if not page.files:
            self._show_empty("Nothing differs", f"{page.execution.short} has changed no file.")
        self.page_read(page)
        self.page_changed()
        if self.focused is None:
            self._focus_pane(self._pane)
        look = self._diff.context, self._diff.ignore_whitespace
        if look != USUAL:
            self._read_other(page, *look)

    def _show_files(self, shown: tuple[FileDiff, ...]) -> None:
        self._diff.steps = {}
        self._files.show(shown)
        self._diff.show(shown)
        self._want_steps()

    def _put_preview(self, preview: Preview) -> None:
        self._preview = preview
        self._header.target = preview.target_name
        self._put_verdict(verdict_on(preview))

    def _put_clashes(self, clashes: tuple[Clash, ...]) -> None:
        mine = {
            other
            for clash in clashes
            if self._page and self._page.execution.id in (clash.first, clash.second)
            for other in {clash.first, clash.second} - {self._page.execution.id}
        }
        self._header.clash = ", ".join(map(shorten, sorted(mine)))

    def _put_verdict(self, verdict: tuple[str, str]) -> None:
        self._header.verdict = verdict

    def _show_empty(self, title: str, why: str) -> None:
        empty = self.query_one("#review-empty", EmptyState)
        empty.title, empty.why, empty.key, empty.action = title, why, "esc", "goes back"
        self.add_class("-empty")

    def on_worker_state_changed(self, message: Worker.StateChanged) -> None:
        """Say what went wrong: the application tells it, and nothing is under way any more."""
        if message.state is WorkerState.ERROR:
            if message.worker.group == "review-read" and self._page is None:
                error = message.worker.error
                if isinstance(error, ParacleError):
                    self._show_empty(error.title, error.detail or error.hint)
            self.change_failed(message.worker)
        self.app.post_message(message)

    @on(DiffView.LookWanted)
    def _look_wanted(self, message: DiffView.LookWanted) -> None:
        if self._page:
            self._read_other(self._page, message.context, message.ignore_whitespace)

    @work(thread=True, exclusive=True, group="review-look", exit_on_error=False)
    def _read_other(self, page: Page, context: int, ignore_whitespace: bool) -> None:
        shown = service.files(page.shown, context=context, ignore_whitespace=ignore_whitespace)
        self.call_later(self._put_other, page, shown, context, ignore_whitespace)

    def _put_other(self, page: Page, shown: tuple[FileDiff, ...], context: int, loose: bool) -> None:
        if self._page and page.shown == self._page.shown:
            self._diff.context, self._diff.ignore_whitespace = context, loose
            self._diff.steps = {}
            self._diff.show(shown)
            self._want_steps()

    # Comparing with something else

    def _show_against(self, page: Page, other: Compared | None) -> None:
        """Show the diff against something else than the fork; ``None`` for the fork again."""
        if self._page and page.reviewed == self._page.reviewed:
            self._against = other.reviewed.against if other else ""
            self._put_page(replace(self._page, other=other))

    # Who wrote what

    @on(DiffView.Moved)
    def _want_steps(self) -> None:
        """Find the steps behind the files in view, one file at a time."""
        page = self._page
        if page is None or self._tracing or page.shown.against == UNCOMMITTED:
            return
        wanted = (file for file in self._diff.files_in_view if file.path not in self._diff.steps)
        if file := next(wanted, None):
            self._tracing = True
            self._find_steps(page.shown, file)

    @work(thread=True, group="review-steps", exit_on_error=False)
    def _find_steps(self, shown: Reviewed, file: FileDiff) -> None:
        found = steps_of(self._workspace, shown, file)
        self.call_later(self._put_steps, shown, file, found)

    def _put_steps(self, shown: Reviewed, file: FileDiff, found: Mapping[str, tuple[Step, ...]]) -> None:
        self._tracing = False
        if self._page and self._page.shown == shown and file in self._diff.files:
            self._diff.steps = {**self._diff.steps, file.path: found}
        self._want_steps()

    # Deciding

    @on(DiffView.Accepted)
    @on(DiffView.Rejected)
    def _judged(self, message: DiffView.Accepted | DiffView.Rejected) -> None:
        verdict = Verdict.ACCEPTED if isinstance(message, DiffView.Accepted) else Verdict.REJECTED
        self._decide(message.part, None if message.undo else verdict)

    @on(ChangedFiles.Judged)
    def _file_judged(self, message: ChangedFiles.Judged) -> None:
        verdicts = {None: None, True: Verdict.ACCEPTED, False: Verdict.REJECTED}
        self._decide(Part(message.path), verdicts[message.accept])

    def _decide(self, part: Part, verdict: Verdict | None) -> None:
        if page := self._page:
            file = service.find_file(page.files, part.path)
            self._keep(partial(service.judge, self._workspace, page.execution, file, part, verdict))

    @on(DiffView.Reviewed)
    def _looked_at(self, message: DiffView.Reviewed) -> None:
        if page := self._page:
            file = service.find_file(page.files, message.part.path)
            about = (self._workspace, page.execution, file, message.part, message.reviewed)
            self._keep(partial(service.look_at, *about))

    def _keep(self, change: Callable[[], Review]) -> None:
        self._keeper.put(change)
        self._keep_waiting()

    @work(thread=True, group="review-keep", exit_on_error=False)
    def _keep_waiting(self) -> None:
        self._keeper.keep()

    def _kept(self, review: Review) -> None:
        # In the thread that keeps, and in order: marking a long diff takes a while.
        if page := self._page:
            self.call_later(self._put_marks, with_review(page, review))

    def _put_marks(self, page: Page) -> None:
        if self._page and page.reviewed == self._page.reviewed:
            self._page = replace(page, other=self._page.other, on_branch=self._page.on_branch)
            self._diff.marks = self._files.marks = Marks() if self._page.other else page.marks
            self._diff.read_only = self._files.read_only = NOT_ON_THIS if self._page.other else ""
            self._header.decided = page.standing.words
            self.page_changed()


def _tidy_after(app: App[object]) -> None:
    # Not while the next review opens: it tidies up after both.
    if not isinstance(app.screen, ReviewPage):
        tidy()
