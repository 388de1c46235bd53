"""The questions of the review screen, as values: what would happen, what would be lost, and the answers."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..app.domain.checks import Check
from ..app.domain.diffs import shown
from ..app.domain.history import Mode, Operation, Preview
from ..app.domain.words import ago, plural
from ..app.services.review_bases import LAST_STEP, UNCOMMITTED
from .review_bar import Option, Question
from .review_work import Page, Standing

MODES = {
    "m": (Mode.MERGE, "merge"),
    "s": (Mode.SQUASH, "squash"),
    "f": (Mode.FF, "fast-forward"),
    "r": (Mode.REBASE, "rebase"),
    "c": (Mode.CHERRY_PICK, "cherry-pick"),
}
GO, APPLY, PART, YES, RUN = "go", "apply", "part", "yes", "run"
FORK, ANY = "fork", "any"

GOOD, BAD, WARN, QUIET = "$text-success", "$text-error", "$text-warning", "$foreground-muted"

MOST_PATHS = 3

_IN_A_FOLDER = "Take back or move away what is yours there, or accept only a part that leaves it alone."
"""The ways out of a merge that does not fit the files of a folder without git."""


@dataclass(frozen=True, slots=True)
class MergeAsked:
    """A merge that is asked about. ``part``: only what is accepted. ``note``: what has come up meanwhile."""

    mode: Mode
    part: bool
    note: str = ""


def verdict_on(preview: Preview) -> tuple[str, str]:
    """What a merge would come to, in a few words, and their colour."""
    target = shown(preview.target_name)
    if preview.nothing or (preview.clean and not preview.files):  # after a squash only the commits are new
        return f"✓ {target} has it all", GOOD
    if preview.conflicts:
        return f"✗ conflicts with {target} in {_paths(preview.conflicts)}", BAD
    if preview.blocked:
        return f"⚠ {target} {'has something in the way' if preview.into_files else 'cannot move now'}", WARN
    return "✓ merges cleanly", GOOD


def merge_question(page: Page, asked: MergeAsked, preview: Preview | None, *, into_files: bool) -> Question:
    """How to merge; without a preview, while it is being looked at.

    Args:
        into_files: Into those of a folder without git. There is one way only: they have no commits to join.
    """
    standing, short = page.standing, page.execution.short
    target = shown(preview.target_name) if preview else "its target"
    says = [(asked.note, WARN)] if asked.note else []
    why_not = "being looked at"
    if preview:
        why_not = _why_not_merge(preview)
        says += _outcome(preview)
    if asked.part:
        title = f"Merge what is accepted of {short} into {target}: {standing.words}"
        ways = [] if into_files else [Option("s", "squash", "", current=True)]
    else:
        title = f"Merge {short} {page.execution.agent} into {target}"
        if standing.rejected:
            says.append((f"! The whole branch, with the {_rejected(standing)} too.", WARN))
        ways = [
            Option(key, label, mode.value, current=mode is asked.mode)
            for key, (mode, label) in MODES.items()
            if not into_files
        ]
    resolves = preview and preview.conflicts and not into_files
    go = "merge it, and resolve the conflicts" if resolves else "merge it"
    options = [Option("enter", go, GO, why_not), *ways]
    if standing.is_part:
        other = Option("w", "the whole branch", Mode.MERGE.value)
        options.append(other if asked.part else Option("p", "only what is accepted", PART))
    if preview and preview.blocked and not into_files:
        options.append(Option("a", "apply as uncommitted changes", APPLY))
    return Question(title, tuple(says), tuple(options))


def _outcome(preview: Preview) -> list[tuple[str, str]]:
    words, tone = verdict_on(preview)
    if preview.clean:
        added = sum(max(0, file.added) for file in preview.files)
        removed = sum(max(0, file.removed) for file in preview.files)
        figures = f"{plural(len(preview.files), 'file')} +{added} −{removed}"
        says = [(f"{words} · {figures} · {plural(preview.commits, 'commit')}", tone)]
        if preview.brings_fork:
            says.append(("! What it was forked from comes too; squash leaves it out.", WARN))
        return says
    if preview.into_files and (preview.conflicts or preview.blocked):
        return [(f"{words}{f': {preview.blocked}' if preview.blocked else ''}", tone), (_IN_A_FOLDER, QUIET)]
    if preview.blocked:
        ways = "Commit or stash what is there, or apply the changes uncommitted beside it."
        return [(f"{words}: {preview.blocked}", tone), (ways, QUIET)]
    return [(words, tone)]


def _why_not_merge(preview: Preview) -> str:
    if preview.nothing:
        return "nothing to merge"
    if preview.blocked or (preview.into_files and preview.conflicts):
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


def base_question(page: Page, *, has_files: bool) -> Question:
    """What to compare with. ``has_files``: the branch still has its work tree."""
    against = page.shown.against
    gone = "" if has_files else "its work tree was put away, all is committed"
    options = (
        Option("f", "the recorded fork", FORK, current=not against),
        Option("s", "before the last step", LAST_STEP, current=against == LAST_STEP),
        Option("u", "uncommitted only", UNCOMMITTED, gone, current=against == UNCOMMITTED),
        Option("r", "any branch, tag or commit", ANY),
    )
    says = (("Verdicts are given on the changes since the fork; the others are for looking.", QUIET),)
    return Question(f"Compare {page.execution.short} {page.execution.agent} with", says, options)


def check_names(checks: Sequence[Check]) -> list[str]:
    """A short name for each check: the program, or Python's module. Where two are alike, with a number."""
    names = [_program(check.command) for check in checks]
    alike = {name for name in names if names.count(name) > 1}
    return [f"{name} {number}" if name in alike else name for number, name in enumerate(names, 1)]


