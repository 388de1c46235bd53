"""The root of the `paracle` command: global options, what runs bare, and the one place errors end up."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from ... import __version__
from ..domain.errors import NotFound, ParacleError
from . import failures
from .commands import LazyGroup
from .options import GlobalOptions

app = typer.Typer(
    name="paracle",
    cls=LazyGroup,
    rich_markup_mode=None,
    invoke_without_command=True,
    epilog="Without a command, on a terminal: the workbench. To see it at work: paracle demo",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"paracle {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option(
            "--project", "-C", metavar="DIR", help="Work in this folder instead of the current one."
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the log on stderr as well.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version.")
    ] = False,
) -> None:
    """Run AI agents on a project, watch them work, and keep what they do under version control."""
    folder = (project or Path()).expanduser().absolute()
    if not folder.is_dir():
        raise NotFound(
            "There is no such folder", detail=str(folder), hint="Name an existing one, or make it first"
        )
    ctx.obj = GlobalOptions(folder=folder, verbose=verbose)
    bare = ctx.invoked_subcommand is None
    on_screen = bare or ctx.invoked_subcommand == "ui"
    _set_up_logs(to_stderr=verbose and not on_screen)
    if bare:
        _run_bare(ctx)


def _set_up_logs(*, to_stderr: bool) -> None:
    from ..services import logs

    logs.set_up(to_stderr=to_stderr)


def _run_bare(ctx: typer.Context) -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(ctx.get_help())
        return
    assert isinstance(ctx.command, LazyGroup)
    with ctx.command.commands["ui"].make_context("ui", [], parent=ctx) as workbench:
        workbench.command.invoke(workbench)


def run(arguments: Sequence[str]) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name.

    Returns:
        The exit code. No exception leaves this function but `SystemExit`.
    """
    as_json = "--json" in arguments
    try:
        result = get_command(app).main(list(arguments), prog_name="paracle", standalone_mode=False)
        sys.stdout.flush()
    except ParacleError as error:
        return failures.report(error, as_json=as_json)
    except typer.TyperException as error:
        return failures.report(failures.usage_error(error), as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        return failures.leave_closed_pipe()
    except Exception as error:  # the last resort: its traceback belongs in the log, not on the screen
        return failures.report(failures.fault(error), as_json=as_json)
    return result if isinstance(result, int) else 0
