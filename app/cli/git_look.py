"""``paracle git branches``, ``show`` and ``diff``: nothing is changed by any of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from ..domain.diff_print import print_diff
from ..domain.diffs import FileDiff, shown
from ..domain.history import BranchRow, Clash, Figures, Merged
from ..domain.ids import shorten
from ..domain.states import State
from ..domain.words import ago, plural
from . import receipts
from .git_waiting import tell_waiting
from .git_words import SHORT_COMMIT, Branch, Target, name_of, path_words
from .opening import AsJson, workspace
from .printing import aligned, diff_lines, next_step, paint, put, put_json, say, state_mark

_STATUS_COLOURS = {"A": typer.colors.GREEN, "D": typer.colors.RED}


def branches(
    ctx: typer.Context,
    target: Target = None,
    with_clashes: Annotated[
        bool, typer.Option("--clashes", help="Also which open branches would conflict with each other.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the branches of executions, newest first, with what each would bring."""
    from ..services import history, merge_conflicts

    with workspace(ctx) as here:
        rows = history.branches(here, target)
        # Pairs of branches are merged for it: with many of them that takes its time.
        clashes = history.clashes(here, target) if with_clashes else ()
        waiting = history.waiting(here)
        how_far = [merge_conflicts.resolution(here, merge.id) for merge in waiting]
        against = history.target(here, target)
    if as_json:
        data = {
            "target": against or None,
            "branches": [row.to_dict() for row in rows],
            "waiting": [merge.to_dict() for merge in waiting],
        }
        pairs = [{"executions": [one.first, one.second], "paths": one.paths} for one in clashes]
        put_json({**data, "clashes": pairs} if with_clashes else data)
        return
    now = time.time()
    for row, line in zip(rows, aligned(_row(row, now, clashes) for row in rows), strict=True):
        put(_painted(row, line))
    if waiting:
        tell_waiting(how_far)
    elif rows:
        _suggest(rows)
    else:
        say("No execution has a branch here.")
        next_step("paracle run reviewer")


