"""The one door through which git is run.

An asyncio subprocess rather than GitPython's command interface: no import of 0.14 s, no thread a call, and it
can be cancelled, which the other cannot.

Every call is made so that it changes nothing it was not asked to change: no hook, no signing, no background
maintenance, no file-system monitor, no prompt, no pager, no optional lock, no rewriting by the caller's own
``GIT_*`` variables. A call leaves no process behind: when it is cancelled or takes too long, git and
whatever git started are ended before the call returns.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from ..domain.history import GitCommand
from .failures import GitMissing, GitTimeout, GitTooOld, explain
from .tasks import to_the_end

MINIMUM = (2, 30)
"""The oldest git with every worktree feature used here."""

QUICK = 60.0
"""Seconds a question may take."""

LONG = 900.0
"""Seconds that writing or reading a whole tree may take."""

_GRACE = 3.0
"""Seconds between asking git to end, which lets it remove its lock files, and making it end."""

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


@dataclass(frozen=True, slots=True)
class Output:
    """What a git process answered. ``text`` is its standard output without the last line end."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        return os.fsdecode(self.stdout).rstrip("\n")


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
    """
    program = await usable_git()
    settings = _SETTINGS if attended else (*_SETTINGS, *_UNATTENDED)
    variables = environment(env)
    if attended:
        del variables["GIT_LITERAL_PATHSPECS"]  # a hook may ask git for patterns
    begun, code = time.monotonic(), -1
    try:
        said = await _run(
            [program, *settings, "-C", str(folder), *arguments],
            stdin=stdin,
            env=variables,
            accept=accept,
            seconds=seconds,
            hold=hold,
            at_most=at_most,
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
        said = await _run(
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


def _locate() -> tuple[str, int] | None:
    """The program and its modification time: an upgrade while the workbench runs is looked at again."""
    path = shutil.which("git")
    return (path, Path(path).stat().st_mtime_ns) if path else None


async def _run(
    argv: Sequence[str],
    *,
    stdin: bytes | None,
    env: Mapping[str, str],
    accept: Collection[int],
    seconds: float,
    hold: Sequence[int],
    at_most: int | None,
) -> Output:
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=DEVNULL if stdin is None else PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=env,
            pass_fds=hold,
            # A group of its own: Ctrl-C at the terminal reaches us, not a git in the middle of its work. Not
            # a session: a busy Linux, which shares time out by session, then took twice as long.
            process_group=0,
        )
    except FileNotFoundError:
        raise GitMissing from None
    cut = False
    try:
        async with asyncio.timeout(seconds):
            if at_most is None:
                out, err = await process.communicate(stdin)
            else:
                out, err, cut = await _read_some(process, at_most)
    except TimeoutError:
        await _end(process)
        raise GitTimeout(argv, seconds) from None
    except BaseException:
        await _end(process)
        raise
    if cut:
        await _end(process)
        return Output(0, out, "")
    code = process.returncode if process.returncode is not None else -1
    said = err.decode("utf-8", "replace").strip()
    if code not in accept:
        raise explain(argv, code, said)
    return Output(code, out, said)


async def _read_some(process: Process, at_most: int) -> tuple[bytes, bytes, bool]:
    """Read standard output until its end or until it holds more than ``at_most`` NUL bytes."""
    assert process.stdout is not None and process.stderr is not None
    errors = asyncio.ensure_future(process.stderr.read())
    try:
        out, seen = bytearray(), 0
        while chunk := await process.stdout.read(1 << 16):
            out += chunk
            seen += chunk.count(0)
            if seen > at_most:
                return bytes(out), b"", True
        err = await errors
        await process.wait()
        return bytes(out), err, False
    finally:
        errors.cancel()


async def _end(process: Process) -> None:
    """End git and all it started, and wait until they are gone."""
    await to_the_end(_end_group(process))


async def _end_group(process: Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        # The pipes end with the last process that holds them: then all that git started is gone too.
        drained = asyncio.ensure_future(_drain(process))
        done, _ = await asyncio.wait({drained}, timeout=_GRACE)
        if done:
            return
        drained.cancel()
        with suppress(asyncio.CancelledError):
            await drained


async def _drain(process: Process) -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            while await pipe.read(1 << 16):
                pass
    await process.wait()
