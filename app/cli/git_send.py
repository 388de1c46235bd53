"""``paracle git send``: what a review says goes back to the agent, which goes on with its branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .git_words import Branch
from .opening import AsJson
from .options import global_options
from .run import finish, model_from, run_here

if TYPE_CHECKING:
    from ..services.runs import RunHandle
    from ..services.workspace import Workspace


def send(
    ctx: typer.Context,
    wanted: Branch,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", help="offline or script:FILE, instead of the one it had."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send the notes and rejections of your review to the agent, and let it go on with its branch."""
    folder = global_options(ctx).folder

    def start(here: Workspace) -> RunHandle:
        from ..services import review

        reviewed = review.open_review(here, wanted)
        return review.send(here, reviewed, model=model_from(model, folder, here.project.root))

    receipt, stopped = run_here(folder, "sending", start, as_json=as_json)
    finish(receipt, folder, stopped=stopped, as_json=as_json)
