"""What most commands begin with: the open project, the options they share, and completion of names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import ParacleError
from .options import global_options

if TYPE_CHECKING:
    from ..services.workspace import Workspace

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout, and nothing else there.")]


def workspace(ctx: typer.Context) -> Workspace:
    """The project that the command is about. A context manager.

    Raises:
        ProjectError: its ``.parac`` is not a folder.
    """
    from ..services.workspace import Workspace

    return Workspace.open(global_options(ctx).folder)


def complete_agent(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names of agents that begin with ``incomplete``; none where they cannot be known."""
    try:
        with asked_workspace(ctx) as here:
            return [name for name in here.project.agent_names() if name.startswith(incomplete)]
    except (ParacleError, OSError):
        return []


def complete_workflow(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names of workflows that begin with ``incomplete``; none where they cannot be known."""
    from ..services import workflows

    try:
        with asked_workspace(ctx) as here:
            return [name for name in workflows.names(here) if name.startswith(incomplete)]
    except (ParacleError, OSError):
        return []


def complete_execution(ctx: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """The newest executions whose id begins with ``incomplete``, each with its agent and state."""
    try:
        with asked_workspace(ctx) as here:
            rows = here.store.executions(200) if here.has_store else ()
    except (ParacleError, OSError):
        return
    if "last".startswith(incomplete) and rows:
        yield "last", "the newest execution"
    for row in rows:
        if row.id.startswith(incomplete):
            yield row.id, f"{row.agent}, {row.state.word}"


Agent = Annotated[
    str, typer.Argument(metavar="AGENT", help="The agent's name.", autocompletion=complete_agent)
]
Execution = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="An execution: its id, the first characters of it, or 'last'.",
        autocompletion=complete_execution,
    ),
]


def asked_workspace(ctx: typer.Context) -> Workspace:
    """The project that names are completed for. A context manager."""
    # The root callback does not run while a shell completes, so its option is read from the context.
    from ..services.workspace import Workspace

    named = ctx.find_root().params.get("project")
    return Workspace.open(Path(named or ".").expanduser())
