"""``paracle workflow``: list, show, validate, plan, run."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import ExitCode
from ..domain.problems import Severity
from ..domain.specs import Permissions
from ..domain.words import count, one_line, plural
from ..domain.workflow_plan import Limit, Plan, PlannedStep, Skip
from ..domain.workflows import ResolvedWorkflow, Step, WorkflowEntry
from .detaching import After, Dedup, Delay, Priority, Waiting, queue_in_background
from .opening import AsJson, complete_workflow, workspace
from .options import global_options
from .printing import aligned, harmless, next_step, paint, problem_lines, put, put_json, say
from .run import (
    Detach,
    Inputs,
    Task,
    Watch,
    WithChanges,
    finish,
    model_from,
    parse_inputs,
    refuse_both,
    run_here,
)

if TYPE_CHECKING:
    from ..services.jobs import Queued
    from ..services.runs import RunHandle
    from ..services.workspace import Workspace

app = typer.Typer(help="List, show, check, plan and run workflows.", no_args_is_help=True)

Workflow = Annotated[
    str, typer.Argument(metavar="WORKFLOW", help="The workflow's name.", autocompletion=complete_workflow)
]


@app.command("list")
def list_workflows(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the project's workflows."""
    from ..services import workflows

    with workspace(ctx) as here:
        found = workflows.listing(here)
        root = here.project.root
    if as_json:
        put_json({"root": str(root), "workflows": [_entry_data(entry) for entry in found]})
        return
    for line in aligned((entry.name, *_about(entry)) for entry in found):
        put(line)
    broken = sum(entry.is_broken for entry in found)
    if broken:
        say(f"{plural(broken, 'workflow')} cannot run as written")
        next_step("paracle workflow validate")
    elif found:
        next_step(f"paracle workflow plan {found[0].name}")
    else:
        say("There is no workflow yet: write .parac/workflows/NAME.yaml")
        next_step("paracle schema workflow")


@app.command("show")
def show(ctx: typer.Context, name: Workflow, as_json: AsJson = False) -> None:
    """Show a workflow: inputs, steps and outputs."""
    from ..services import workflows
    from ..services.agents import shown_path

    with workspace(ctx) as here:
        workflow = workflows.show(here, name)
        path = shown_path(workflow.path, here.project.root)
    if as_json:
        put_json(_workflow_data(workflow))
        return
    put(f"{paint(workflow.name, sys.stdout, bold=True)}  {paint(path, sys.stdout, dim=True)}")
    spec = workflow.spec
    if spec.description:
        put(_shown(spec.description, 400))
    inputs = ((key, one.type, _given(one.required, one.default)) for key, one in spec.inputs.items())
    _block("inputs", inputs)
    _block(
        "steps",
        ((step.id, f"{step.key_word} {_what(step)}".strip(), _conditions(step)) for step in spec.steps),
    )
    _block("outputs", ((key, _shown(str(value), 100)) for key, value in spec.outputs.items()))
    for line in problem_lines(workflow.problems, sys.stderr):
        say(line)
    next_step(f"paracle workflow plan {workflow.name}")


