"""Remote repositories: their addresses, and branches sent to them."""

from __future__ import annotations

import asyncio
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from pathlib import Path

from ..domain.errors import ExitCode, NotFound
from .command import LONG, environment, git
from .diffs import revisions
from .failures import GitFailed, explain, gist
from .refs import HEADS

_SECRET = re.compile(r"(?<=://)[^/@\s]+@")
_GH_SECONDS = 15.0


class PushRefused(GitFailed):
    """The other side, or a hook of the user's, did not take the branch. ``detail`` holds the words."""

    code = "git_push_refused"
    exit_code = ExitCode.CONFLICT


async def remote_address(repository: Path, remote: str) -> str | None:
    """Where a remote is, with the user's ``insteadOf`` applied; ``None`` where there is none."""
    try:
        said = await git(repository, "remote", "get-url", "--", remote)
    except GitFailed as error:
        if "No such remote" in error.said:
            return None
        raise
    return said.text


async def default_branch(repository: Path, remote: str) -> str:
    """The branch that work is asked to be merged into: the one that is checked out, else the remote's.

    Raises:
        NotFound: there is neither.
    """
    for name, prefix in (("HEAD", HEADS), (f"refs/remotes/{remote}/HEAD", f"refs/remotes/{remote}/")):
        said = await git(repository, "symbolic-ref", "--quiet", name, accept=(0, 1, 128))
        if not said.code and said.text.startswith(prefix):
            return said.text.removeprefix(prefix)
    raise NotFound("No branch is checked out to merge into", hint="name one with --target")


async def push(repository: Path, remote: str, branch: str, *, seconds: float = LONG) -> None:
    """Send a branch to a remote, under the same name and never by force. The user's hooks run.

    Raises:
        PushRefused: it was not taken, by the other side or by a hook.
        GitTimeout: it took longer than ``seconds``.
        GitError: git could not reach the other side.
    """
    ref = f"{HEADS}{branch}"
    said = await git(
        repository, "push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--", remote,
        f"{ref}:{ref}", accept=range(256), seconds=seconds, attended=True,
    )  # fmt: skip
    if not said.code:
        return
    words = without_secrets("\n".join(filter(None, (said.text, said.stderr))))
    if re.search(r"^!|\[(remote )?rejected\]|failed to push some refs", words, re.MULTILINE):
        raise PushRefused(
            f"The branch could not be pushed to {remote}",
            detail=gist(words, 12),
            hint="mend what is named, then try again; nothing was changed there",
            said=words,
        )
    raise explain(("git", "push"), said.code, words)


async def patch_of(repository: Path, base: str, tip: str) -> bytes:
    """The commits from ``base`` to ``tip`` as mails that ``git am`` takes, binary files included."""
    said = await git(
        repository, "format-patch", "--stdout", "--no-signature", "--binary", "--full-index", "--no-color",
        "--no-ext-diff", "--no-textconv", "--no-cover-letter", "--no-attach", "--no-thread",
        *revisions(f"{base}..{tip}"), seconds=LONG,
    )  # fmt: skip
    return said.stdout


async def gh_token(host: str) -> str:
    """The token that the ``gh`` program keeps for a host; empty where there is no ``gh`` or no token."""
    program = shutil.which("gh")
    if program is None:
        return ""
    process = await asyncio.create_subprocess_exec(
        program, "auth", "token", "--hostname", host,
        stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, env={**environment(), "GH_PROMPT_DISABLED": "1"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(_GH_SECONDS):
            out, _ = await process.communicate()
    except TimeoutError:
        return ""
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    words = out.decode("utf-8", "replace").strip()
    return words if not process.returncode and words.isprintable() and " " not in words else ""


def without_secrets(words: str) -> str:
    """Words of git without the user and the password that an address may hold."""
    return _SECRET.sub("", words)
