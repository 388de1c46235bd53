"""The state of one execution in a line or two."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from ..app.domain.executions import Execution, Totals
from ..app.domain.states import State
from ..app.domain.words import count, duration, plural, usd
from ._plain import plain_line

TONES = {
    State.RUNNING: "$text-accent",
    State.WAITING: "$text-warning",
    State.COMPLETED: "$text-success",
    State.FAILED: "$text-error",
    State.INTERRUPTED: "$text-warning",
}
"""The colour beside each state's glyph and word; states not named here are quiet."""

QUIET = "$foreground-muted"
GAP = Content("   ")


class RunSummary(Widget):
    """Draws :func:`gauge` of ``execution`` at the time ``now`` (seconds since the epoch)."""

    DEFAULT_CSS = """
    RunSummary { height: auto; min-height: 1; max-height: 3; padding: 0 1; }
    """

    execution: reactive[Execution | None] = reactive(None, layout=True)
    now: reactive[float] = reactive(0.0)

    def render(self) -> Content:
        """The gauge; empty while there is no execution."""
        return gauge(self.execution, self.now) if self.execution is not None else Content()


def gauge(execution: Execution, now: float) -> Content:
    """State, time, steps, tokens, money, files and model, then what it is doing or what came of it.

    Args:
        execution: The execution.
        now: Seconds since the epoch; while it lives its time runs to here.
    """
    state = execution.state
    tone = TONES.get(state, QUIET)
    parts = [Content.styled(f"{state.glyph} {state.word}", f"bold {tone}")]
    if execution.started is not None:
        parts.append(Content(duration(execution.elapsed(now))))
    parts += [Content(words) for words in figures(execution.totals)]
    if execution.totals.files:
        parts.append(changes(execution.totals))
    parts.append(Content.styled(plain_line(execution.model, 40), QUIET))
    lines = [GAP.join(parts)]
    if execution.note:
        note_tone = tone if state is State.FAILED else QUIET
        lines.append(Content.styled(plain_line(execution.note), note_tone))
    return Content("\n").join(lines)


def figures(totals: Totals) -> tuple[str, ...]:
    """Steps, tokens and money; tokens only where a model counted any."""
    words = [plural(totals.steps, "step")]
    if totals.tokens:
        words.append(f"{count(totals.tokens)} tok")
    words.append(usd(totals.cost_micro))
    return tuple(words)


def changes(totals: Totals) -> Content:
    """Files changed with lines added and removed."""
    return Content.assemble(
        plural(totals.files, "file"),
        " ",
        (f"+{totals.added:,}", "$text-success"),
        " ",
        (f"−{totals.removed:,}", "$text-error"),
    )