@app.command("validate")
def validate(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="WORKFLOW", help="A workflow; all of them without.", autocompletion=complete_workflow
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check workflows and say how to mend them. Nothing runs."""
    from ..services import workflows

    with workspace(ctx) as here:
        problems = workflows.validate(here, name)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if as_json:
        put_json({"valid": not errors, "problems": [problem.to_dict() for problem in problems]})
    else:
        for line in problem_lines(problems, sys.stdout):
            put(line)
        mark, colour = ("✗", typer.colors.RED) if errors else ("✓", typer.colors.GREEN)
        counted = f"{plural(errors, 'error')}, {plural(len(problems) - errors, 'warning')}"
        say(f"{paint(mark, sys.stderr, colour)} {counted}")
    if errors:
        raise typer.Exit(ExitCode.FAILED)


@app.command("plan")
def plan(
    ctx: typer.Context,
    name: Workflow,
    inputs: Inputs = None,
    task: Task = "",
    as_json: AsJson = False,
) -> None:
    """Say what a run would do, step by step, and the most it may cost. Nothing runs."""
    from ..services import workflow_planning

    with workspace(ctx) as here:
        found = workflow_planning.plan(here, name, parse_inputs(inputs or ()), task=task)
    if as_json:
        put_json(found.to_dict())
        return
    for number, row in enumerate(found.levels, 1):
        put(paint(f"level {number}", sys.stdout, bold=True))
        for line in aligned((_planned(found.step(id)) for id in row), indent="  "):
            put(line)
    say()
    for line in _totals(found):
        say(line)


@app.command("run")
def run_workflow(
    ctx: typer.Context,
    name: Workflow,
    inputs: Inputs = None,
    task: Task = "",
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="What answers where neither a step nor its agent names a model."),
    ] = None,
    with_changes: WithChanges = False,
    watch: Watch = False,
    detach: Detach = False,
    priority: Priority = None,
    delay: Delay = "",
    dedup: Dedup = "",
    after: After = "",
    as_json: AsJson = False,
) -> None:
    """Run a workflow on this folder."""
    refuse_both(watch=watch, detach=detach)
    waiting = Waiting(priority, delay, dedup, after)
    waiting.refuse_without(detach=detach)
    folder = global_options(ctx).folder
    given = parse_inputs(inputs or ())

    def start(here: Workspace) -> RunHandle:
        from ..services import workflow_runs

        chosen = model_from(model, folder, here.project.root)
        return workflow_runs.start(here, name, given, task=task, model=chosen, with_changes=with_changes)

    def enqueue(here: Workspace) -> Queued:
        from ..services import jobs, workflow_runs

        chosen = model_from(model, folder, here.project.root)
        asked = workflow_runs.request_of(
            here, name, given, task=task, model=chosen, with_changes=with_changes
        )
        return jobs.enqueue(here, asked, waiting.order(here))

    if detach:
        queue_in_background(folder, enqueue, as_json=as_json)
        return
    receipt, stopped = run_here(folder, name, start, every_line=watch, as_json=as_json)
    finish(receipt, folder, stopped=stopped, as_json=as_json)


def _about(entry: WorkflowEntry) -> tuple[str, str]:
    steps = plural(entry.steps, "step")
    if entry.is_broken:
        first = next(problem for problem in entry.problems if problem.severity is Severity.ERROR)
        return steps, paint(f"✗ {_shown(first.message, 60)}", sys.stdout, typer.colors.RED)
    warning = paint("⚠ ", sys.stdout, typer.colors.YELLOW) if entry.problems else ""
    return steps, warning + _shown(entry.description, 100)


def _shown(text: str, width: int) -> str:
    return harmless(one_line(text, width), sys.stdout)


def _block(title: str, rows: Iterable[Sequence[str]]) -> None:
    lines = aligned(rows, indent="  ")
    if lines:
        put(title)
    for line in lines:
        put(line)


def _given(required: bool, default: object) -> str:
    if required:
        return "required"
    return "" if default is None else f"default {_shown(str(default), 60)}"


def _what(step: Step) -> str:
    return _shown(step.target or step.approval or step.run or "", 60)


def _conditions(step: Step) -> str:
    parts = [f"after {', '.join(step.depends_on)}"] if step.depends_on else []
    said = ((word, getattr(step, word)) for word in ("when", "for_each", "batch_size"))
    parts += [f"{word} {_shown(str(value), 60)}" for word, value in said if value]
    if step.on_error:
        parts.append(f"on error {step.on_error}")
    return "; ".join(parts)


def _planned(step: PlannedStep) -> tuple[str, ...]:
    what = f"{step.kind} {_shown(step.target, 60)}".strip()
    times = "" if step.runs == 1 else "× ?" if step.runs is None else f"× {step.runs}"
    skipped = {Skip.NO: "", Skip.MAYBE: "may be skipped", Skip.YES: "is skipped"}[step.skip]
    reason = f"{skipped} ({_shown(step.reason, 80)})" if step.reason else skipped
    tools = ", ".join(step.tools) if step.kind == "agent" else ""
    may = _may(step.permissions)
    cost = _limit(step.limit) if step.kind in ("agent", "workflow") else ""
    details = [part for part in (step.model, tools, may, cost, reason) if part]
    return step.id, what, times, "; ".join(details)


def _may(permissions: Permissions | None) -> str:
    if permissions is None:
        return ""
    parts = [f"writes {_shown(', '.join(permissions.write), 80)}"] if permissions.write else ["reads only"]
    parts += [
        f"{word}: {answer}"
        for word in ("shell", "network")
        if (answer := getattr(permissions, word)) != "deny"
    ]
    return ", ".join(parts)


def _limit(limit: Limit) -> str:
    if limit.usd is None and limit.tokens is None:
        return "no limit"
    if limit.usd == 0 and limit.tokens == 0:
        return "costs nothing"
    money = f"${limit.usd:.2f}" if limit.usd is not None else "no limit in dollars"
    tokens = f"{count(limit.tokens)} tokens" if limit.tokens is not None else "no limit in tokens"
    return f"at most {money}, {tokens}"


def _totals(plan: Plan) -> list[str]:
    lines = [f"{plural(len(plan.steps), 'step')}, at most {plan.concurrency} at once: {_limit(plan.limit)}"]
    if plan.unlimited:
        lines.append(f"without a limit of their own: {', '.join(plan.unlimited)}")
    if plan.untrusted:
        names = _shown(", ".join(plan.untrusted), 200)
        lines.append(f"refused until you trust the commands of {names}: 'paracle trust' shows them and asks")
    lines.append("Nothing has run.")
    return lines


def _entry_data(entry: WorkflowEntry) -> dict[str, object]:
    return {
        "name": entry.name,
        "path": str(entry.path),
        "description": entry.description,
        "steps": entry.steps,
        "legacy": entry.is_legacy,
        "broken": entry.is_broken,
        "problems": [problem.to_dict() for problem in entry.problems],
    }


def _workflow_data(workflow: ResolvedWorkflow) -> dict[str, object]:
    return {
        "name": workflow.name,
        "path": str(workflow.path),
        "legacy": workflow.is_legacy,
        "config_hash": workflow.config_hash(),
        "spec": workflow.spec.model_dump(mode="json", by_alias=True),
        "problems": [problem.to_dict() for problem in workflow.problems],
    }
