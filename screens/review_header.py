"""The first line of a review: whose work it is, where it would go, and how that would end."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ..widgets._plain import plain_line

GAP = "   "
QUIET = "$foreground-muted"


class ReviewHeader(Widget):
    """One line. Where it is narrow, first the task goes, then what was decided; never the verdict."""

    DEFAULT_CSS = """
    ReviewHeader { height: 1; dock: top; padding: 0 1; background: $panel; color: $foreground; }
    """

    subject: reactive[str] = reactive("")
    """The execution's short id and agent."""
    target: reactive[str] = reactive("")
    """The branch that it would go into; empty while unknown."""
    words: reactive[str] = reactive("")
    """What the run was asked to do."""
    verdict: reactive[tuple[str, str]] = reactive(("", ""))
    """How a merge would end, and the colour of that."""
    clash: reactive[str] = reactive("")
    """The short ids of the other open branches that would conflict with this one; empty for none."""
    decided: reactive[str] = reactive("")
    """How far the review has come."""

    def render(self) -> Content:
        """The subject at the left, the verdict at the right edge."""
        width = self.size.width
        for dropped in (0, 1, 2, 3):
            left, right = self._left(dropped), self._right(dropped)
            room = width - left.cell_length - right.cell_length
            if room >= len(GAP):
                return left + Content(" " * room) + right
        right = right.truncate(max(0, width - left.cell_length - len(GAP)), ellipsis=True)
        return left + Content(GAP) + right

    def _left(self, dropped: int) -> Content:
        parts = [
            Content.styled("Review", "bold"),
            Content.styled(plain_line(self.subject, 40), "$text-accent"),
        ]
        if self.target:
            parts.append(Content.assemble(("→ ", QUIET), plain_line(self.target, 30)))
        if self.words and dropped < 1:
            parts.append(Content.styled(plain_line(self.words, 48), QUIET))
        return Content("  ").join(parts)

    def _right(self, dropped: int) -> Content:
        parts = [Content.styled(self.decided, QUIET)] if self.decided and dropped < 2 else []
        if self.clash:
            clash = f"⚡ {'clashes with ' if dropped < 3 else ''}{self.clash}"
            parts.append(Content.styled(clash, "bold $text-warning"))
        words, tone = self.verdict
        if words:
            parts.append(Content.styled(plain_line(words, 80), tone))
        return Content(GAP).join(parts)
