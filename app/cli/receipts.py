"""A receipt, an execution and their figures as lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

import typer

from ..domain.checks import Check
from ..domain.conversation import Usage
from ..domain.errors import BudgetExceeded, ExitCode, OutsideRoot, PolicyRefused, ToolRefused
from ..domain.executions import Execution, FileChange, Receipt
from ..domain.ids import shorten
from ..domain.states import State
from ..domain.words import count, duration, one_line, plural, usd
from .printing import aligned, harmless, paint, state_mark

_REFUSALS = frozenset(kind.code for kind in (BudgetExceeded, OutsideRoot, PolicyRefused, ToolRefused))


def exit_code(receipt: Receipt) -> ExitCode:
    """What a command ends with that waited for this run."""
    if receipt.state is State.COMPLETED:
        return ExitCode.DONE
    if receipt.state in (State.TERMINATED, State.INTERRUPTED):
        return ExitCode.INTERRUPTED
    refused = receipt.error is not None and receipt.error.get("code") in _REFUSALS
    return ExitCode.REFUSED if refused else ExitCode.FAILED


def merge_command(receipt: Receipt, folder: Path) -> str:
    """The command that brings in what a run changed; empty where there is nothing to bring.

    A run in the repository around ``folder`` is merged. A folder without git has no branch to merge into:
    its runs worked on copies, each with a private repository elsewhere, and are applied to its files.
    """
    if not (receipt.files and receipt.branch and receipt.repository):
        return ""
    is_here = folder.resolve().is_relative_to(Path(receipt.repository).resolve())
    return f"paracle git {'merge' if is_here else 'apply'} {shorten(receipt.execution)}"


def receipt_lines(receipt: Receipt, stream: TextIO) -> list[str]:
    """The account of a finished run without its answer."""
    head = [
        state_mark(receipt.state, stream),
        paint(receipt.agent, stream, bold=True),
        shorten(receipt.execution),
        f"in {duration(receipt.seconds)}",
    ]
    lines = ["  ".join(head), *_error_lines(receipt.error, stream)]
    rows = [
        ("calls", calls_words(receipt.tool_calls, receipt.refused)),
        ("cost", cost_words(receipt)),
        ("branch", receipt.branch or "none: it ended before it had one"),
    ]
    if receipt.beginning:
        rows.append(("from", receipt.beginning))
    rows += [(model, usage_words(used)) for model, used in receipt.ledger.items() if len(receipt.ledger) > 1]
    rows += [
        ("output", f"{name}: {harmless(one_line(str(value), 120), stream)}")
        for name, value in receipt.outputs.items()
    ]
    rows += [("instead", harmless(one_line(words), stream)) for words in receipt.degraded]
    if receipt.checks:
        passed = sum(check.ok for check in receipt.checks)
        rows.append(("checks", f"{passed} of {len(receipt.checks)} passed"))
    if receipt.worktree:
        rows.append(("kept", f"{receipt.worktree}  (it holds files that are in no commit)"))
    lines += aligned([("files", files_words(receipt)), *rows], indent="  ")
    lines += ["  " + line for line in file_lines(receipt.files, stream)]
    lines += ["    " + line for line in check_lines(receipt.checks, stream)]
    lines.append(f"  {paint(receipt.honesty, stream, dim=True)}")
    return lines


def file_lines(files: Sequence[FileChange], stream: TextIO, limit: int = 20) -> list[str]:
    """One line a changed file: git's letter, lines added and removed, path."""
    rows = [(file.status, *_counts(file), harmless(one_line(file.path), stream)) for file in files[:limit]]
    lines = [f"  {line}" for line in aligned(rows, right=frozenset({1, 2}))]
    colours = {"A": typer.colors.GREEN, "D": typer.colors.RED}
    lines = [paint(line, stream, colours.get(file.status)) for line, file in zip(lines, files, strict=False)]
    return lines + [f"  … and {plural(len(files) - limit, 'more file')}"] * (len(files) > limit)


def check_lines(checks: Sequence[Check], stream: TextIO, *, output: bool = False) -> list[str]:
    """One line a check: glyph, word, command, figures.

    Args:
        output: below each that did not pass, the end of what it printed.
    """
    lines = []
    for check in checks:
        colour = typer.colors.GREEN if check.ok else typer.colors.RED
        mark = paint(f"{check.glyph} {check.word}", stream, colour, bold=True)
        lines.append(f"{mark}  {harmless(one_line(check.command, 100), stream)}  {check.figures}")
        if output and not check.ok:
            lines += [f"    {line}" for line in harmless(check.output_tail, stream).splitlines()]
    return lines


def files_words(receipt: Receipt) -> str:
    """How much was touched, against what was allowed."""
    allowed = ", ".join(receipt.allowed) or "nothing"
    return f"{plural(len(receipt.files), 'file')} changed, allowed to write: {allowed}"


def calls_words(calls: Mapping[str, int], refused: int) -> str:
    """How often each tool was called."""
    parts = [name if times == 1 else f"{name} ×{times:,}" for name, times in calls.items()]
    words = ", ".join(parts) or "none"
    return f"{words}; {refused:,} refused" if refused else words


def cost_words(receipt: Receipt) -> str:
    """Money and tokens."""
    return usage_words(receipt.usage)


def usage_words(usage: Usage) -> str:
    """Money and tokens of an execution, or of one model in it."""
    return f"{usd(usage.cost_micro)}, {count(usage.tokens)} tokens"


def changes_words(execution: Execution) -> str:
    """Lines added and removed, for a list."""
    totals = execution.totals
    return f"+{totals.added:,} −{totals.removed:,}" if totals.files else ""


def _counts(file: FileChange) -> tuple[str, str]:
    if file.added < 0:
        return "binary", ""
    return f"+{file.added:,}", f"−{file.removed:,}"


def _error_lines(error: Mapping[str, object] | None, stream: TextIO) -> list[str]:
    if not error:
        return []
    title, detail, hint = (harmless(str(error.get(key) or ""), stream) for key in ("title", "detail", "hint"))
    lines = [f"  {paint(one_line(title), stream, typer.colors.RED)}"]
    lines += [f"  {line}" for line in detail.splitlines()[:10]]
    if hint:
        lines.append(f"  {paint('hint:', stream, typer.colors.CYAN)} {hint}")
    return lines
