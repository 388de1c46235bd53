"""The script of a workflow's step, as a tool: recorded, asked about and committed like any other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from ..domain.errors import ToolError, ToolRefused
from ..domain.specs import Answer, Permissions
from ..tools.base import Tool, ToolContext, ToolValue
from ..tools.run_command import RunCommandResult, execute, how_it_ended
from .commands import PROJECT, WORKTREE

SCRIPT_SECONDS = 3600.0
"""The longest that a script may take; a step's own timeout is usually shorter."""


class ScriptParams(ToolValue):
    """What to run with ``sh``, and the variables that hold its values."""

    script: str
    env: Mapping[str, str] = Field(default_factory=dict)


class RunScript(Tool[ScriptParams, RunCommandResult]):
    """Runs a script with ``sh`` in the work tree. One that does not end with 0 has failed.

    Args:
        project: the project's folder in the user's checkout.
    """

    name = "script"
    description = "Run the script of a workflow's step."
    writes = True
    idempotent = False
    params_type = ScriptParams
    result_type = RunCommandResult

    def __init__(self, project: Path) -> None:
        self._project = project

    def asks(self, permissions: Permissions) -> bool:
        return permissions.shell is Answer.ASK

    async def run(self, params: ScriptParams, context: ToolContext) -> RunCommandResult:
        if context.permissions.shell is not Answer.ALLOW:
            raise ToolRefused(
                "The workflow may not run scripts",
                hint="to allow it, write permissions: {shell: allow} into the workflow's file",
            )
        variables = {
            **params.env,
            WORKTREE: str(context.root),
            PROJECT: str(self._project),
            **context.variables,
        }
        argv = ("sh", "-c", params.script)
        result = await execute(argv, context.root, SCRIPT_SECONDS, context.log, variables)
        if result.exit_code or result.timed_out:
            raise ToolError(f"The script failed: {how_it_ended(result)}", detail=result.stderr[-2000:])
        return result

    def summary(self, params: ScriptParams, result: RunCommandResult) -> str:
        return how_it_ended(result)
