"""The line at the top of every place: where you are, what it costs, what runs, what needs you."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ..app.domain.words import usd
from ._plain import plain_line

QUIET = "$foreground-muted"
GAP = "   "


class HeaderBar(Widget):
    """One line; where it is narrow, the model goes first, then the branch, then the spend.

    What runs and what needs a person is never left out.
    """

    DEFAULT_CSS = """
    HeaderBar { height: 1; dock: top; padding: 0 1; background: $panel; color: $foreground; }
    """

    project: reactive[str] = reactive("")
    branch: reactive[str] = reactive("")
    """Empty where the folder has no git."""
    changed: reactive[int | None] = reactive(None)
    """Files of the user's own work tree that are not committed; None while unknown."""
    model: reactive[str] = reactive("")
    spent_micro: reactive[int] = reactive(0)
    """Spend of today in micro-dollars."""
    running: reactive[int] = reactive(0)
    waiting: reactive[int] = reactive(0)
    """Executions that need a person."""

    def render(self) -> Content:
        """Project and branch at the left, the rest at the right edge."""
        width = self.size.width
        for dropped in (set(), {"model"}, {"model", "branch"}, {"model", "branch", "spent"}):
            left, right = self._left(dropped), self._right(dropped)
            room = width - left.cell_length - right.cell_length
            if room >= len(GAP):
                return left + Content(" " * room) + right
        kept = max(0, width - right.cell_length - 1)
        left = left.truncate(kept, ellipsis=True, pad=True)
        return left + Content(" ") + right

    def _left(self, dropped: set[str]) -> Content:
        parts: list[Content] = [Content.styled(plain_line(self.project, 40), "bold")]
        if self.branch and "branch" not in dropped:
            parts.append(Content.assemble((plain_line(self.branch, 30), QUIET), *self._cleanness()))
        return Content("  ").join(parts)

    def _cleanness(self) -> list[tuple[str, str]]:
        if self.changed is None:
            return []
        return (
            [(" ✓ clean", "$text-success")]
            if not self.changed
            else [(f" ± {self.changed:,} changed", "$text-warning")]
        )

    def _right(self, dropped: set[str]) -> Content:
        parts = []
        if self.model and "model" not in dropped:
            parts.append(Content.styled(plain_line(self.model, 32), QUIET))
        if "spent" not in dropped:
            parts.append(Content.styled(f"{usd(self.spent_micro)} today", QUIET))
        parts.append(_count("●", self.running, "running", "$text-accent"))
        parts.append(
            _count("◐", self.waiting, "needs you" if self.waiting == 1 else "need you", "bold $text-warning")
        )
        return Content(GAP).join(parts)


def _count(glyph: str, number: int, word: str, tone: str) -> Content:
    return Content.styled(f"{glyph} {number:,} {word}", tone if number else QUIET)
