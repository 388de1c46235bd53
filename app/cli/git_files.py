"""``paracle git apply``, ``discard``, ``cleanup`` and ``prune``: what becomes of branches and work trees."""

from __future__ import annotations

import sys

import typer

from ..domain.history import Cleanup
from ..domain.ids import shorten
from ..domain.words import plural
from .git_words import Branch, DryRun, Files, Hunks, Target, chosen, path_words, tell
from .opening import AsJson, workspace
from .printing import aligned, next_step, paint, put, put_json, say


def apply(
    ctx: typer.Context,
    wanted: Branch,
    files: Files = None,
    hunks: Hunks = None,
    as_json: AsJson = False,
) -> None:
    """Bring what an execution did into your files, uncommitted, beside what you have changed there."""
    from ..services import history

    with workspace(ctx) as here:
        part, rest = chosen(here, wanted, files or (), hunks or ())
        done = history.apply(here, wanted, files=rest, selection=part)
    tell(done, as_json=as_json)
    if not as_json:
        in_private = "repository" in (done.details or {})
        next_step("paracle git branches" if in_private else "git status")


def discard(ctx: typer.Context, wanted: Branch, as_json: AsJson = False) -> None:
    """Remove an execution's branch and work tree; all that was in them is kept in the archive."""
    from ..services import history

    with workspace(ctx) as here:
        done = history.discard(here, wanted)
    tell(done, as_json=as_json)
    if not as_json:
        next_step("paracle git branches")


def cleanup(
    ctx: typer.Context, target: Target = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Remove the branches that are merged, and say of each other one why it stays."""
    from ..services import history

    with workspace(ctx) as here:
        report = history.cleanup(here, target, dry_run=dry_run)
    if as_json:
        put_json({**report.to_dict(), "dry_run": dry_run})
        return
    _put(report, dry_run=dry_run)
    say(_headline(report, "branch", "branches", dry_run=dry_run))
    them = "it" if report.more else "them"
    for operation in filter(None, (report.operation, *report.more)):
        say(f"'paracle git undo {shorten(operation)}' brings {them} back.")
    unmerged = [kept for kept in report.kept if kept.reason == "not merged"]
    if dry_run and report.removed:
        next_step("paracle git cleanup" + (f" --target {target}" if target else ""))
    elif unmerged:
        next_step(f"paracle git merge {shorten(unmerged[0].execution)}")
    else:
        next_step("paracle git branches")


def prune(ctx: typer.Context, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Remove work trees that hold nothing of their own, and what killed processes left half-made."""
    from ..services import history

    with workspace(ctx) as here:
        report = history.prune(here, dry_run=dry_run)
    if as_json:
        put_json({**report.to_dict(), "dry_run": dry_run})
        return
    _put(report, dry_run=dry_run)
    say(_headline(report, "work tree", "work trees", dry_run=dry_run))
    next_step("paracle git prune" if dry_run and report.removed else "paracle git branches")


def _put(report: Cleanup, *, dry_run: bool) -> None:
    verb = paint("would go" if dry_run else "removed", sys.stdout, typer.colors.GREEN)
    stays = paint("stays", sys.stdout, typer.colors.YELLOW)
    for name in report.removed:
        put(f"{verb}  {path_words(name, sys.stdout)}")
    rows = [(path_words(kept.name, sys.stdout), path_words(kept.reason, sys.stdout)) for kept in report.kept]
    for line in aligned(rows):
        put(f"{stays}  {line}")


def _headline(report: Cleanup, noun: str, many: str, *, dry_run: bool) -> str:
    verb = "would go" if dry_run else "removed"
    return f"{plural(len(report.removed), noun, many)} {verb}, {len(report.kept):,} kept"
