"""``paracle schema``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from .opening import AsJson
from .printing import next_step, put, put_json


def complete_kind(incomplete: str) -> list[str]:
    """The kinds of project files that begin with ``incomplete``."""
    from ..services.projects import file_kinds

    return [kind for kind in file_kinds() if kind.startswith(incomplete)]


def schema(
    kind: Annotated[
        str | None,
        typer.Argument(help="A kind of file; without it the kinds are listed.", autocompletion=complete_kind),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the JSON Schema of a project file."""
    from ..services import projects

    if kind is not None:
        found = projects.schema_of(kind)
        if as_json:
            put_json(found)
        else:
            put(json.dumps(found, indent=2, ensure_ascii=False))
        return
    kinds = sorted(projects.file_kinds())
    if as_json:
        put_json({"kinds": kinds})
        return
    for name in kinds:
        put(name)
    next_step(f"paracle schema {kinds[0]}")
