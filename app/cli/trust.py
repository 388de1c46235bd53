"""``paracle trust``: see which commands a project carries, and say whether they may run."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import PolicyRefused, UsageError
from ..domain.trust import CommandKind, Standing, Trust, TrustedProject
from ..domain.words import ago, plural
from .opening import AsJson, workspace
from .printing import aligned, next_step, paint, put, put_json, say

if TYPE_CHECKING:
    from ..services.workspace import Workspace

_MARKS = {
    Standing.TRUSTED: ("✓", typer.colors.GREEN),
    Standing.NOTHING: ("·", typer.colors.CYAN),
    Standing.NEW: ("⚠", typer.colors.YELLOW),
    Standing.CHANGED: ("⚠", typer.colors.YELLOW),
    Standing.WITHHELD: ("⚠", typer.colors.YELLOW),
}


def trust(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="Trust without asking.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Trust this project no longer.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the projects that are trusted.")] = False,
    as_json: AsJson = False,
) -> None:
    """See which commands this project carries, and trust them."""
    if yes + revoke + list_ > 1:
        raise UsageError("--yes, --revoke and --list exclude each other", hint="name one of them")
    with workspace(ctx) as here:
        if list_:
            _list(here, as_json=as_json)
        elif revoke:
            _revoke(here, as_json=as_json)
        else:
            _show_and_ask(here, yes=yes, as_json=as_json)


def _show_and_ask(here: Workspace, *, yes: bool, as_json: bool) -> None:
    from ..services import trust as service

    seen = service.look(here)
    if not as_json:
        for line in _lines(here, seen):
            put(line)
    if seen.standing in (Standing.TRUSTED, Standing.NOTHING) or (seen.withheld and not yes):
        if as_json:
            put_json(_data(here, seen))
        elif seen.standing is Standing.TRUSTED:
            next_step("paracle trust --revoke")
        elif seen.withheld:
            next_step("paracle validate")
        return
    if not yes:
        if as_json:
            put_json(_data(here, seen))
            return
        _ask(seen)
    done = service.accept(here, seen)
    if as_json:
        put_json(_data(here, done))
    else:
        say(f"{paint('✓', sys.stderr, typer.colors.GREEN)} Trusted: {done.counts}. A change asks again.")
        next_step("paracle run reviewer")


def _ask(seen: Trust) -> None:
    """Return where a person says yes.

    Raises:
        PolicyRefused: nobody is there, or the answer is no.
    """
    if not sys.stdin.isatty():
        raise PolicyRefused(
            "Nothing was trusted: nobody is there to be asked",
            detail=f"{seen.counts} would run",
            hint="read them, then: paracle trust --yes",
        )
    if not typer.confirm("Trust these commands?", err=True):
        raise PolicyRefused("Nothing was trusted", hint="runs go on without these commands")


def _revoke(here: Workspace, *, as_json: bool) -> None:
    from ..services import trust as service

    was = service.revoke(here)
    if as_json:
        put_json({"project": str(here.project.root), "revoked": was})
    else:
        say("This project is trusted no longer." if was else "This project was not trusted.")
        next_step("paracle trust")


def _list(here: Workspace, *, as_json: bool) -> None:
    from ..services import trust as service

    found, problem = service.trusted_projects(here.state)
    if as_json:
        put_json({"projects": [project.to_dict() for project in found], "problem": problem})
        return
    now = time.time()
    for line in aligned(_row(project, now) for project in found):
        put(line)
    if problem:
        say(f"{paint('⚠', sys.stderr, typer.colors.YELLOW)} {problem}: no project is trusted.")
    elif not found:
        say("No project is trusted.")
    next_step("paracle trust")


def _row(project: TrustedProject, now: float) -> tuple[str, ...]:
    count = plural(len(project.contents), "command")
    return ago(max(0.0, now - project.time)), count, visible(project.folder)


def _data(here: Workspace, found: Trust) -> dict[str, object]:
    return {"project": str(here.project.root), **found.to_dict()}


def _lines(here: Workspace, found: Trust) -> list[str]:
    glyph, colour = _MARKS[found.standing]
    standing = paint(f"{glyph} {found.standing}", sys.stdout, colour, bold=True)
    lines = [f"{standing}  {visible(str(here.project.root))}"]
    if problem := found.problem or found.withheld:
        lines.append(f"  {paint('⚠', sys.stdout, typer.colors.YELLOW)} {visible(problem)}")
    added = {command.content for command in found.added} if found.standing is Standing.CHANGED else set()
    for command in found.commands:
        mark = "+" if command.content in added else " "
        lines += _command_lines(mark, command.kind, command.shown, f"{command.path.name}:{command.line}")
    for kind, text in found.removed:
        lines += _command_lines("−", kind, text, "no longer there")
    if any(command.files for command in found.commands):
        lines.append(_quiet("  A line with # is a file of the project that the command names, as it is now."))
    if found.texts(CommandKind.SETUP):
        lines.append(_quiet("  Setup runs in the fresh work tree of each run, before its agent works."))
    if found.texts(CommandKind.EXEC):
        lines.append(
            _quiet("  Exec is what 'paracle runs exec' may run in a run's work tree, whatever follows.")
        )
    if found.texts(CommandKind.CHECK):
        lines.append(_quiet("  Checks run after the agent: as you, and with whatever code the agent wrote."))
    if found.texts(CommandKind.HOOK):
        lines.append(_quiet("  Hooks run around what executions do, in this folder: 'paracle hooks list'."))
    if found.texts(CommandKind.SCRIPT):
        lines.append(
            _quiet("  Scripts run when you run their workflow, in its work tree, as its agents have left it.")
        )
    if found.texts(CommandKind.CALL):
        lines.append(
            _quiet("  Calls are made by the steps of a workflow or an agent's playbook that you run.")
        )
    if found.texts(CommandKind.MODEL):
        lines.append(_quiet("  Models with script: answer from a file, the commands that it holds included."))
    return lines


def _command_lines(mark: str, kind: str, text: str, place: str) -> list[str]:
    """A command as it is, whole: what is trusted must have been seen."""
    colour = {"+": typer.colors.GREEN, "−": typer.colors.RED}.get(mark)
    first, *rest = [visible(line) for line in text.rstrip("\n").split("\n")]
    lines = [f"{mark} {kind:<6} {first}", *(f"{mark} {'':<6} {line}" for line in rest)]
    painted = [paint(line, sys.stdout, colour) for line in lines]
    return [f"{painted[0]}  {_quiet(visible(place))}", *painted[1:]]


def visible(text: str) -> str:
    """Text on which somebody decides: what a terminal would not show, or would reorder, is spelled out."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def _quiet(text: str) -> str:
    return paint(text, sys.stdout, dim=True)
