"""``paracle runs``: list, show, watch, log, export; what steers them is in :mod:`.runs_control`,
what does them again in :mod:`.runs_again`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from ..domain.errors import Conflict, ExitCode, ParacleError, UsageError
from ..domain.events import Event, Kind, describe
from ..domain.executions import Execution as ExecutionRow
from ..domain.executions import Receipt
from ..domain.ids import shorten
from ..domain.states import State
from ..domain.words import ago, duration, one_line, usd
from . import jobs, receipts, runs_again, runs_control, runs_exec
from .opening import AsJson, Execution, complete_agent, workspace
from .options import global_options
from .printing import aligned, diff_lines, harmless, next_step, put, put_json, say, state_mark, width
from .progress import Progress
from .run import show_receipt

app = typer.Typer(help="List, show, watch, control and export executions.", no_args_is_help=True)


def _complete_state(incomplete: str) -> list[str]:
    names = dict.fromkeys(name for state in State for name in (state.word, state.value))
    return [name for name in names if name.startswith(incomplete)]


def _complete_kind(incomplete: str) -> list[str]:
    return [kind for kind in Kind if kind.startswith(incomplete)]


@app.command("list")
def list_runs(
    ctx: typer.Context,
    state: Annotated[
        str, typer.Option(help="Only those in this state.", autocompletion=_complete_state)
    ] = "",
    agent: Annotated[str, typer.Option(help="Only those of this agent.", autocompletion=complete_agent)] = "",
    needle: Annotated[
        str, typer.Option("--filter", metavar="WORDS", help="Only those with all these words.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many, the newest.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List executions, newest first."""
    from ..services import runs

    with workspace(ctx) as here:
        found = runs.listing(here, state=state, agent=agent, needle=needle, limit=limit)
    if as_json:
        put_json({"executions": [row.to_dict() for row in found]})
        return
    now = time.time()
    for row, line in zip(found, aligned(_list_row(row, now) for row in found), strict=True):
        put(line.replace(_state_words(row), state_mark(row.state, sys.stdout), 1))
    if found:
        next_step(f"paracle runs show {found[0].short}")
    else:
        say("No execution fits." if state or agent or needle else "Nothing was run here yet.")
        next_step("paracle runs list" if state or agent or needle else "paracle run reviewer")