def _program(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    if len(words) > 2 and words[0].rpartition("/")[2].startswith("python") and words[1] == "-m":
        words = words[2:]
    return words[0].rpartition("/")[2] if words else "?"


def checks_question(page: Page, checks: Sequence[Check], *, running: bool) -> Question:
    """What the checks have come to, and whether to run them; the answers are numbers for their output."""
    tones = {True: GOOD, False: BAD}
    says = [(f"{one.glyph} {one.command} {one.word}, {one.figures}", tones[one.ok]) for one in checks]
    if not checks:
        says = [("None ran on this commit. project.yaml names them, as in checks: [pytest -q]", QUIET)]
    failed = next((number for number, one in enumerate(checks) if not one.ok), None)
    why_not = "they run" if running else ""
    options = [Option("r", "run them again" if checks and not running else "run them", RUN, why_not)]
    if failed is not None:
        options.insert(0, Option("enter", f"output of {check_names(checks)[failed]}", str(failed)))
    for number, name in enumerate(check_names(checks)[:9]):
        if number != failed:
            options.append(Option(str(number + 1), f"output of {name}", str(number)))
    return Question(f"Checks of {page.execution.short}", tuple(says), tuple(options))


def send_question(page: Page) -> Question:
    """Whether to send what was said to the agent: what goes, to whom, and what begins."""
    execution = page.execution
    goes = _sent_words(page.standing)
    says = (
        (f"The model {page.model} answers, and goes on with {execution.branch}.", QUIET),
        ("What is accepted and rejected stays marked where the agent leaves it as it is.", QUIET),
    )
    return Question(f"Send {goes} to {execution.agent}?", says, (Option("y", "send it", YES),))


def request_question(page: Page) -> Question:
    """Whether to open a pull request: what leaves this machine, and where to."""
    execution = page.execution
    says = (
        (f"It pushes {execution.branch} to 'origin', and asks there for it to be merged.", WARN),
        ("Without a known forge or a token it writes a patch file instead.", QUIET),
    )
    title = f"Open a pull request for {execution.short} {execution.agent}?"
    return Question(title, says, (Option("y", "open it", YES),))


def why_not_send(page: Page | None, doing: str) -> str:
    """Why there is nothing to send to the agent; empty where there is."""
    if why := _why_not_change(page, doing):
        return why
    standing = page.standing if page else None
    if standing and (standing.new_rejected or standing.new_notes):
        return ""
    if standing and standing.has_sent:
        return "all was sent: reject another hunk, or write a note anew"
    return "reject a hunk or write a note first"


def _sent_words(standing: Standing) -> str:
    parts = [plural(standing.new_notes, "note")] if standing.new_notes else []
    if standing.new_rejected:
        parts.append(plural(standing.new_rejected, "rejected hunk"))
    return " and ".join(parts)


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
    run = page.at_work
    return f"{run.short} {run.state.predicate}" if run else ""


def _paths(paths: tuple[str, ...]) -> str:
    words = ", ".join(shown(path) for path in paths[:MOST_PATHS])
    return words + (f" and {len(paths) - MOST_PATHS} more" if len(paths) > MOST_PATHS else "")
