"""``paracle why``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..domain.ids import shorten
from ..domain.provenance import Origin, Provenance
from ..domain.words import as_written, one_line
from .opening import AsJson, workspace
from .options import global_options
from .printing import aligned, harmless, next_step, paint, put, put_json

ROOM = 200
"""Characters of a value that are shown; ``--json`` has all of it."""


def why(
    ctx: typer.Context,
    place: Annotated[str, typer.Argument(metavar="FILE:LINE", help="The line, from 1, as the file is now.")],
    as_json: AsJson = False,
) -> None:
    """Say which execution, step and tool call a line comes from."""
    from ..services import why as origins

    file, line = origins.parse_place(place)
    with workspace(ctx) as here:
        answer = origins.why(here, _from_root(file, global_options(ctx).folder, here.project.root), line)
    if as_json:
        put_json(answer.to_dict())
        return
    put(harmless(answer.sentence, sys.stdout))
    put(
        paint(
            f"  {answer.path}:{answer.line}  {harmless(as_written(answer.text), sys.stdout)}",
            sys.stdout,
            dim=True,
        )
    )
    for row in aligned(_facts(answer), indent="  "):
        put(row)
    next_step(_next(answer))


def _from_root(file: str, folder: Path, root: Path) -> str:
    """A file is named from where the person stands, and looked for from the project's root."""
    path = Path(file).expanduser()
    if path.is_absolute():
        return str(path)
    return (
        file
        if folder.resolve() == root.resolve()
        else os.path.relpath(folder.resolve() / path, root.resolve())
    )


def _facts(answer: Provenance) -> list[tuple[str, str]]:
    facts = [
        ("execution", answer.execution),
        ("model", answer.model),
        ("task", answer.task),
        *((f"input {name}", str(value)) for name, value in answer.inputs.items()),
        ("step", f"{answer.step} {answer.tool}" if answer.step else ""),
        ("or", f"step {answer.beside}, at work at the same time" if answer.beside else ""),
        *(
            (name, value if isinstance(value, str) else repr(value))
            for name, value in answer.arguments.items()
        ),
        ("said", answer.said),
        ("commit", answer.commit),
    ]
    return [(name, harmless(one_line(value, ROOM), sys.stdout)) for name, value in facts if value]


def _next(answer: Provenance) -> str:
    if answer.origin is Origin.EXECUTION:
        return f"paracle runs show {shorten(answer.execution)}"
    return f"git show {answer.commit[:8]}" if answer.commit else "git diff"
