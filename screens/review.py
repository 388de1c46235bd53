"""The review of one execution: notes, searching, merging, discarding, and taking any of it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.worker import Worker

from ..app.domain.diffs import Place, Selection
from ..app.domain.errors import ParacleError
from ..app.domain.history import Mode, Operation, PendingMerge, Preview
from ..app.services import history
from ..app.services import review as service
from ..app.services.history_undo import UNDOABLE
from ..widgets._plain import plain_line
from ..widgets.diff_view import DiffView
from .messages import EditRequested, HistoryChanged
from .review_agent import AgentPage
from .review_asking import AskingPage, base_words
from .review_bar import ActionLine, Option, QuestionLine
from .review_conflicts import ConflictScreen
from .review_page import ReviewPage
from .review_panes import ReviewPanes
from .review_questions import (
    APPLY,
    GO,
    PART,
    YES,
    MergeAsked,
    discard_question,
    merge_question,
    undo_question,
    why_not_discard,
    why_not_merge,
    why_not_send,
)
from .review_request import RequestPage
from .review_work import Page

CONFLICTS = "git_merge_conflicts"
"""The code of the error that says that the merge waits for its conflicts to be resolved."""

MOVED = "git_ref_moved"
"""The code of the error that says that the target is not where it was when one looked."""


class ReviewScreen(RequestPage):
    """Asks in its bottom line, does what is answered in a thread, and says what takes it back."""

    CSS_PATH = "review.tcss"
    BINDING_GROUP_TITLE = "Review"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("M", "merge", "Merge", id="review.merge", show=False, tooltip="Merge it; first see how"),
        Binding("D", "discard", "Discard", id="review.discard", show=False, tooltip="Discard the branch"),
        Binding("u", "undo", "Undo", id="review.undo", show=False, tooltip="Take back what was done last"),
        Binding("escape", "back", "Back", id="review.back", show=False, tooltip="One step back"),
    ]

    _asked: MergeAsked | None = None
    _doing = ""

    # What can be done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that cannot act now is dim; :meth:`why_not` says why."""
        return None if self.is_mounted and self.why_not(action) else True

    def why_not(self, action: str) -> str:
        """Why an action cannot be done now; empty where it can."""
        match action:
            case "merge" | "request":
                return why_not_merge(self._page, self._doing)
            case "discard":
                return why_not_discard(self._page, self._doing)
            case "send":
                return why_not_send(self._page, self._doing)
            case "base" | "checks":
                return "" if self._page else "it is being read"
            case "undo":
                return self._doing
        return ""

    def page_changed(self) -> None:
        """Show what can be done now, and what goes on."""
        line = self.query_one(ActionLine)
        line.note = f"{self._doing} …" if self._doing else self.follow_words
        line.actions = (
            self._option("M", "Merge", "merge"),
            self._option("D", "Discard", "discard"),
            self._option("u", "Undo", "undo"),
            self._option("S", "Send", "send"),
            self._option("b", f"Base: {plain_line(base_words(self._page), 24)}", "base"),
            self._option("C", self.checks_words, "checks"),
        )
        self.refresh_bindings()

    def _option(self, key: str, words: str | Content, action: str) -> Option:
        return Option(key, words, action, self.why_not(action))

    def asked_no_more(self) -> None:
        """No merge is asked about any more."""
        self._asked = None

    def doing(self, words: str) -> None:
        """Say what is being done at this moment; empty for nothing."""
        self._doing = words
        self.page_changed()

    def change_failed(self, worker: Worker[object]) -> None:
        """Nothing is under way any more."""
        if worker.group == "review-change":
            self.doing("")
        elif worker.group == "review-checks":
            self.checks_stopped()

    def named_commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        """What the palette offers besides the keys that are shown: title, explanation, what to call."""
        kinds = (ReviewScreen, RequestPage, AgentPage, AskingPage, ReviewPage, ReviewPanes)
        for one in (binding for kind in kinds for binding in kind.BINDINGS):
            if isinstance(one, Binding) and not one.show and not self.why_not(one.action):
                words = f"{one.tooltip} ({self.app.get_key_display(one)})"
                yield one.description, words, partial(self.run_action, one.action)
        yield "Edit at this line", "Open the file in your editor (e)", self._diff.action_edit

    # Notes, searching, editing

    @on(DiffView.NoteWanted)
    async def _note_wanted(self, message: DiffView.NoteWanted) -> None:
        where = f"line {message.place.number}" if message.place else "the file"
        words = f"Note on {plain_line(message.path, 40)}, {where}"
        typed = partial(self._note, message.path, message.place)
        await self._ask_for_text(words, " / ".join(message.texts), typed)

    def _note(self, path: str, place: Place | None, text: str) -> None:
        if page := self._page:
            file = service.find_file(page.files, path)
            self._keep(partial(service.note, self._workspace, page.execution, file, place, text))

    @on(DiffView.SearchWanted)
    async def _search_wanted(self) -> None:
        await self._ask_for_text("Search in the changes", self._diff.needle, self._search)

    def _search(self, words: str) -> None:
        self._diff.needle = words

    @on(DiffView.EditWanted)
    def _edit_wanted(self, message: DiffView.EditWanted) -> None:
        if page := self._page:
            worktree = Path(page.worktree) if page.worktree else None
            root = worktree if worktree and worktree.is_dir() else self._workspace.project.root
            path = root / message.path
            if path.is_file():
                self.post_message(EditRequested(path, message.line))
            else:
                words = f"{plain_line(message.path, 60)} is not in {root}: merge or apply it first"
                self.notify(words, title="No file to edit", severity="warning", markup=False)

    # Merging

    async def action_merge(self) -> None:
        """Ask how to merge, and say how it would end."""
        if page := self._page:
            is_part = page.standing.is_part
            await self._ask_merge(MergeAsked(Mode.SQUASH if is_part else Mode.MERGE, is_part))

    async def _ask_merge(self, asked: MergeAsked) -> None:
        if page := self._page:
            into_files = self._preview is not None and self._preview.into_files
            question = merge_question(page, asked, None, into_files=into_files)
            await self._ask(question, self._merge_answered)
            self._asked = asked
            self._look_at_merge(page, asked)

    @work(thread=True, exclusive=True, group="review-ask", exit_on_error=False)
    def _look_at_merge(self, page: Page, asked: MergeAsked) -> None:
        if waiting := self._waiting(page):
            self.call_later(self._resolve, waiting)
            return
        preview = history.preview(
            self._workspace, page.execution.id, mode=asked.mode, selection=_selection(page, asked)
        )
        self.call_later(self._put_merge, page, asked, preview)

    def _put_merge(self, page: Page, asked: MergeAsked, preview: Preview) -> None:
        line = self.query_one_optional(QuestionLine)
        if self._asked is asked and line:
            self._preview = preview
            line.question = merge_question(page, asked, preview, into_files=preview.into_files)

    def _merge_answered(self, answer: str) -> None:
        asked, page = self._asked, self._page
        if asked is None or page is None:
            return
        if answer in (GO, APPLY):
            self.call_later(self._leave_bar)
            if answer == APPLY:
                self._change("applying", partial(history.apply, self._workspace, page.execution.id))
            elif self._preview:
                self._change("merging", partial(self._merge, page, asked, self._preview))
        elif answer == PART:
            self.call_later(self._ask_merge, MergeAsked(Mode.SQUASH, True))
        else:
            self.call_later(self._ask_merge, MergeAsked(Mode(answer), False))

    def _merge(self, page: Page, asked: MergeAsked, preview: Preview) -> Operation | None:
        try:
            return history.merge(
                self._workspace,
                page.execution.id,
                target=preview.target,
                mode=asked.mode,
                selection=_selection(page, asked),
                expected=preview.target_tip,
            )
        except ParacleError as error:
            if error.code == CONFLICTS and (waiting := self._waiting(page)):
                self.call_later(self._resolve, waiting)
                return None
            if error.code != MOVED:
                raise
            moved = "changed" if preview.into_files else "moved"
            note = f"{preview.target_name} has {moved} since you looked; this is how it is now."
            self.call_later(self._ask_merge, MergeAsked(asked.mode, asked.part, note))
            return None

    def _waiting(self, page: Page) -> PendingMerge | None:
        """The merge of this branch that waits for its conflicts."""
        found = history.waiting(self._workspace)
        return next((merge for merge in found if merge.execution == page.execution.id), None)

    async def _resolve(self, merge: PendingMerge) -> None:
        await self._leave_bar()
        self.app.push_screen(ConflictScreen(self._workspace, merge), self._resolved)

    def _resolved(self, _: object) -> None:
        self.action_read()

    # Discarding and taking back

    async def action_discard(self) -> None:
        """Ask whether to discard the branch."""
        if page := self._page:
            work = partial(history.discard, self._workspace, page.execution.id)
            await self._ask(discard_question(page), partial(self._confirmed, "discarding", work))

    @work(thread=True, exclusive=True, group="review-ask", exit_on_error=False)
    def action_undo(self) -> None:
        """Ask whether to take back what was done last."""
        done = history.operations(self._workspace)
        last = next((one for one in done if one.kind in UNDOABLE and not one.undone and one.settled), None)
        if last is None:
            self.notify("Nothing was merged, applied or discarded yet.", title="Nothing to undo")
            return
        work = partial(history.undo, self._workspace, last.id)
        self.call_later(self._ask, undo_question(last), partial(self._confirmed, "undoing", work))

    def _confirmed(self, doing: str, work: Callable[[], Operation], answer: str) -> None:
        if answer == YES:
            self.call_later(self._leave_bar)
            self._change(doing, work)

    def _change(self, doing: str, work: Callable[[], Operation | None]) -> None:
        self.doing(doing)
        self._do(work)

    @work(thread=True, group="review-change", exit_on_error=False)
    def _do(self, work: Callable[[], Operation | None]) -> None:
        done = work()
        self.call_later(self._done, done)

    def _done(self, done: Operation | None) -> None:
        self.doing("")
        if done:
            ending = "" if done.kind == "undo" else "\nu takes it back."
            self.notify(f"{done.summary}{ending}", title="Done", markup=False)
            self.post_message(HistoryChanged())
            self.action_read()

    def action_back(self) -> None:
        """One step back: help, then to where one came from."""
        if self.query("#help"):
            self.query("#help").remove()
        else:
            self.dismiss()


def _selection(page: Page, asked: MergeAsked) -> Selection | None:
    return page.standing.selection if asked.part else None
