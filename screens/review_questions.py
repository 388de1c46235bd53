"""The questions of the review screen, as values: what would happen, what would be lost, and the answers."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..app.domain.diffs import shown
from ..app.domain.executions import Execution
from ..app.domain.history import Mode, Operation, Preview
from ..app.domain.words import ago, plural
from .review_bar import Option, Question
from .review_work import Page, Standing

MODES = {
    "m": (Mode.MERGE, "merge"),
    "s": (Mode.SQUASH, "squash"),
    "f": (Mode.FF, "fast-forward"),
    "r": (Mode.REBASE, "rebase"),
    "c": (Mode.CHERRY_PICK, "cherry-pick"),
}
GO, APPLY, PART, YES = "go", "apply", "part", "yes"

GOOD, BAD, WARN, QUIET = "$text-success", "$text-error", "$text-warning", "$foreground-muted"

MOST_PATHS = 3


@dataclass(frozen=True, slots=True)
class MergeAsked:
    """A merge that is asked about. ``part``: only what is accepted. ``note``: what has come up meanwhile."""

    mode: Mode
    part: bool
    note: str = ""


def verdict_on(preview: Preview) -> tuple[str, str]:
    """What a merge would come to, in a few words, and their colour."""
    if preview.nothing or (preview.clean and not preview.files):  # after a squash only the commits are new
        return f"✓ {preview.target} has it all", GOOD
    if preview.conflicts:
        return f"✗ conflicts with {preview.target} in {_paths(preview.conflicts)}", BAD
    if preview.blocked:
        return f"⚠ {preview.target} cannot move now", WARN
    return "✓ merges cleanly", GOOD


def merge_question(page: Page, asked: MergeAsked, preview: Preview | None) -> Question:
    """How to merge; without a preview, while it is being looked at."""
    standing, short = page.standing, page.execution.short
    target = preview.target if preview else "its target"
    says = [(asked.note, WARN)] if asked.note else []
    why_not = "being looked at"
    if preview:
        why_not = _why_not_merge(preview)
        says += _outcome(preview)
    if asked.part:
        title = f"Merge what is accepted of {short} into {target}: {standing.words}"
        ways = [Option("s", "squash", "", current=True)]
    else:
        title = f"Merge {short} {page.execution.agent} into {target}"
        if standing.rejected:
            says.append((f"! The whole branch, with the {_rejected(standing)} too.", WARN))
        ways = [
            Option(key, label, mode.value, current=mode is asked.mode) for key, (mode, label) in MODES.items()
        ]
    go = "merge it, and resolve the conflicts" if preview and preview.conflicts else "merge it"
    options = [Option("enter", go, GO, why_not), *ways]
    if standing.is_part:
        other = Option("w", "the whole branch", Mode.MERGE.value)
        options.append(other if asked.part else Option("p", "only what is accepted", PART))
    if preview and preview.blocked:
        options.append(Option("a", "apply as uncommitted changes", APPLY))
    return Question(title, tuple(says), tuple(options))


def _outcome(preview: Preview) -> list[tuple[str, str]]:
    words, tone = verdict_on(preview)
    if preview.clean:
        added = sum(max(0, file.added) for file in preview.files)
        removed = sum(max(0, file.removed) for file in preview.files)
        figures = f"{plural(len(preview.files), 'file')} +{added} −{removed}"
        return [(f"{words} · {figures} · {plural(preview.commits, 'commit')}", tone)]
    if preview.blocked:
        ways = "Commit or stash what is there, or apply the changes uncommitted beside it."
        return [(f"{words}: {preview.blocked}", tone), (ways, QUIET)]
    return [(words, tone)]


def _why_not_merge(preview: Preview) -> str:
    if preview.nothing:
        return "nothing to merge"
    if preview.blocked:
        return "see above"
    return ""


def _rejected(standing: Standing) -> str:
    return plural(standing.rejected, "rejected hunk")


def discard_question(page: Page) -> Question:
    """Whether to discard a branch: what goes, and what brings it back."""
    execution = page.execution
    added, removed = sum(file.added for file in page.files), sum(file.removed for file in page.files)
    figures = f"{plural(len(page.files), 'file')} +{added} −{removed}"
    says = [
        (f"{execution.branch} goes, with its work tree: {figures}", BAD),
        ("It stays in the archive; u brings it back.", QUIET),
    ]
    options = (Option("y", "discard it", YES),)
    return Question(f"Discard {execution.short} {execution.agent}?", tuple(says), options)


def undo_question(operation: Operation) -> Question:
    """Whether to take back an operation: what it was, and what goes back to where."""
    age = ago(max(0.0, time.time() - operation.time))
    says = [(line, WARN) for line in _taken_back(operation)]
    says.append(("What goes stays in the archive.", QUIET))
    when = "just now" if age == "now" else f"{age} ago"
    return Question(f"Undo: {operation.summary}, {when}?", tuple(says), (Option("y", "undo it", YES),))


def _taken_back(operation: Operation) -> list[str]:
    if operation.kind == "apply":
        return ["The files that it changed go back to what they were; later changes of them refuse it."]
    lines = []
    for move in operation.moves[:MOST_PATHS]:
        if move.before is None:
            lines.append(f"{move.short} goes")
        elif move.after is None:
            lines.append(f"{move.short} comes back at {move.before[:8]}")
        else:
            lines.append(f"{move.short} goes back from {move.after[:8]} to {move.before[:8]}")
    if len(operation.moves) > MOST_PATHS:
        lines.append(f"and {len(operation.moves) - MOST_PATHS} more")
    return lines


def why_not_merge(page: Page | None, doing: str) -> str:
    """Why there is nothing to ask about merging; empty where there is."""
    return _why_not_change(page, doing) or ("" if page and page.files else "it changed nothing")


def why_not_discard(page: Page | None, doing: str) -> str:
    """Why the branch cannot be discarded now; empty where it can."""
    return _why_not_change(page, doing)


def _why_not_change(page: Page | None, doing: str) -> str:
    if doing:
        return doing
    if page is None:
        return "it is being read"
    execution: Execution = page.execution
    return f"{execution.short} is {execution.state.word}" if execution.state.is_live else ""


def _paths(paths: tuple[str, ...]) -> str:
    words = ", ".join(shown(path) for path in paths[:MOST_PATHS])
    return words + (f" and {len(paths) - MOST_PATHS} more" if len(paths) > MOST_PATHS else "")
