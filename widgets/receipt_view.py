"""The account of a finished run: what it answered, what it touched, what it cost, what to do next."""

from __future__ import annotations

import shlex
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ..app.domain.checks import Check
from ..app.domain.executions import FileChange, Receipt
from ..app.domain.ids import shorten
from ..app.domain.states import State
from ..app.domain.words import count, duration, plural, usd
from ._field_table import Field, FieldTable
from ._plain import plain, plain_line
from ._prose import Prose

MOVE = Binding.Group("Scroll", compact=True)
MAX_FILES = 200
"""Files listed; of more only the number is said."""
QUIET = "$foreground-muted"
HEADING = f"bold {QUIET}"
STATUS = {"A": "added", "M": "changed", "D": "deleted", "R": "renamed", "T": "type changed"}


class ReceiptView(VerticalScroll):
    """Shows the receipt given to :meth:`show`."""

    DEFAULT_CSS = """
    ReceiptView { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    ReceiptView Static { height: auto; }
    ReceiptView #answer { margin: 1 0 0 0; }
    ReceiptView #rest { margin: 1 0 0 0; }
    """
    BINDING_GROUP_TITLE = "Receipt"
    HELP = """
    A finished run: its answer and who gave it, what it could touch and did touch, its cost, and
    the next command to type. `y` copies that command.
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy_next", "Copy command", id="receipt.copy", tooltip="Copy the next command"),
        Binding(
            "j", "scroll_down", "Down", id="receipt.down", tooltip="One line down", show=False, group=MOVE
        ),
        Binding("k", "scroll_up", "Up", id="receipt.up", tooltip="One line up", show=False, group=MOVE),
        Binding("g", "scroll_home", "Top", id="receipt.home", tooltip="To the top", show=False, group=MOVE),
        Binding("G", "scroll_end", "End", id="receipt.end", tooltip="To the end", show=False, group=MOVE),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._receipt: Receipt | None = None

    def compose(self) -> ComposeResult:
        # Few widgets: each is styled again whenever the run comes into view.
        yield Static(id="headline", markup=False)
        yield Prose(id="answer")
        yield Static(id="rest", markup=False)
        yield FieldTable(id="account")

    def show(self, receipt: Receipt) -> None:
        """Show a receipt."""
        self._receipt = receipt
        with self.app.batch_update():
            said = [headline(receipt), failure(receipt)]
            self.query_one("#headline", Static).update(Content("\n").join(filter(None, said)))
            answer = self.query_one("#answer", Prose)
            answer.show(receipt.answer)
            answer.display = bool(receipt.answer.strip())
            self.query_one("#rest", Static).update(rest(receipt))
            self.query_one("#account", FieldTable).fields = account(receipt)
        self.scroll_home(animate=False)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a receipt there is no command to copy."""
        return None if action == "copy_next" and self._receipt is None else True

    def why_not(self, action: str) -> str:
        """Why a key cannot act."""
        return "no receipt is shown" if action == "copy_next" and self._receipt is None else ""

    def action_copy_next(self) -> None:
        """Copy the next command."""
        if self._receipt is not None:
            command = next_command(self._receipt)
            self.app.copy_to_clipboard(command)
            self.notify(command, title="Copied", markup=False)


def headline(receipt: Receipt) -> Content:
    """State, agent and time in one line."""
    tone = {State.COMPLETED: "$text-success", State.FAILED: "$text-error"}.get(receipt.state, QUIET)
    return Content.assemble(
        (f"{receipt.state.glyph} {receipt.state.word}", f"bold {tone}"),
        f"  {plain_line(receipt.agent, 40)}",
        (f"  {shorten(receipt.execution)} · {duration(receipt.seconds)}", QUIET),
    )


def failure(receipt: Receipt) -> Content:
    """The error's title, detail and hint; empty for a run without one."""
    if not receipt.error:
        return Content()
    words = {key: str(receipt.error.get(key) or "") for key in ("title", "detail", "hint")}
    lines = [Content.styled(plain_line(words["title"], 400), "$text-error")]
    if words["detail"]:
        lines.append(Content(plain(words["detail"][:4000])))
    if words["hint"]:
        lines.append(Content.assemble(("→ ", "$text-accent"), plain_line(words["hint"], 400)))
    return Content("\n").join(lines)


