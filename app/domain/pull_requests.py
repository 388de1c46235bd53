"""A pull request, and what it says about the execution behind it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .executions import FileChange, Receipt
from .words import duration, one_line, plural, usd

MAX_FILES = 50
"""Files that the description lists."""

MAX_WORDS = 20_000
"""Characters of an answer that the description quotes; GitHub takes some 65,000 in all."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What came of asking for one.

    Attributes:
        address: Its page; empty where none was opened.
        compare: The page on which a person can open it, where that is known.
        created: Whether it is new; one that was open already for the branch is not.
        patch: A file with the commits, where no request was opened.
        reason: Why none was opened; empty where one is.
    """

    branch: str
    target: str
    title: str
    body: str
    address: str = ""
    compare: str = ""
    created: bool = False
    pushed: bool = False
    patch: str = ""
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The value as plain JSON data."""
        return asdict(self)


def title_of(receipt: Receipt, task: str) -> str:
    """One line: the task, else the answer's first line, else the agent's name."""
    return one_line(task, 72) or one_line(receipt.answer, 72) or f"Changes by {receipt.agent}"


def body_of(receipt: Receipt, task: str) -> str:
    """The description, in Markdown, made of the receipt."""
    parts = []
    if task.strip():
        parts.append(f"**Task:** {one_line(task, 2_000)}")
    if receipt.answer.strip():
        parts.append(receipt.answer.strip()[:MAX_WORDS])
    parts.append(_files(receipt.files))
    parts.append(_account(receipt))
    return "\n\n".join(part for part in parts if part) + "\n"


def _files(files: tuple[FileChange, ...]) -> str:
    if not files:
        return ""
    rows = ["| file | | added | removed |", "| --- | --- | ---: | ---: |"]
    for file in files[:MAX_FILES]:
        added, removed = ("binary", "") if file.added < 0 else (str(file.added), str(file.removed))
        rows.append(f"| {_code(file.path)} | {file.status} | {added} | {removed} |")
    if len(files) > MAX_FILES:
        rows.append(f"| … {len(files) - MAX_FILES} more | | | |")
    return "\n".join(rows)


def _account(receipt: Receipt) -> str:
    said = [
        f"Made by the agent {_code(receipt.agent)} in execution {_code(receipt.execution)}: "
        f"{plural(receipt.steps, 'step')}, {plural(sum(receipt.tool_calls.values()), 'tool call')}, "
        f"{duration(receipt.seconds)}, {usd(receipt.usage.cost_micro)}.",
        receipt.honesty,
    ]
    if receipt.refused:
        said.append(f"{plural(receipt.refused, 'call')} refused by its permissions.")
    if receipt.allowed:
        said.append(f"It may write {', '.join(map(_code, receipt.allowed))}.")
    return "---\n" + " ".join(said)


def _code(words: str) -> str:
    """Words as code in a table's cell; what would end the cell or the code is replaced."""
    return "`" + one_line(words, 200).replace("`", "'").replace("|", "\\|") + "`"
