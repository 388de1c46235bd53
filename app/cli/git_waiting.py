"""``paracle git conflicts``, ``take``, ``continue`` and ``abort``: merges that wait for their conflicts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ..domain.errors import ParacleError, UsageError
from ..domain.ids import shorten
from .git_words import identifier_of, path_words, tell
from .opening import AsJson, complete_execution, workspace
from .printing import harmless, next_step, paint, put, put_json, say

if TYPE_CHECKING:
    from ..domain.conflicts import ConflictBlock, ConflictFile, Resolution
    from ..services.workspace import Workspace

Side = Literal["base", "ours", "theirs", "both"]

Waiting = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The execution whose merge it is, where several wait.",
        autocompletion=complete_execution,
        show_default=False,
    ),
]


def go_on(ctx: typer.Context, wanted: Waiting = "", as_json: AsJson = False) -> None:
    """Go on with a merge whose conflicts are resolved."""
    from ..services import history

    with workspace(ctx) as here:
        done = history.resume(here, _named(here, wanted))
    tell(done, as_json=as_json)
    if not as_json:
        next_step("paracle git cleanup")


def abort(ctx: typer.Context, wanted: Waiting = "", as_json: AsJson = False) -> None:
    """Give up a merge that waits; what was typed in its work tree is kept in the archive."""
    from ..services import history

    with workspace(ctx) as here:
        done = history.abort(here, _named(here, wanted))
    tell(done, as_json=as_json, can_undo=False)
    if not as_json:
        next_step("paracle git branches")


Of = Annotated[
    str,
    typer.Option(
        "--of",
        metavar="ID",
        help="The execution whose merge it is, where several wait.",
        autocompletion=complete_execution,
    ),
]


def take(
    ctx: typer.Context,
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="A file in conflict, from the top of the repository.", show_default=False
        ),
    ] = "",
    side: Annotated[
        Side | None,
        typer.Argument(
            metavar="SIDE",
            help="base (the fork), ours (the target), theirs (the execution), or both: ours, then theirs.",
            show_default=False,
        ),
    ] = None,
    block: Annotated[
        int | None,
        typer.Option("--block", min=1, help="Only this block, as 'paracle git conflicts' counts."),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what was taken or edited last.")] = False,
    edit: Annotated[
        bool, typer.Option("--edit", help="Open the file in $EDITOR, at its first open block.")
    ] = False,
    wanted: Of = "",
    as_json: AsJson = False,
) -> None:
    """Resolve a file of a merge that waits, or one block of it: from a side, with both, or by hand."""
    from ..services import merge_conflicts

    _check_take(path, side, block, undo=undo, edit=edit)
    with workspace(ctx) as here:
        name = _named(here, wanted)
        words = ""
        if undo:
            words = merge_conflicts.untake(here, name)
        elif edit:
            _edit(here, path, name)
        elif side:
            merge_conflicts.take(here, path, side, block=block, wanted=name)
        now = merge_conflicts.resolution(here, name)
    if as_json:
        done = {"undone": words} if undo else {"path": path, "side": side or "hand", "block": block}
        put_json({**done, "left": [file.to_dict()["path"] for file in now.open]})
        return
    place = f"{path_words(path, sys.stdout)}{f', block {block}' if block else ''}"
    put(f"taken back: {path_words(words, sys.stdout)}" if undo else f"{place}: {side or 'by hand'}")
    _tell_progress(now, wanted)


def _check_take(path: str, side: str | None, block: int | None, *, undo: bool, edit: bool) -> None:
    if undo and (path or block or edit):
        raise UsageError(
            "--undo takes back the last, whatever it was", hint="'paracle git take --undo' alone"
        )
    if not undo and not path:
        raise UsageError("It is not said which file", hint="'paracle git conflicts' lists them")
    if edit and (side or block):
        raise UsageError("--edit opens the whole file", hint="'paracle git take PATH --edit'")
    if not undo and not edit and not side:
        raise UsageError(
            "It is not said what to take", hint="base, ours, theirs or both; or --edit, to edit it by hand"
        )


def _edit(here: Workspace, path: str, name: str) -> None:
    from ..services import merge_conflicts
    from ..tui.editors import editor_command

    now = merge_conflicts.resolution(here, name)
    file = next((file for file in now.files if file.path == path), None)
    if file is None:
        raise UsageError(f"{path} is not in conflict", hint="'paracle git conflicts' lists what is")
    if file.kind in ("link", "submodule"):  # an editor would go where it leads
        raise UsageError(f"{path} is no file to edit", detail=file.why, hint="take ours or theirs")
    line = next((block.line for block in file.blocks if block.line), 0)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        subprocess.run(editor_command(editor, Path(now.folder) / path, line), check=False)
    except (OSError, ValueError) as error:
        raise ParacleError(
            f"'{editor}' cannot be started",
            detail=str(error),
            hint="set VISUAL or EDITOR to an editor that is installed",
        ) from error
    merge_conflicts.keep_edits(here, name)


def conflicts(ctx: typer.Context, wanted: Waiting = "", as_json: AsJson = False) -> None:
    """List what a merge waits for: each file and block, where it is, and what was taken."""
    from ..services import merge_conflicts

    with workspace(ctx) as here:
        now = merge_conflicts.resolution(here, _named(here, wanted))
    if as_json:
        put_json(
            {
                "merge": now.merge,
                "folder": now.folder,
                "ours": now.ours,
                "theirs": now.theirs,
                "done": now.done,
                "total": now.total,
                "last": now.last,
                "files": [file.to_dict() for file in now.files],
            }
        )
        return
    for file in now.files:
        for line in _file_lines(now, file):
            put(line)
    _tell_progress(now, wanted)


def _file_lines(now: Resolution, file: ConflictFile) -> list[str]:
    mark, colour = ("✗", typer.colors.RED) if file.why else ("✓", typer.colors.GREEN)
    took = ", ".join(now.name_of(side) for side in file.took.split(", "))
    head = f"{path_words(file.path, sys.stdout)}  {harmless(file.why or took, sys.stdout)}"
    lines = [f"{paint(mark, sys.stdout, colour, bold=True)} {head}"]
    return lines if file.is_whole else lines + [f"  {_block_line(now, block)}" for block in file.blocks]


def _block_line(now: Resolution, block: ConflictBlock) -> str:
    if block.took:
        return f"✓ block {block.number}  {harmless(now.name_of(block.took), sys.stdout)}"
    sides = f"{now.ours} {len(block.ours)} | before {len(block.base)} | {now.theirs} {len(block.theirs)}"
    return f"✗ block {block.number}  lines {block.line}-{block.last}  {harmless(sides, sys.stdout)}"


def _tell_progress(now: Resolution, wanted: str) -> None:
    of = f" --of {wanted}" if wanted else ""
    say(f"{now.words}{'' if not now.last else '; --undo takes back the last'}")
    if not now.open:
        next_step(f"paracle git continue {wanted}".rstrip())
        return
    file = now.open[0]
    block = next((block.number for block in file.blocks if block.line), 0)
    path = path_words(file.path, sys.stderr)
    next_step(f"paracle git take {path} ours|theirs|base|both{f' --block {block}' if block else ''}{of}")


def show(ctx: typer.Context, *, as_json: bool) -> None:
    """Show the merges that wait."""
    from ..services import history, merge_conflicts

    with workspace(ctx) as here:
        waiting = history.waiting(here)
        how_far = [merge_conflicts.resolution(here, merge.id) for merge in waiting]
    if as_json:
        left = [[file.to_dict()["path"] for file in one.open] for one in how_far]
        put_json(
            {
                "waiting": [
                    {**merge.to_dict(), "open": paths} for merge, paths in zip(waiting, left, strict=True)
                ]
            }
        )
    elif waiting:
        tell_waiting(how_far)
    else:
        say("No merge waits.")
        next_step("paracle git branches")


def _named(here: Workspace, wanted: str) -> str:
    return identifier_of(here, wanted) if wanted else ""


def tell_waiting(waiting: Sequence[Resolution]) -> None:
    """Say which merges wait for a person, for what and where, and what to type."""
    for merge in waiting:
        mark = paint("◐ waits", sys.stderr, typer.colors.YELLOW, bold=True)
        names = harmless(f"{merge.theirs} into {merge.ours}", sys.stderr)
        say(f"{mark}  {names}: {_left(merge)}")
        say(f"  {merge.folder}")
    short = shorten(waiting[0].execution) if len(waiting) > 1 else ""
    next_step(f"paracle git conflicts {short}".rstrip(), f"paracle git continue {short}".rstrip())


def _left(merge: Resolution) -> str:
    if not merge.open:
        return "all resolved"
    paths = ", ".join(path_words(file.path, sys.stderr) for file in merge.open)
    return f"conflicts in {paths}, {merge.words}"
