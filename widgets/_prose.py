"""Markdown written by people and models, drawn as a page."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Markdown, Static

from ._plain import plain

MAX_LINES = 250
MAX_CHARACTERS = 24 * 1024
"""Beyond either the text is shown unrendered: a widget a paragraph makes long pages slow."""


class Prose(Widget):
    """Renders Markdown up to a size, and shows it as written beyond. Links open nothing by themselves."""

    DEFAULT_CSS = """
    Prose { height: auto; }
    Prose Markdown { padding: 0; margin: 0; height: auto; background: transparent; }
    Prose Markdown > MarkdownBlock:first-child { margin-top: 0; }
    Prose Markdown > MarkdownBlock:last-child { margin-bottom: 0; }
    Prose MarkdownH1 { content-align: left middle; background: transparent; padding: 0; margin: 0 0 1 0; }
    Prose #raw { display: none; height: auto; }
    Prose.-raw #raw { display: block; }
    Prose.-raw Markdown { display: none; }
    """

    def compose(self) -> ComposeResult:
        yield Markdown(open_links=False)
        yield Static(id="raw", markup=False)

    @property
    def text(self) -> str:
        """The Markdown shown."""
        return (
            str(self.query_one("#raw", Static).content)
            if self.has_class("-raw")
            else self.query_one(Markdown).source
        )

    def show(self, text: str) -> bool:
        """Show ``text``.

        Returns:
            Whether it is rendered; false where it is too long for that and shown as written.
        """
        clean = plain(text).strip("\n")
        rendered = clean.count("\n") < MAX_LINES and len(clean) <= MAX_CHARACTERS
        self.set_class(not rendered, "-raw")
        self.query_one(Markdown).update(clean if rendered else "")
        self.query_one("#raw", Static).update("" if rendered else clean)
        return rendered
