"""Tool ``run_command``: run a program in the project's folder and wait for it.

A command is confined by the permission alone: it runs as this user, and what it opens or connects to
is not checked. What is promised is that it gets no secret from the environment and leaves no process.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import BeforeValidator, Field

from ..domain.commands import words_of
from ..domain.errors import ToolError, ToolRefused
from ..domain.specs import Answer, Permissions
from ..domain.words import duration
from .base import Tool, ToolContext, ToolValue
from .output import LineLog, Stream
from .processes import Family, Pipe, started
from .reasons import os_reason

MARK = "PARACLE_COMMAND"
"""Set to a value of its own for each command, so that all its processes can be found."""

GRACE_SECONDS = 3.0
DRAIN_SECONDS = 2.0
# fmt: off
_PASSED_ON = frozenset(
    [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR",
        "VIRTUAL_ENV", "CONDA_PREFIX", "JAVA_HOME", "GOPATH", "GOROOT", "CARGO_HOME", "RUSTUP_HOME",
        "NVM_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]
)
# fmt: on
_FIXED = {"TERM": "dumb", "NO_COLOR": "1", "PAGER": "cat", "GIT_PAGER": "cat", "GIT_TERMINAL_PROMPT": "0"}


def _argv(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    words: tuple[str, ...] = ("sh", "-c", value)
    with suppress(ValueError):
        words = words_of(value)
    written = ", ".join(f'"{word}"' for word in words)
    raise ValueError(f"is a list of words, since no shell reads it: write [{written}]")


class RunCommandParams(ToolValue):
    """What to run. Without a shell nothing is expanded: no ``*``, ``~``, ``|`` or ``$NAME``."""

    argv: Annotated[tuple[str, ...], BeforeValidator(_argv)] = Field(
        min_length=1, description='The program and its arguments, such as ["python", "-m", "pytest", "-q"].'
    )
    timeout: float = Field(120.0, gt=0, le=3600, description="Seconds after which it is stopped.")


class RunCommandResult(ToolValue):
    """How it ended.

    ``exit_code`` is minus the signal's number where a signal ended it; ``timed_out`` says that it was
    stopped. Of long output the beginning and the end are kept, with a line between that says so.
    """

    exit_code: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool
    truncated: bool


class RunCommand(Tool[RunCommandParams, RunCommandResult]):
    """Runs in a session of its own; whatever it started ends with it."""

    name = "run_command"
    description = (
        "Run a program in the project's folder and wait for it: a list of words, no shell. Returns exit "
        "code, output and duration. Allowed only where the agent's permissions say shell: allow."
    )
    writes = True
    idempotent = False
    params_type = RunCommandParams
    result_type = RunCommandResult

    def asks(self, permissions: Permissions) -> bool:
        return permissions.shell is Answer.ASK

    async def run(self, params: RunCommandParams, context: ToolContext) -> RunCommandResult:
        _check_allowed(context.permissions)
        return await execute(params.argv, context.root, params.timeout, context.log, context.variables)

    def summary(self, params: RunCommandParams, result: RunCommandResult) -> str:
        return how_it_ended(result)


async def execute(
    argv: tuple[str, ...],
    root: Path,
    seconds: float,
    log: Callable[[str], None],
    variables: Mapping[str, str] | None = None,
    stdin: IO[bytes] | int = DEVNULL,
) -> RunCommandResult:
    """Run a program in ``root`` and wait for it; whoever calls has seen to it that it may run.

    Args:
        seconds: after which it is stopped.
        log: takes one line of output as it comes, without its line break.
        variables: on top of :func:`environment`.
        stdin: what it reads; a file, so that one that does not read it keeps nobody waiting.

    Raises:
        ToolError: it cannot be started.
    """
    began = time.monotonic()
    mark = secrets.token_hex(16)
    lines = LineLog(log)
    out, err = Stream(lines), Stream(lines)
    async with Pipe(out.feed) as out_pipe, Pipe(err.feed) as err_pipe:
        process = await _start(argv, root, {**(variables or {}), MARK: mark}, out_pipe, err_pipe, stdin)
        try:
            timed_out = await _ended(process, seconds)
        finally:
            await _end(process, mark)
        await asyncio.gather(out_pipe.drained(DRAIN_SECONDS), err_pipe.drained(DRAIN_SECONDS))
    out.finish()
    err.finish()
    return RunCommandResult(
        exit_code=process.returncode or 0,
        stdout=out.kept.text(),
        stderr=err.kept.text(),
        seconds=round(time.monotonic() - began, 3),
        timed_out=timed_out,
        truncated=bool(out.kept.left_out or err.kept.left_out),
    )


def how_it_ended(result: RunCommandResult) -> str:
    """A result in a few words: ``exit 0, 1.2 s``."""
    if result.timed_out:
        return f"stopped after {duration(result.seconds)}"
    how = f"exit {result.exit_code}" if result.exit_code >= 0 else f"killed by signal {-result.exit_code}"
    return f"{how}, {duration(result.seconds)}"


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """What a command gets of the environment: only names known to hold no secret."""
    kept = {name: value for name, value in inherited.items() if name in _PASSED_ON or name.startswith("LC_")}
    return {**kept, **_FIXED}


def _check_allowed(permissions: Permissions) -> None:
    if permissions.shell is Answer.ALLOW:
        return
    asked = permissions.shell is Answer.ASK
    raise ToolRefused(
        "The agent may not run commands",
        detail="its permissions say shell: ask, and nobody was asked" if asked else "",
        hint="to allow it, put this into the agent's spec: permissions: {shell: allow}",
    )


async def _ended(process: Process, seconds: float) -> bool:
    """Wait for the command itself; whether the time was up before."""
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        return True
    return False


async def _end(process: Process, mark: str) -> None:
    """End whatever still runs of the command, politely first."""
    try:
        await Family(process.pid, f"{MARK}={mark}").end(GRACE_SECONDS)
    finally:
        await process.wait()  # It is gone by now, or killed.


async def _start(
    argv: tuple[str, ...],
    root: Path,
    variables: Mapping[str, str],
    out: Pipe,
    err: Pipe,
    stdin: IO[bytes] | int,
) -> Process:
    if any("\0" in word for word in argv) or not argv[0]:
        raise ToolError(
            "The command cannot be run", detail="a word holds a NUL character or the first one is empty"
        )
    try:
        return await started(
            asyncio.create_subprocess_exec(
                *argv,
                cwd=root,
                env={**environment(os.environ), **variables},
                stdin=stdin,
                stdout=out.writing_end,
                stderr=err.writing_end,
                start_new_session=True,
            ),
            partial(_end, mark=variables[MARK]),
        )
    except OSError as error:
        raise _not_started(argv[0], error, root) from error
    except UnicodeEncodeError:
        raise ToolError("The command holds a character that no argument can have") from None
    finally:
        out.close_writing_end()
        err.close_writing_end()


def _not_started(program: str, error: OSError, root: Path) -> ToolError:
    if error.errno == errno.ENOENT and root.is_dir():
        return ToolError(
            f"There is no program '{program}'",
            hint="check the name; it is looked for on PATH, or from the project's folder if it holds a /",
        )
    if error.errno == errno.EACCES:
        return ToolError(f"'{program}' is not executable", hint="chmod +x it, or name its interpreter first")
    if error.errno == errno.ENOEXEC:
        return ToolError(
            f"'{program}' is not a program", hint="name its interpreter first, such as sh or python"
        )
    if error.errno == errno.E2BIG:
        return ToolError("The command is too long for the operating system", hint="pass a file instead")
    return os_reason(error, program if root.is_dir() else str(root))