def show(
    ctx: typer.Context,
    wanted: Branch,
    target: Target = None,
    with_clashes: Annotated[
        bool, typer.Option("--clashes", help="Also the other open branches it would conflict with.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one branch: its files, and how it stands to its target."""
    from ..services import history

    with workspace(ctx) as here:
        row = history.show(here, wanted, target)
        files = history.files(here, wanted)
        # It is merged with every other open branch for it: with many of them that takes its time.
        clashes = history.clashes(here, target, only=wanted) if with_clashes else ()
    if as_json:
        changes = [asdict(file) for file in files]
        others = [{"execution": _other(clash, row), "paths": clash.paths} for clash in clashes]
        data = {"branch": row.to_dict(), "files": changes}
        put_json({**data, "clashes": others} if with_clashes else data)
        return
    head = [_mark(row), paint(row.agent or "unknown agent", sys.stdout, bold=True), shorten(row.execution)]
    put("  ".join([*head, ago(time.time() - row.created)]))
    for line in aligned(_facts(row, clashes), indent="  "):
        put(line)
    for line in receipts.file_lines(files, sys.stdout):
        put(f"  {line}")
    short = shorten(row.execution)
    if _is_merged(row):
        next_step("paracle git cleanup")
    else:
        next_step(f"paracle git diff {short}", f"paracle git merge {short}")


def diff(
    ctx: typer.Context,
    wanted: Branch,
    stat: Annotated[bool, typer.Option("--stat", help="Only the files, with their lines and hunks.")] = False,
    file: Annotated[
        str, typer.Option("--file", metavar="PATH", help="Only this file, from the top of the repository.")
    ] = "",
    step: Annotated[int | None, typer.Option("--step", min=1, help="Only what this step committed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print what a branch changes against the commit it was forked from, as a diff that git can apply."""
    from ..services import history

    with workspace(ctx) as here:
        files = history.diff(here, wanted, file=file, step=step or 0)
    if as_json:
        data = {"files": [_file_data(one) for one in files]}
        put_json(data if stat else {**data, "diff": _text(files)})
        return
    if stat:
        _put_stat(files)
    else:
        _put_diff(files)
    if not files:
        say("It changes nothing.")
    elif not step:
        next_step(f"paracle git merge {name_of(wanted)}")


def _suggest(rows: Sequence[BranchRow]) -> None:
    for row in rows:
        if not _is_merged(row):
            next_step(f"paracle git show {shorten(row.execution)}")
            return
    next_step("paracle git cleanup")


def _row(row: BranchRow, now: float, clashes: Sequence[Clash]) -> tuple[str, ...]:
    figures = row.figures
    counted = _counted(figures) if figures else ("", "", "")
    agent = row.agent or "unknown"
    words = filter(None, (standing(figures), _clashing(row, clashes), _dirty(row), row.worktree))
    return (
        shorten(row.execution),
        _state_words(row),
        agent,
        ago(now - row.created),
        *counted,
        "  ".join(words),
    )


def _counted(figures: Figures) -> tuple[str, str, str]:
    way = f"↑{figures.ahead:,} ↓{figures.behind:,}"
    return way, plural(figures.files, "file"), f"+{figures.added:,} −{figures.removed:,}"


def standing(figures: Figures | None) -> str:
    """How a branch stands to its target, in a few words."""
    if figures is None:
        return "no target"
    if figures.merged is not Merged.NO:
        return str(figures.merged)
    return f"conflicts in {plural(len(figures.conflicts), 'file')}" if figures.conflicts else "merges cleanly"


def _clashing(row: BranchRow, clashes: Sequence[Clash]) -> str:
    others = [_other(clash, row) for clash in clashes if row.execution in (clash.first, clash.second)]
    return f"clashes with {', '.join(map(shorten, others))}" if others else ""


def _dirty(row: BranchRow) -> str:
    return f"{plural(row.dirty, 'uncommitted file')}" if row.dirty else ""


def _state_words(row: BranchRow) -> str:
    if not row.state:
        return "? unknown"
    state = State(row.state)
    return f"{state.glyph} {state.word}"


def _mark(row: BranchRow) -> str:
    return state_mark(State(row.state), sys.stdout) if row.state else _state_words(row)


def _painted(row: BranchRow, line: str) -> str:
    line = line.replace(_state_words(row), _mark(row), 1)
    if row.figures and row.figures.conflicts:
        words = standing(row.figures)
        line = line.replace(words, paint(words, sys.stdout, typer.colors.RED), 1)
    return line


def _is_merged(row: BranchRow) -> bool:
    return row.figures is not None and row.figures.merged is not Merged.NO


def _facts(row: BranchRow, clashes: Sequence[Clash]) -> list[tuple[str, str]]:
    facts = [("branch", row.branch), ("commit", row.tip[:SHORT_COMMIT])]
    if row.figures:
        facts.append(("changes", "  ".join(_counted(row.figures))))
    facts.append(("merge", standing(row.figures)))
    for path in row.figures.conflicts if row.figures else ():
        facts.append(("", path_words(path, sys.stdout)))
    for clash in clashes:
        paths = ", ".join(path_words(path, sys.stdout) for path in clash.paths)
        facts.append(("clashes", f"with {shorten(_other(clash, row))} in {paths}"))
    if row.worktree:
        facts.append(("worktree", "  ".join(filter(None, (row.worktree, _dirty(row))))))
    return facts


def _other(clash: Clash, row: BranchRow) -> str:
    return clash.second if clash.first == row.execution else clash.first


def _file_data(file: FileDiff) -> dict[str, object]:
    hunks = [
        {"number": number, "key": key, "old_start": hunk.old_start, "old_count": hunk.old_count,
         "new_start": hunk.new_start, "new_count": hunk.new_count}
        for number, (key, hunk) in enumerate(zip(file.keys, file.hunks, strict=True), 1)
    ]  # fmt: skip
    return {
        "path": file.path,
        "old_path": file.old_path,
        "status": file.status,
        "added": file.added,
        "removed": file.removed,
        "binary": file.is_binary,
        "hunks": hunks,
    }


def _put_stat(files: Sequence[FileDiff]) -> None:
    rows = []
    for file in files:
        name = path_words(file.path, sys.stdout)
        if file.old_path != file.path:
            name = f"{path_words(file.old_path, sys.stdout)} → {name}"
        counts = ("binary", "") if file.is_binary else (f"+{file.added:,}", f"−{file.removed:,}")
        rows.append((file.status, *counts, plural(len(file.hunks), "hunk") if file.hunks else "", name))
    for file, line in zip(files, aligned(rows, right=frozenset({1, 2, 3})), strict=True):
        put(paint(line, sys.stdout, _STATUS_COLOURS.get(file.status)))


def _put_diff(files: Sequence[FileDiff]) -> None:
    if not sys.stdout.isatty():
        # Byte for byte: what is piped on may be applied somewhere.
        sys.stdout.flush()
        sys.stdout.buffer.write(print_diff(files))
        sys.stdout.flush()
        return
    for file in files:
        for line in diff_lines(_numbered(file), sys.stdout):
            put(line)


def _text(files: Sequence[FileDiff]) -> str:
    return print_diff(files).decode("utf-8", "surrogateescape")


def _numbered(file: FileDiff) -> str:
    """A file's diff in which each hunk's head says by which number ``--hunks`` knows it."""
    number, lines = 0, []
    for line in shown(_text([file])).split("\n"):
        if line.startswith("@@ -"):
            number += 1
            line += f"   hunk {number} of {len(file.hunks)}"
        lines.append(line)
    return "\n".join(lines)
