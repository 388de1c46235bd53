"""``paracle approvals``: what executions ask, and the answers."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ..domain.errors import ParacleError
from ..domain.words import ago, duration, one_line
from .opening import AsJson, workspace
from .printing import aligned, harmless, next_step, put, put_json, say
from .runs_control import Reason

if TYPE_CHECKING:
    from ..services.approvals import Asked

app = typer.Typer(help="See what executions ask, and answer.", no_args_is_help=True)


def _complete_question(ctx: typer.Context, incomplete: str) -> Sequence[tuple[str, str]]:
    from ..services import approvals
    from .opening import asked_workspace

    try:
        with asked_workspace(ctx) as here:
            found = [(asked.short, asked.question) for asked in approvals.waiting(here)]
    except (ParacleError, OSError):
        return []
    return [(name, question) for name, question in found if name.startswith(incomplete)]


Question = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The question's id, or its execution's where that asks one thing; not needed where one waits.",
        autocompletion=_complete_question,
        show_default=False,
    ),
]


@app.command("list")
def list_questions(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List what waits for an answer, the oldest first."""
    from ..services import approvals

    with workspace(ctx) as here:
        found = approvals.waiting(here)
    if as_json:
        put_json({"approvals": [asked.to_dict() for asked in found]})
        return
    now = time.time()
    for line in aligned(_row(asked, now) for asked in found):
        put(line)
    if found:
        next_step(f"paracle approvals {_verbs(found[0])}")
    else:
        say("Nothing waits for an answer.")


@app.command("approve")
def approve(
    ctx: typer.Context, question: Question = "", reason: Reason = "", as_json: AsJson = False
) -> None:
    """Say yes to what an execution asks."""
    _answer(ctx, question, "approve", reason, as_json=as_json)


@app.command("reject")
def reject(ctx: typer.Context, question: Question = "", reason: Reason = "", as_json: AsJson = False) -> None:
    """Say no to what an execution asks."""
    _answer(ctx, question, "reject", reason, as_json=as_json)


@app.command("answer")
def give_answer(
    ctx: typer.Context,
    question: Question,
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="One of what can be answered to it.")],
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Answer a question that takes more than yes and no."""
    _answer(ctx, question, answer, reason, as_json=as_json)


def _answer(ctx: typer.Context, question: str, answer: str, reason: str, *, as_json: bool) -> None:
    from ..services import approvals, runs

    with workspace(ctx) as here:
        asked = approvals.answer(here, question, answer, reason)
        row = runs.find(here, asked.execution.id)
    said = asked.answer_for(answer)
    if as_json:
        put_json({"approval": asked.id, "question": asked.question, "answer": said, "reason": reason})
        return
    put(f"◐ {said}  {asked.short}  {harmless(one_line(asked.question), sys.stdout)}")
    next_step(f"paracle runs {'watch' if row.state.is_live else 'resume'} {row.short}")


def _row(asked: Asked, now: float) -> tuple[str, ...]:
    question = one_line(" ".join(filter(None, (asked.question, asked.detail))), 160)
    options = "/".join(asked.options)
    if asked.expires is not None:
        options += f", {asked.default} in {duration(max(0.0, asked.expires - now))}"
    words = (asked.short, asked.execution.agent, ago(now - asked.since), question, options)
    return tuple(harmless(word, sys.stdout) for word in words)


def _verbs(asked: Asked) -> str:
    if asked.options == ("approve", "reject"):
        return f"approve {asked.short}"
    return f"answer {asked.short} {'|'.join(map(quote, asked.options))}"
