"""``paracle demo``."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import ExitCode, ParacleError
from ..domain.executions import Receipt
from ..domain.places import STATE_DIR_VARIABLE
from ..domain.words import plural
from . import receipts
from .opening import AsJson
from .options import global_options
from .printing import diff_lines, harmless, is_terminal, next_step, paint, put, put_json, say, width
from .progress import Progress
from .run import drive

if TYPE_CHECKING:
    from ..services.workspace import Workspace

_DOES = {
    "reviewer": "looks for real problems in the code and writes REVIEW.md",
    "documenter": "writes the API documentation from the code's syntax tree",
}
_HEAD = 14
"""Lines of each new file that are shown."""

_WIDTH = 92
"""The longest line of what is quoted; less on a narrow terminal."""


def demo(
    ctx: typer.Context,
    ui: Annotated[bool, typer.Option("--ui/--no-ui", help="Open the workbench on it at the end.")] = True,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Put it into this folder, not into a temporary one.")
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print all that was written, not the beginnings.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """See two agents work on a small example, offline."""
    from ..services import demo as service
    from ..services.workspace import Workspace

    base = _base(global_options(ctx).folder, keep)
    # All of the demonstration stays in one folder, also what the workbench does with it afterwards.
    os.environ[STATE_DIR_VARIABLE] = str(base / "state")
    folder = service.prepare(base)
    if not as_json:
        _introduce(folder)
    finished = []
    with Workspace.open(folder) as here:
        for agent in service.AGENTS:
            receipt, changes, stopped = _show_agent(here, agent, whole=diff, as_json=as_json)
            finished.append((receipt, changes))
            if stopped:
                raise typer.Exit(ExitCode.INTERRUPTED)
    if as_json:
        runs = [{"receipt": receipt.to_dict(), "diff": changes} for receipt, changes in finished]
        put_json({"folder": str(folder), "runs": runs})
    else:
        _conclude(folder, [receipt for receipt, _ in finished])
        if ui and sys.stdin.isatty() and is_terminal(sys.stdout):
            _open_workbench(folder)
    raise typer.Exit(max(receipts.exit_code(receipt) for receipt, _ in finished))


def _base(here: Path, keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="paracle-demo-"))
    base = here / keep.expanduser()
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParacleError(
            f"'{base}' cannot be made", detail=str(error), hint="choose another folder for --keep"
        ) from error
    return base


def _show_agent(here: Workspace, agent: str, *, whole: bool, as_json: bool) -> tuple[Receipt, str, bool]:
    from ..services import runs

    if not as_json:
        mark = paint("▸", sys.stdout, typer.colors.CYAN)
        put(f"{mark} {paint(agent, sys.stdout, bold=True)} {_DOES[agent]}")
        sys.stdout.flush()
    progress = Progress(agent, quiet=as_json or not is_terminal(sys.stderr))
    receipt, stopped = drive(lambda: runs.start(here, agent), progress)
    changes = runs.diff_of(here, runs.find(here, receipt.execution))
    if not as_json:
        for line in receipts.receipt_lines(receipt, sys.stdout):
            put(f"  {line}")
        for line in _quoted(receipt.answer):
            put(line)
        put("")
        for line in diff_lines(changes, sys.stdout) if whole else _beginnings(changes):
            put(line)
        put("")
    return receipt, changes, stopped


def _introduce(folder: Path) -> None:
    put(paint("Paracle at work on a small tea shop", sys.stdout, bold=True))
    put(f"The code was copied to {folder}, made a project, and committed.")
    put("Offline: the agents follow their playbooks with real tools over real files.")
    put("No language model is asked, nothing costs anything, nothing leaves this machine.\n")


def _quoted(answer: str) -> Iterator[str]:
    import textwrap

    for paragraph in harmless(answer, sys.stdout).strip().splitlines():
        for line in textwrap.wrap(paragraph, _room()) or [""]:
            yield f"  {paint('│', sys.stdout, typer.colors.CYAN)} {line}"


def _beginnings(diff: str) -> Iterator[str]:
    """The first lines that each file gained."""
    for part in harmless(diff, sys.stdout).split("\ndiff --git "):
        lines = part.splitlines()
        path = next((line[6:] for line in lines if line.startswith("+++ b/")), "")
        gained = [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++ ")]
        if not path:
            continue
        yield f"  {paint(path, sys.stdout, bold=True)}"
        for line in gained[:_HEAD]:
            yield f"  {paint(('+ ' + _cut(line)).rstrip(), sys.stdout, typer.colors.GREEN)}"
        if len(gained) > _HEAD:
            yield paint(f"  … {plural(len(gained) - _HEAD, 'more line')}", sys.stdout, dim=True)


def _cut(line: str) -> str:
    room = _room()
    return line if len(line) <= room else line[: room - 1] + "…"


def _room() -> int:
    return max(20, min(_WIDTH, width(sys.stdout) - 6))


def _conclude(folder: Path, done: list[Receipt]) -> None:
    put("The shop's own files are as they were: each run is on a branch of its own.")
    for receipt in done:
        put(f"  {receipt.branch}")
    say(f"It all stays in {folder.parent} until you delete it.")
    next_step(f"paracle -C {folder} ui")


def _open_workbench(folder: Path) -> None:
    say("Any key opens the workbench on it, q ends here.")
    try:
        key = typer.getchar()
    except (KeyboardInterrupt, EOFError):
        return
    if key.lower() == "q":
        return
    from ..tui.start import start_workbench

    start_workbench(folder)
