"""The page of a review: the diff of an execution with its files, and what is decided about them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import DescendantFocus
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from ..app.domain.diffs import FileDiff
from ..app.domain.errors import ParacleError
from ..app.domain.history import Clash, Preview
from ..app.domain.ids import shorten
from ..app.domain.review import Part, Review, Verdict
from ..app.services import history
from ..app.services import review as service
from ..app.services.workspace import Workspace
from ..widgets.changed_files import ChangedFiles
from ..widgets.diff_view import DiffView
from ..widgets.empty_state import EmptyState
from ..widgets.key_bar import KeyBar
from ..widgets.pane_tabs import PaneTabs
from .review_bar import ActionLine
from .review_header import ReviewHeader
from .review_questions import verdict_on
from .review_work import Keeper, Page, page_of, read_page

PANES = ("files-pane", "diff")


class ReviewPage(Screen[None]):
    """Shows one execution's changes and keeps what is decided. What it reads comes from threads."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (100, "-normal"),
        (150, "-wide"),
    ]
    AUTO_FOCUS = "DiffView"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "read", "Look again", id="review.read", show=False, tooltip="Read the branch again"),
        Binding("tab,shift+tab", "next_pane", "Pane", id="review.pane", show=False, tooltip="Files or diff"),
        Binding(
            "question_mark",
            "toggle_help",
            "Help",
            key_display="?",
            id="review.help",
            tooltip="What this pane is, and its keys",
        ),
    ]

    def __init__(self, workspace: Workspace, execution: str) -> None:
        super().__init__()
        self._workspace = workspace
        self._wanted = execution
        self._page: Page | None = None
        self._preview: Preview | None = None
        self._pane = 1
        self._keeper = Keeper(self._kept)

    def compose(self) -> ComposeResult:
        yield ReviewHeader()
        yield PaneTabs(("Files", "Changes"))
        with Horizontal(id="review-panes"):
            with Vertical(id="files-pane", classes="pane"):
                yield ChangedFiles()
            yield DiffView(id="diff", classes="pane -current")
        yield EmptyState(id="review-empty")
        yield Vertical(ActionLine(), id="review-bar")
        yield KeyBar()

    def on_mount(self) -> None:
        """Read in a thread; there is nothing to show before."""
        self.query_one("#files-pane").border_title = "Changed files"
        for name in ("filter", "filtering"):
            self.watch(self._files, name, self._show_filter, init=False)
        self._focus_pane(1)
        self.page_changed()
        self.action_read()

    def on_unmount(self) -> None:
        """Keep what was decided at the last moment."""
        self._keeper.keep()

    # Parts

    @property
    def _files(self) -> ChangedFiles:
        return self.query_one(ChangedFiles)

    @property
    def _diff(self) -> DiffView:
        return self.query_one(DiffView)

    @property
    def _header(self) -> ReviewHeader:
        return self.query_one(ReviewHeader)

    # For the subclass

    def page_changed(self) -> None:
        """Called when there is something else to act on."""

    def change_failed(self, worker: Worker[object]) -> None:
        """Called when something in the background went wrong."""

    # Reading

    @work(thread=True, exclusive=True, group="review-read", exit_on_error=False)
    def action_read(self) -> None:
        """Read the branch, what is thought of it, and how a merge would end."""
        page = read_page(self._workspace, self._wanted)
        self.call_later(self._put_page, page)
        self._look_ahead(page)

    def _look_ahead(self, page: Page) -> None:
        try:
            preview = history.preview(self._workspace, page.execution.id)
        except ParacleError as error:
            self.call_later(self._put_verdict, (f"⚠ {error.title}", "$text-warning"))
        else:
            self.call_later(self._put_preview, preview)
            self.call_later(self._put_clashes, history.clashes(self._workspace))

    def _put_page(self, page: Page) -> None:
        self._page = page
        self._header.subject = f"{page.execution.short} {page.execution.agent}"
        self._header.words = page.execution.task
        self._files.show(page.files)
        self._diff.show(page.files)
        self._put_marks(page)
        if not page.files:
            self._show_empty("Nothing differs", f"{page.execution.short} has changed no file.")
        self.page_changed()
        if self.focused is None:
            self._focus_pane(self._pane)

    def _put_preview(self, preview: Preview) -> None:
        self._preview = preview
        self._header.target = preview.target
        self._put_verdict(verdict_on(preview))

    def _put_clashes(self, clashes: tuple[Clash, ...]) -> None:
        mine = {
            other
            for clash in clashes
            if self._wanted in (clash.first, clash.second)
            for other in {clash.first, clash.second} - {self._wanted}
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
        shown = service.files(page.reviewed, context=context, ignore_whitespace=ignore_whitespace)
        self.call_later(self._put_other, page, shown, context, ignore_whitespace)

    def _put_other(self, page: Page, shown: tuple[FileDiff, ...], context: int, loose: bool) -> None:
        if self._page and page.reviewed == self._page.reviewed:
            self._diff.context, self._diff.ignore_whitespace = context, loose
            self._diff.show(shown)

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
            self.call_later(self._put_marks, page_of(page.reviewed, page.files, review))

    def _put_marks(self, page: Page) -> None:
        if self._page and page.reviewed == self._page.reviewed:
            self._page = page
            self._diff.marks = self._files.marks = page.marks
            self._header.decided = page.standing.words

    # Panes

    @on(DiffView.Moved)
    def _diff_moved(self, message: DiffView.Moved) -> None:
        if self._pane == 1:
            self._files.go_to(message.path)

    @on(ChangedFiles.Highlighted)
    def _file_highlighted(self, message: ChangedFiles.Highlighted) -> None:
        self._diff.go_to(message.path)

    @on(ChangedFiles.Opened)
    def _file_opened(self, message: ChangedFiles.Opened) -> None:
        self._diff.go_to(message.path)
        self._focus_pane(1)

    @on(PaneTabs.Chosen)
    def _tab_chosen(self, message: PaneTabs.Chosen) -> None:
        self._focus_pane(message.index)

    @on(DescendantFocus)
    def _focus_moved(self, message: DescendantFocus) -> None:
        for number, pane in enumerate((self._files, self._diff)):
            if message.widget is pane:
                self._set_pane(number)

    def _show_filter(self) -> None:
        self.query_one("#files-pane").border_subtitle = self._files.filter_words

    def _set_pane(self, index: int) -> None:
        self._pane = index
        for number, pane in enumerate(PANES):
            self.query_one(f"#{pane}").set_class(number == index, "-current")
        self.query_one(PaneTabs).current = index

    def _focus_pane(self, index: int) -> None:
        self._set_pane(index)
        (self._files, self._diff)[index].focus()

    # Actions

    def action_next_pane(self) -> None:
        """From the files to the diff, and back."""
        self._focus_pane(1 - self._pane)

    async def action_toggle_help(self) -> None:
        """Show or hide what the focused pane is and its keys."""
        from ..widgets.help_panel import HelpPanel

        if self.query("#help"):
            await self.query("#help").remove()
        else:
            await self.mount(HelpPanel(id="help"))
