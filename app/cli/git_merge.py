"""``paracle git merge``: previewed, made beside the checkout, landed in one step."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import ExitCode, UsageError
from ..domain.history import Mode, Preview
from ..domain.ids import shorten
from ..domain.words import plural
from . import git_waiting, receipts
from .git_words import DryRun, Files, Hunks, chosen, name_of, path_words, tell
from .opening import AsJson, complete_execution, workspace
from .printing import next_step, paint, put, put_json, say

if TYPE_CHECKING:
    from ..services.workspace import Workspace


def merge(
    ctx: typer.Context,
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="An execution: its id, the first characters of it, 'last', or its branch.",
            autocompletion=complete_execution,
            show_default=False,
        ),
    ] = "",
    target: Annotated[
        str | None,
        typer.Option("--target", metavar="BRANCH", help="Merge into this branch, not the one checked out."),
    ] = None,
    mode: Annotated[
        Mode | None, typer.Option("--mode", help="How; merge where nothing is said, squash for a part.")
    ] = None,
    files: Files = None,
    hunks: Hunks = None,
    message: Annotated[str, typer.Option("--message", "-m", help="The commit's message.")] = "",
    dry_run: DryRun = False,
    go_on: Annotated[
        bool, typer.Option("--continue", help="Go on with a merge that waits, as 'paracle git continue'.")
    ] = False,
    abort: Annotated[
        bool, typer.Option("--abort", help="Give up a merge that waits, as 'paracle git abort'.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Show the merges that wait for a person.")] = False,
    as_json: AsJson = False,
) -> None:
    """Merge what an execution did, and nothing else of yours changes; 'paracle git undo' takes it back."""
    if _is_about_waiting(
        [go_on, abort, show], any((target, mode, files, hunks, message, dry_run)), bool(show and wanted)
    ):
        if show:
            git_waiting.show(ctx, as_json=as_json)
        else:
            (git_waiting.go_on if go_on else git_waiting.abort)(ctx, wanted, as_json)
        return
    if not wanted:
        raise UsageError("It is not said what to merge", hint="'paracle git branches' lists what there is")
    with workspace(ctx) as here:
        _merge(
            here, wanted, target, mode, files or (), hunks or (), message, dry_run=dry_run, as_json=as_json
        )


def _is_about_waiting(flags: Sequence[bool], has_options: bool, names_shown: bool) -> bool:
    if not any(flags):
        return False
    if sum(flags) > 1 or has_options or names_shown:
        raise UsageError(
            "--continue, --abort and --show stand alone",
            hint="to merge anew: 'paracle git abort', then 'paracle git merge ID'",
        )
    return True


def _merge(
    here: Workspace,
    wanted: str,
    target: str | None,
    mode: Mode | None,
    files: Sequence[str],
    hunks: Sequence[str],
    message: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from ..services import history

    is_part = bool(files or hunks)
    mode = mode or (Mode.SQUASH if is_part else Mode.MERGE)
    part, files = chosen(here, wanted, files, hunks)
    if dry_run:
        seen = history.preview(here, wanted, target=target, mode=mode, files=files, selection=part)
        _tell_preview(seen, as_json=as_json)
        return
    done = history.merge(here, wanted, target=target, mode=mode, files=files, selection=part, message=message)
    tell(done, as_json=as_json)
    if not as_json:
        next_step(f"paracle git diff {name_of(wanted)} --stat" if is_part else "paracle git cleanup")


def _tell_preview(seen: Preview, *, as_json: bool) -> None:
    if as_json:
        put_json(seen.to_dict())
    else:
        _put_preview(seen)
    # As the merge would end: a script may ask first.
    raise typer.Exit(ExitCode.DONE if seen.clean else ExitCode.CONFLICT)


def _put_preview(seen: Preview) -> None:
    short = shorten(seen.execution)
    if seen.conflicts:
        put(_verdict("✗", f"conflicts with {seen.target} in {plural(len(seen.conflicts), 'file')}", seen))
        for path in seen.conflicts:
            put(f"  {path_words(path, sys.stdout)}")
        if seen.into_files:
            say("Nothing would be written. Undo your changes to these files, or take a part without them:")
            next_step(f"paracle git merge {short} --files PATH")
        else:
            say("The merge would wait for you in a work tree of its own; your files stay as they are.")
            next_step(f"paracle git merge {short}")
    elif seen.nothing:
        put(_verdict("✓", f"{seen.target} has it all already", seen))
        next_step("paracle git cleanup")
    elif seen.blocked:
        put(_verdict("✗", f"cannot land in {seen.target} now", seen))
        put(f"  {path_words(seen.blocked, sys.stdout)}")
        if seen.into_files:
            say("Move away what is named, then look again:")
            next_step(f"paracle git merge {short} --dry-run")
            return
        say("Commit or stash what is there, name another branch with --target, or bring it in beside yours:")
        next_step(f"paracle git apply {short}")
    else:
        commits, files = plural(seen.commits, "commit"), plural(len(seen.files), "file")
        put(_verdict("✓", f"merges cleanly into {seen.target}: {commits}, {files}", seen))
        if seen.brings_fork:
            say(
                f"What it was forked from is not in {seen.target} and comes too; --mode squash leaves it out."
            )
        for line in receipts.file_lines(seen.files, sys.stdout):
            put(line)
        next_step(f"paracle git merge {short}")


def _verdict(sign: str, words: str, seen: Preview) -> str:
    colour = typer.colors.RED if sign == "✗" else typer.colors.GREEN
    return f"{paint(sign, sys.stdout, colour, bold=True)} {seen.mode} {shorten(seen.execution)}: {words}"