@app.command("show")
def show(
    ctx: typer.Context,
    prefix: Execution,
    diff: Annotated[bool, typer.Option("--diff", help="Print what it changed, as a unified diff.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what an execution did: answer, files, calls, cost and branch."""
    from ..services import runs

    with workspace(ctx) as here:
        row = runs.find(here, prefix)
        receipt = runs.receipt_of(here, row) if row.state.is_final else None
        changes = runs.diff_of(here, row) if diff else ""
    if as_json:
        data = {"execution": row.to_dict(), "receipt": receipt.to_dict() if receipt else None}
        put_json({**data, "diff": changes} if diff else data)
    elif diff:
        _show_diff(row, changes)
        _suggest_merge(receipt, global_options(ctx).folder)
    elif receipt is not None:
        _show_receipt(receipt, global_options(ctx).folder)
    else:
        _show_unfinished(row)


@app.command("watch")
def watch(ctx: typer.Context, prefix: Execution, as_json: AsJson = False) -> None:
    """Follow an execution of any process until it ends, and end as it does."""
    from ..services import jobs as queue
    from ..services import runs

    with workspace(ctx) as here:
        row = runs.find(here, prefix)
        if queue.is_waiting(here, row) and not queue.workers(here):
            say("It waits in the queue, and no worker is alive: 'paracle worker' starts one.")
        try:
            with Progress(row.agent, every_line=True, quiet=as_json) as progress:
                for batch in runs.follow(here, row):
                    for event in batch:
                        progress.show(event)
                        if as_json:
                            put_json(event.to_dict())
        except KeyboardInterrupt:
            say(f"\nNo longer watching; execution {row.short} goes on.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        row = runs.find(here, row.id)
        receipt = runs.receipt_of(here, row) if row.state.is_final else None
    _tell_end(row, receipt, global_options(ctx).folder, as_json=as_json)


@app.command("log")
def log(
    ctx: typer.Context,
    prefix: Execution,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the execution ends.")] = False,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind", metavar="KIND", help="Only events of this kind.", autocompletion=_complete_kind
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print an execution's events, one a line; with --json one object a line."""
    from ..services import runs

    kinds = _kinds(kind or ())
    with workspace(ctx) as here:
        row = runs.find(here, prefix)
        try:
            if follow:
                for batch in runs.follow(here, row):
                    for event in batch:
                        if not kinds or event.kind in kinds:
                            _put_event(event, row.created, as_json=as_json, at_once=True)
            else:
                for event in runs.pages(here, row, kinds):
                    _put_event(event, row.created, as_json=as_json)
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None


@app.command("export")
def export(
    ctx: typer.Context,
    prefix: Execution,
    script: Annotated[bool, typer.Option("--script", help="As a script that replays it.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file, not to stdout.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Export a finished execution, for example as a script that replays it."""
    from ..services import runs
    from ..services.exports import export_script

    if not script:
        raise UsageError(
            "There is nothing said about what to export", hint=f"paracle runs export {prefix} --script"
        )
    with workspace(ctx) as here:
        row = runs.find(here, prefix)
        text = export_script(here, row)
    if output is None:
        if as_json:
            put_json({"execution": row.id, "script": text})
        else:
            put(text.rstrip("\n"))
        return
    _write_new(global_options(ctx).folder / output.expanduser(), text)
    if as_json:
        put_json({"execution": row.id, "path": str(output)})
    else:
        put(str(output))
        next_step(f"paracle run {row.agent} --model script:{output}")


app.command("pause")(runs_control.pause)
app.command("resume")(runs_control.resume)
app.command("stop")(runs_control.stop)
app.command("model")(runs_control.model)
app.command("say")(runs_control.tell)
app.command("exec")(runs_exec.execute)
app.command("queue")(jobs.queue_next)
app.command("retry")(runs_again.retry)
app.command("fork")(runs_again.fork)


def _show_receipt(receipt: Receipt, folder: Path) -> None:
    """A receipt that was asked for: all of it on stdout."""
    for line in receipts.receipt_lines(receipt, sys.stdout):
        put(line)
    if receipt.answer.strip():
        put("\n" + harmless(receipt.answer.rstrip(), sys.stdout))
    if receipt.files:
        merge = receipts.merge_command(receipt, folder)
        next_step(f"paracle runs show {shorten(receipt.execution)} --diff", merge)


def _suggest_merge(receipt: Receipt | None, folder: Path) -> None:
    if receipt is not None and (merge := receipts.merge_command(receipt, folder)):
        next_step(merge)


def _list_row(row: ExecutionRow, now: float) -> tuple[str, ...]:
    elapsed = duration(row.elapsed(now)) if row.started else ""
    cost = usd(row.totals.cost_micro) if row.totals.cost_micro else ""
    room = max(20, min(120, width(sys.stdout) - 62))
    tail = [receipts.changes_words(row), cost, harmless(one_line(row.note, room), sys.stdout)]
    age = ago(now - row.created)
    return (row.short, _state_words(row), row.agent, age, elapsed, "  ".join(filter(None, tail)))


def _state_words(row: ExecutionRow) -> str:
    return f"{row.state.glyph} {row.state.word}"


def _show_diff(row: ExecutionRow, changes: str) -> None:
    for line in diff_lines(changes, sys.stdout):
        put(line)
    if not changes:
        say(f"Execution {row.short} changed nothing.")


def _show_unfinished(row: ExecutionRow) -> None:
    elapsed = duration(row.elapsed(time.time()))
    put("  ".join((state_mark(row.state, sys.stdout), row.agent, row.short, elapsed)))
    facts = [
        ("model", row.model),
        ("branch", row.branch),
        ("worktree", row.worktree),
        ("now", harmless(row.note, sys.stdout)),
    ]
    for line in aligned([fact for fact in facts if fact[1]], indent="  "):
        put(line)
    following = {
        State.INTERRUPTED: f"runs resume {row.short}",
        State.PAUSED: f"runs resume {row.short}",
        State.WAITING: "approvals list",
    }
    next_step(f"paracle {following.get(row.state, f'runs watch {row.short}')}")


def _tell_end(row: ExecutionRow, receipt: Receipt | None, folder: Path, *, as_json: bool) -> None:
    if receipt is None:
        if as_json:
            put_json(row.to_dict())
        else:
            say(f"{state_mark(row.state, sys.stderr)}: {row.note}")
            is_lost = row.state is State.INTERRUPTED
            next_step(f"paracle runs {'resume' if is_lost else 'log'} {row.short}")
        raise typer.Exit(ExitCode.FAILED)
    if as_json:
        put_json(receipt.to_dict())
    else:
        show_receipt(receipt, folder)
    raise typer.Exit(receipts.exit_code(receipt))


def _put_event(event: Event, begun: float, *, as_json: bool, at_once: bool = False) -> None:
    if as_json:
        put_json(event.to_dict())
        return
    put(f"{event.time - begun:9.3f}  {harmless(describe(event), sys.stdout)}")
    if at_once:
        sys.stdout.flush()


def _kinds(written: Sequence[str]) -> frozenset[Kind]:
    for name in written:
        if name not in set(Kind):
            close = get_close_matches(name, set(Kind), 1)
            raise UsageError(
                f"There is no kind of event '{name}'",
                hint=f"did you mean '{close[0]}'?" if close else f"kinds: {', '.join(Kind)}",
            )
    return frozenset(Kind(name) for name in written)


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Conflict(f"'{path}' exists already", hint="name another file, or move that one away") from None
    except OSError as error:
        raise ParacleError(
            f"'{path}' cannot be written",
            detail=str(error),
            hint="name a file in a folder that can be written",
        ) from error
