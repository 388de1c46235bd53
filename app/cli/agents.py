"""``paracle agents``: list, show, new."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.agents import AgentEntry
from ..domain.problems import Severity
from ..domain.words import one_line, plural
from .opening import Agent, AsJson, complete_agent, workspace
from .printing import aligned, harmless, next_step, paint, problem_lines, put, put_json, say, width

if TYPE_CHECKING:
    from ..services.agents import SpecRow

_INDENT = "  "

app = typer.Typer(help="List, show and create agents.", no_args_is_help=True)


@app.command("list")
def list_agents(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the agents that can run here: the project's own and those that ship with Paracle."""
    from ..services import agents

    with workspace(ctx) as here:
        found = agents.entries(here)
        root = here.project.root
    if as_json:
        put_json({"root": str(root), "agents": [_entry_data(entry) for entry in found]})
        return
    for line in aligned((entry.name, *_about(entry)) for entry in found):
        put(line)
    broken = sum(entry.is_broken for entry in found)
    if broken:
        say(f"{plural(broken, 'agent')} cannot run as written")
        next_step("paracle validate")
    elif found:
        first = next((entry for entry in found if not entry.builtin), found[0])
        next_step(f"paracle run {first.name}")


@app.command("show")
def show(ctx: typer.Context, name: Agent, as_json: AsJson = False) -> None:
    """Show an agent as it will run: every value, and the file and line that gave it."""
    from ..services import agents

    with workspace(ctx) as here:
        agent = agents.resolved(here, name)
        root = here.project.root
    if as_json:
        put_json(agents.document(agent, root))
        return
    origin = "ships with Paracle" if agent.builtin else agents.shown_path(agent.path, root)
    put(f"{paint(agent.name, sys.stdout, bold=True)}  {paint(origin, sys.stdout, dim=True)}")
    rows = agents.spec_rows(agent, root)
    others = max(len(row.field) for row in rows) + max(len(row.origin) for row in rows)
    room = max(20, width(sys.stdout) - others - len(_INDENT) - 4)
    for line in aligned((_spec_row(row, room) for row in rows), indent=_INDENT):
        put(line)
    if agent.instructions.strip():
        put("\n" + harmless(agent.instructions.strip(), sys.stdout))
    for line in problem_lines(agent.problems, sys.stderr):
        say(line)
    next_step(f"paracle run {agent.name}")


@app.command("new")
def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Lower-case letters, digits and dashes.")],
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="AGENT", help="Start from this agent.", autocompletion=complete_agent),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write an agent of one's own that runs at once."""
    from ..services import agents

    with workspace(ctx) as here:
        path = agents.create(here, name, from_)
        shown = agents.shown_path(path, here.project.root)
    if as_json:
        put_json({"name": path.stem, "path": str(path)})
        return
    put(shown)
    next_step(f"paracle run {path.stem}")


def _spec_row(row: SpecRow, room: int) -> tuple[str, str, str]:
    value = harmless(one_line(row.value, room), sys.stdout) or "-"
    return row.field, value, paint(row.origin, sys.stdout, dim=True)


def _about(entry: AgentEntry) -> tuple[str, str]:
    kind = "built-in" if entry.builtin else "own"
    if entry.is_broken:
        first = next(problem for problem in entry.problems if problem.severity is Severity.ERROR)
        return kind, paint(
            f"✗ {harmless(one_line(first.message, 60), sys.stdout)}", sys.stdout, typer.colors.RED
        )
    warning = paint("⚠ ", sys.stdout, typer.colors.YELLOW) if entry.problems else ""
    return kind, warning + harmless(one_line(entry.description, 100), sys.stdout)


def _entry_data(entry: AgentEntry) -> dict[str, object]:
    return {
        "name": entry.name,
        "path": str(entry.path),
        "description": entry.description,
        "builtin": entry.builtin,
        "broken": entry.is_broken,
        "problems": [problem.to_dict() for problem in entry.problems],
    }
