"""What a place says while nothing is in it: what belongs here, why, and the key that makes the first one."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

WIDEST = 60
"""Cells of a line at the most; longer ones are hard to read."""


class EmptyState(Widget):
    """A title, a reason and a key, in the middle of its place."""

    DEFAULT_CSS = """
    EmptyState {
        height: 1fr; width: 1fr; padding: 0 2; content-align: center middle; text-align: center;
    }
    """

    title: reactive[str] = reactive("")
    why: reactive[str] = reactive("")
    key: reactive[str] = reactive("")
    """The key as it is read by a person: ``r``, ``ctrl+p``. Empty where no key helps."""
    action: reactive[str] = reactive("")
    """What the key does, in a few words."""

    def __init__(
        self,
        title: str = "",
        why: str = "",
        key: str = "",
        action: str = "",
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.set_reactive(EmptyState.title, title)
        self.set_reactive(EmptyState.why, why)
        self.set_reactive(EmptyState.key, key)
        self.set_reactive(EmptyState.action, action)

    def render(self) -> Content:
        """What there is to say, with a blank line between the parts."""
        parts = [Content.styled(self.title, "bold")] if self.title else []
        if self.why:
            parts.append(Content.styled(self.why, "$foreground-muted"))
        if self.key:
            key = (f" {self.key} ", "bold $text-accent on $accent-muted")
            parts.append(Content.assemble(key, f"  {self.action}"))
        width = max(1, min(WIDEST, self.size.width))
        return Content("\n\n").join(Content("\n").join(part.wrap(width)) for part in parts)
