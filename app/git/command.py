"""The one door through which git is run.

An asyncio subprocess rather than GitPython's command interface: no import of 0.14 s, no thread a call, and it
can be cancelled, which the other cannot.

Every call is made so that it changes nothing it was not asked to change: no hook, no signing, no background
maintenance, no file-system monitor, no prompt, no pager, no optional lock, no rewriting by the caller's own
``GIT_*`` variables. A call leaves no process behind: when it is cancelled or takes too long, git and
whatever git started are ended before the call returns.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from ..domain.errors import UsageError
from ..domain.history import GitCommand
from .failures import GitMissing, GitTooOld
from .process import Output as Output
from .process import run

MINIMUM = (2, 30)
"""The oldest git with every worktree feature used here."""

QUICK = 60.0
"""Seconds a question may take."""

LONG = 900.0
"""Seconds that writing or reading a whole tree may take."""

_KEPT = frozenset(
    {
        # Where git finds its configuration and who its user is.
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
        # How far git may look for a repository.
        "GIT_CEILING_DIRECTORIES",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
        # Where an unusual installation keeps its programs, and how a partial clone fetches.
        "GIT_EXEC_PATH",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSL_CAINFO",
    }
)

_FORCED = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "false",
}

_SETTINGS = tuple(
    word
    for setting in (
        "core.fsmonitor=false",
        "core.safecrlf=false",
        "gc.auto=0",
        "maintenance.auto=false",
        "submodule.recurse=false",
        # With it, 'git worktree add' would write an extension into the user's configuration.
        "worktree.useRelativePaths=false",
        "add.ignoreErrors=false",
        "i18n.commitEncoding=UTF-8",
        # Without it git makes up an identity from the machine's name.
        "user.useConfigOnly=true",
    )
    for word in ("-c", setting)
)

_UNATTENDED = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")


_log: ContextVar[list[GitCommand] | None] = ContextVar("paracle_git_commands", default=None)


@contextmanager
def logged() -> Iterator[list[GitCommand]]:
    """Collect the git commands that end inside the block, in the order of their ends.

    Blocks may be nested; the inner one's commands are the outer one's too.
    """
    outer = _log.get()
    commands: list[GitCommand] = []
    token = _log.set(commands)
    try:
        yield commands
    finally:
        _log.reset(token)
        if outer is not None:
            outer.extend(commands)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without prompts and without the ``GIT_*`` variables that redirect git."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in _KEPT}
    return {**kept, **_FORCED, **(extra or {})}


async def git(
    folder: Path,
    *arguments: str,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    accept: Collection[int] = (0,),
    seconds: float = QUICK,
    hold: Sequence[int] = (),
    at_most: int | None = None,
    attended: bool = False,
) -> Output:
    """Run one git command in ``folder`` and wait for its end.

    Args:
        folder: Where git runs (``git -C``).
        arguments: The command and its arguments, never a shell string.
        stdin: Bytes to feed; without it git reads nothing.
        env: Variables on top of :func:`environment`.
        accept: Exit codes that are answers. Any other one raises.
        seconds: Time after which the process is ended.
        hold: File descriptors that the process keeps open, so that a lock lives as long as the process.
        at_most: End git once it has written more than this many NUL bytes; the output then holds them.
        attended: Run the user's hooks and sign as the user has configured it. Without it neither happens.

    Raises:
        GitMissing, GitTooOld: there is no usable git.
        GitTimeout: the process took longer than ``seconds``.
        GitError: the exit code is not in ``accept``; the kind of the error follows from what git said.
        UsageError: an argument holds a NUL, which no name can.
    """
    if any("\0" in argument for argument in arguments):
        raise UsageError("No name can hold a NUL byte", detail=f"git {arguments[0]}", hint="leave it out")
    program = await usable_git()
    settings = _SETTINGS if attended else (*_SETTINGS, *_UNATTENDED)
    variables = environment(env)
    if attended:
        del variables["GIT_LITERAL_PATHSPECS"]  # a hook may ask git for patterns
    begun, code = time.monotonic(), -1
    try:
        said = await run(
            [program, *settings, "-C", str(folder), *arguments],
            stdin=stdin,
            env=variables,
            accept=accept,
            seconds=seconds,
            hold=hold,
            at_most=at_most,
            attended=attended,
        )
        code = said.code
    finally:
        if (commands := _log.get()) is not None:
            commands.append(GitCommand(str(folder), arguments, time.monotonic() - begun, code))
    return said


_said: dict[tuple[str, int], str] = {}


async def usable_git() -> str:
    """The path of the git program, whose version was looked at once.

    Raises:
        GitMissing: there is none.
        GitTooOld: it is older than :data:`MINIMUM`.
    """
    return await require(MINIMUM)


async def require(minimum: tuple[int, ...]) -> str:
    """The path of a git that is at least as new as ``minimum``.

    Raises:
        GitMissing: there is none.
        GitTooOld: it is older; the error names both versions.
    """
    found = _locate()
    if found is None:
        raise GitMissing
    if found not in _said:
        said = await run(
            [found[0], "version"],
            stdin=None,
            env=environment(),
            accept=(0,),
            seconds=QUICK,
            hold=(),
            at_most=None,
        )
        _said[found] = said.text
    if parse_version(_said[found]) < minimum:
        raise GitTooOld(_said[found], minimum)
    return found[0]


def parse_version(said: str) -> tuple[int, ...]:
    """The numbers in the answer of ``git version``; ``(0,)`` when there are none."""
    numbers = re.search(r"\d+(?:\.\d+)+", said)
    return tuple(int(part) for part in numbers[0].split(".")) if numbers else (0,)


_found: dict[str, str] = {}
"""Where git was found, by the search path."""


def _locate() -> tuple[str, int] | None:
    """The program and its modification time: an upgrade while the workbench runs is looked at again."""
    search = os.environ.get("PATH", "")
    path = _found.get(search)
    if path is None or not os.access(path, os.X_OK):
        path = shutil.which("git")
        if path is None:
            return None
        _found[search] = path
    return path, Path(path).stat().st_mtime_ns
