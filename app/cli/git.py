"""``paracle git``: look at what executions left on their branches, merge it, and take any of it back.

The commands are in the modules ``git_*`` beside this one; here is which there are.
"""

from __future__ import annotations

import typer

from . import (
    git_archive,
    git_checks,
    git_files,
    git_init,
    git_log,
    git_look,
    git_merge,
    git_request,
    git_send,
    git_undo,
    git_waiting,
)

app = typer.Typer(help="Review, merge, undo and clean up what executions did.", no_args_is_help=True)

app.command("init-workflow")(git_init.init_workflow)
app.command("branches")(git_look.branches)
app.command("log")(git_log.log)
app.command("show")(git_look.show)
app.command("diff")(git_look.diff)
app.command("checks")(git_checks.checks)
app.command("merge")(git_merge.merge)
app.command("continue")(git_waiting.go_on)
app.command("abort")(git_waiting.abort)
app.command("conflicts")(git_waiting.conflicts)
app.command("take")(git_waiting.take)
app.command("apply")(git_files.apply)
app.command("discard")(git_files.discard)
app.command("cleanup")(git_files.cleanup)
app.command("prune")(git_files.prune)
app.command("send")(git_send.send)
app.command("undo")(git_undo.undo)
app.command("pr-create")(git_request.create)
app.add_typer(git_archive.app, name="archive")
