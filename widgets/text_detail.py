"""A file of the project, for reading."""

from __future__ import annotations

from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from ..app.domain.words import plural, size
from . import _prose, _source_view
from ._plain import plain_line
from ._prose import MAX_CHARACTERS, Prose
from ._prose import MAX_LINES as MAX_PROSE
from ._source_view import MAX_LINES, SourceView

MARKDOWN = {".md", ".markdown"}
SNIFF = 8 * 1024
PAGES = ("page", "lines", "said")


class TextDetail(Widget):
    """Shows a file's text with syntax colours, or a Markdown file as a page; says where it is cut.

    Read at most ``LIMIT`` bytes of a file and give them to :meth:`show` with the file's full size.
    """

    LIMIT: ClassVar[int] = 256 * 1024
    """Bytes worth reading; what is beyond is never shown."""

    DEFAULT_CSS = """
    TextDetail { height: 1fr; padding: 0 1; }
    TextDetail #about { height: 1; color: $foreground-muted; margin: 0 0 1 0; }
    TextDetail #about { text-wrap: nowrap; text-overflow: ellipsis; }
    TextDetail #page { height: 1fr; scrollbar-size-vertical: 1; }
    TextDetail #said { height: auto; padding: 1 0; color: $foreground-muted; }
    """
    BINDING_GROUP_TITLE = "File"
    HELP = """
    A file, for reading. A Markdown file is shown as a page; `m` shows it as written, with line numbers.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "toggle_rendered", "Markdown", id="file.rendered", tooltip="As a page, or as written"),
    ]

    rendered: reactive[bool] = reactive(True, init=False)

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._path = PurePath()
        self._text: str | None = None
        self._about = ""
        self._cut = False
        self._page = "said"

    def compose(self) -> ComposeResult:
        yield Static(id="about", markup=False)
        page = VerticalScroll(Prose(), id="page")
        lines = SourceView(id="lines")
        page.display = lines.display = False
        yield page
        yield lines
        yield Static(id="said", markup=False)

    @property
    def can_render(self) -> bool:
        """Whether the file shown is Markdown short enough to be a page."""
        return self._text is not None and self._path.suffix.lower() in MARKDOWN and not too_long(self._text)

    def show(self, path: str, data: bytes, total: int | None = None) -> None:
        """Show a file.

        Args:
            path: Its path, as it is to be read by a person.
            data: Its first bytes, ``LIMIT`` at most.
            total: Its size in bytes where that is more than what is given.
        """
        whole = len(data) if total is None else max(total, len(data))
        data = data[: self.LIMIT]
        self._path = PurePath(path)
        self._text, note = decode(data, cut=whole > len(data))
        self._about = " · ".join(filter(None, [plain_line(path), size(whole), note]))
        if self._text is None:
            self._say(f"{size(whole)} of binary data; nothing here to read.")
        elif not self._text:
            self._say("The file is empty.")
        else:
            self._cut = whole > len(data)
            self._show_text()
        self.refresh_bindings()

    def show_message(self, path: str, message: str) -> None:
        """Say why a file cannot be shown: it is gone, or may not be read."""
        self._path, self._text, self._about = PurePath(path), None, plain_line(path)
        self._say(plain_line(message, 400))
        self.refresh_bindings()

    def watch_rendered(self) -> None:
        if self._text:
            self._show_text()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The Markdown key is dim where there is nothing to render."""
        if action == "toggle_rendered":
            return True if self.can_render else None
        return True

    def why_not(self, action: str) -> str:
        """Why the Markdown key cannot act."""
        if action != "toggle_rendered" or self.can_render:
            return ""
        is_markdown = self._path.suffix.lower() in MARKDOWN
        return "too long to be shown as a page" if is_markdown and self._text else "this file is not Markdown"

    def action_toggle_rendered(self) -> None:
        """Show Markdown as a page or as written."""
        held_focus = self.has_focus_within
        self.rendered = not self.rendered
        if held_focus:
            self.call_after_refresh(self.focus_text)

    def focus_text(self) -> None:
        """Put the keyboard on what is shown, so that it can be scrolled."""
        self.query_one(f"#{self._page}").focus(scroll_visible=False)

    def _show_text(self) -> None:
        assert self._text is not None
        about = self._about
        if self.can_render and self.rendered:
            self.query_one(Prose).show(self._text)
            self.query_one("#page").scroll_home(animate=False)
            self._switch("page", about)
            return
        lines = self.query_one(SourceView).show(self._text, self._path.name)
        if lines > MAX_LINES:
            about += f" · first {MAX_LINES:,} of {'at least ' if self._cut else ''}{plural(lines, 'line')}"
        else:
            about += f" · {plural(lines, 'line')}"
        self._switch("lines", about)

    def _say(self, message: str) -> None:
        self.query_one("#said", Static).update(message)
        self._switch("said", self._about)

    def _switch(self, page: str, about: str) -> None:
        self.query_one("#about", Static).update(Content(about))
        self._page = page
        for name in PAGES:
            self.query_one(f"#{name}").display = name == page


def prepare(path: str, data: bytes) -> None:
    """Read a file's text as it will be shown; in a thread, so that :meth:`TextDetail.show` is quick."""
    text, _ = decode(data[: TextDetail.LIMIT], cut=len(data) > TextDetail.LIMIT)
    if text and PurePath(path).suffix.lower() in MARKDOWN and not too_long(text):
        _prose.prepare(text)
    elif text:
        _source_view.prepare(text, PurePath(path).name)


def decode(data: bytes, *, cut: bool) -> tuple[str | None, str]:
    """Bytes as text, and a word about how; the text is None for binary data.

    ``cut`` says that more bytes follow, so that a character broken at the end is no fault.
    """
    if b"\0" in data[:SNIFF]:
        return None, "binary"
    note = f"first {size(len(data))} shown" if cut else ""
    try:
        return data.decode("utf-8-sig"), note
    except UnicodeDecodeError as error:
        if cut and error.start >= len(data) - 3:
            return data[: error.start].decode("utf-8-sig"), note
    # Latin-1 gives every byte a character, so that at least what is ASCII can be read.
    return data.decode("latin-1"), " · ".join(filter(None, [note, "not UTF-8, read as Latin-1"]))


def too_long(text: str) -> bool:
    """Whether Markdown of this size is not drawn as a page."""
    return len(text) > MAX_CHARACTERS or text.count("\n") >= MAX_PROSE