def rest(receipt: Receipt) -> Content:
    """Who answered, what to type next, and the files; the account's heading ends it."""
    parts = [
        Content.styled(plain_line(receipt.honesty), QUIET),
        Content.assemble(("next  ", QUIET), (next_command(receipt), "bold $text-accent")),
        Content("\n").join([Content.styled("Files", HEADING), touched(receipt)]),
        judged(receipt),
        Content.styled("Account", HEADING),
    ]
    return Content("\n\n").join(filter(None, parts))


def touched(receipt: Receipt) -> Content:
    """What the run could write, and beneath it what it did change."""
    allowed = "  ".join(plain_line(glob, 80) for glob in receipt.allowed) or "nothing"
    lines = [Content.assemble(("could write  ", QUIET), allowed)]
    if not receipt.files:
        lines.append(Content.assemble(("did change   ", QUIET), "nothing"))
    else:
        lines.append(Content.assemble(("did change   ", QUIET), plural(len(receipt.files), "file")))
    width = max((len(plain_line(change.path, 60)) for change in receipt.files[:MAX_FILES]), default=0)
    lines += [_change(change, width) for change in receipt.files[:MAX_FILES]]
    if len(receipt.files) > MAX_FILES:
        lines.append(Content.styled(f"  … {len(receipt.files) - MAX_FILES:,} more", QUIET))
    if receipt.refused:
        lines.append(Content.styled(f"⚠ {plural(receipt.refused, 'call')} refused", "$text-warning"))
    return Content("\n").join(lines)


def judged(receipt: Receipt) -> Content:
    """How the project's checks judged the change; empty where none ran."""
    if not receipt.checks:
        return Content()
    return Content("\n").join([Content.styled("Checks", HEADING), *map(_check, receipt.checks)])


def account(receipt: Receipt) -> tuple[Field, ...]:
    """Calls, cost, branch and commits as rows."""
    calls = "  ".join(f"{name} {number:,}" for name, number in receipt.tool_calls.items())
    usage = receipt.usage
    tokens = f"{count(usage.input_tokens)} in · {count(usage.output_tokens)} out" if usage.tokens else "none"
    rows = [
        Field("steps", f"{receipt.steps:,}"),
        Field("tool calls", calls or "none", quiet=not calls),
        Field("model", receipt.model),
        Field("tokens", tokens, quiet=not usage.tokens),
        Field("cost", usd(usage.cost_micro)),
        Field("branch", receipt.branch or "no git here", quiet=not receipt.branch),
    ]
    if receipt.beginning:
        rows.append(Field("from", receipt.beginning))
    if receipt.commits:
        rows.append(Field("commits", "  ".join(sha[:8] for sha in receipt.commits)))
    rows.append(Field("config", receipt.config_hash, quiet=True))
    return tuple(rows)


def next_command(receipt: Receipt) -> str:
    """What to type next: look at the change where there is one, at the log where there is none."""
    if not receipt.files:
        return f"paracle runs log {shorten(receipt.execution)}"
    if receipt.branch and receipt.base_commit:
        return f"git diff {receipt.base_commit[:8]} {shlex.quote(receipt.branch)}"
    return f"diff -ru . {shlex.quote(receipt.worktree)}"


def _check(check: Check) -> Content:
    tone = "$text-success" if check.ok else "$text-error"
    line = Content.assemble(
        (f"  {check.glyph} {check.word}", tone),
        f"  {plain_line(check.command, 100)}",
        (f"  {check.figures}", QUIET),
    )
    last = check.output_tail.rstrip().rpartition("\n")[2]
    if check.ok or not last:
        return line
    # A test runner's last line sums up.
    return Content("\n").join([line, Content.styled(f"    {plain_line(last, 200)}", QUIET)])


def _change(change: FileChange, width: int) -> Content:
    word = STATUS.get(change.status, change.status)
    path = plain_line(change.path, 60)
    if change.added < 0:
        lines = Content.styled("binary", QUIET)
    else:
        lines = Content.assemble(
            (f"+{change.added:,}", "$text-success"),
            " ",
            (f"−{change.removed:,}", "$text-error"),
        )
    return Content.assemble((f"  {word:<8} ", QUIET), path.ljust(width), "  ", lines)
