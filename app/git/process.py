"""One git process, from its start to its end."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from tempfile import TemporaryFile

from .failures import GitMissing, GitTimeout, explain, explained
from .tasks import to_the_end

_GRACE = 3.0
"""Seconds between asking git to end, which lets it remove its lock files, and making it end."""


@dataclass(frozen=True, slots=True)
class Output:
    """What a git process answered. ``text`` is its standard output without the last line end."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        return os.fsdecode(self.stdout).rstrip("\n")


async def run(
    argv: Sequence[str],
    *,
    stdin: bytes | None,
    env: Mapping[str, str],
    accept: Collection[int],
    seconds: float,
    hold: Sequence[int],
    at_most: int | None,
    attended: bool = False,
) -> Output:
    """Run a git process to its end. The arguments are those of :func:`.command.git`.

    When it is cancelled or takes too long, it and what it started are ended before this returns.

    Raises:
        GitMissing, GitTimeout, GitError: see :func:`.command.git`.
    """
    cut = False
    with _outputs(attended) as outputs:
        process = await _start(argv, stdin, env, hold, outputs)
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
        if attended:
            out, err = (os.pread(file, os.fstat(file).st_size, 0) for file in outputs)
    if cut:
        await _end(process)
        return Output(0, out, "")
    code = process.returncode if process.returncode is not None else -1
    said = err.decode("utf-8", "replace").strip()
    if code not in accept:
        raise explain(argv, code, said)
    return Output(code, out, said)


@contextmanager
def _outputs(attended: bool) -> Iterator[tuple[int, int]]:
    """Where standard output and standard error go: to pipes, or, with the user's hooks, to files.

    A hook may leave a program in the background. With a pipe in its hands git would seem to go on for as long
    as that program does.
    """
    if not attended:
        yield PIPE, PIPE
        return
    with ExitStack() as stack:
        with explained():
            out, err = (stack.enter_context(TemporaryFile()) for _ in range(2))
        yield out.fileno(), err.fileno()


async def _start(
    argv: Sequence[str],
    stdin: bytes | None,
    env: Mapping[str, str],
    hold: Sequence[int],
    outputs: tuple[int, int],
) -> Process:
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *argv,
            stdin=DEVNULL if stdin is None else PIPE,
            stdout=outputs[0],
            stderr=outputs[1],
            env=env,
            pass_fds=hold,
            # A group of its own: Ctrl-C at the terminal reaches us, not a git in the middle of its work. Not
            # a session: a busy Linux, which shares time out by session, then took twice as long.
            process_group=0,
        )
    )
    try:
        return await asyncio.shield(starting)
    except FileNotFoundError:
        raise GitMissing from None
    except asyncio.CancelledError:
        # asyncio would kill a git that has only just begun, and what that had half made would stay.
        with suppress(asyncio.CancelledError):
            await to_the_end(asyncio.wait({starting}))
        if not starting.exception():
            await _end(starting.result())
        raise


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
        # Pipes end with the last process that holds them: then all that git started is gone too.
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
    while process.stdout is None and _group_lives(process.pid):  # noqa: ASYNC110  nothing tells of its end
        await asyncio.sleep(0.01)


def _group_lives(number: int) -> bool:
    try:
        os.killpg(number, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
