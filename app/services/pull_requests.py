"""Asking for an execution's branch to be merged on the forge it is pushed to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..domain.errors import Conflict, NotFound
from ..domain.executions import Execution, Receipt
from ..domain.forges import Forge, ForgeKind, read_forge
from ..domain.pull_requests import PullRequest, body_of, title_of
from ..git.diffs import changes
from ..git.failures import explained
from ..git.refs import HEADS, read_ref
from ..git.remotes import default_branch, gh_token, patch_of, push, remote_address
from . import runs
from .following import first_on_branch
from .forge_client import SECONDS, ForgeClient
from .workspace import Workspace

_GITHUB = ("GITHUB_TOKEN", "GH_TOKEN")
_ENTERPRISE = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_GITLAB = ("GITLAB_TOKEN",)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a request is wanted.

    Attributes:
        target: The branch to merge into; the one that is checked out where none is named.
        title, body: Made of the receipt where they are empty.
        forge: What kind of forge the remote is (``github``, ``gitlab``), where its name does not tell. Naming
            it also says that the token may go there.
        api: Where its programming interface begins, where that is not the usual place.
        patch: Where the patch file goes when no request can be opened; in the project's local folder where
            none is named.
        seconds: How long the forge may be silent.
    """

    target: str = ""
    remote: str = "origin"
    title: str = ""
    body: str = ""
    draft: bool = False
    forge: str = ""
    api: str = ""
    patch: Path | None = None
    seconds: float = SECONDS


def create(
    workspace: Workspace,
    execution: str,
    wanted: Wanted | None = None,
    *,
    env: Mapping[str, str] | None = None,
) -> PullRequest:
    """Push an execution's branch and open a pull request for it. Blocks.

    Where none can be opened, the result says why, and holds the page to open it on, if the forge is known,
    and a patch file. The branch is pushed when there is a forge to look at it.

    Args:
        env: Where tokens are looked for; the process's environment.

    Raises:
        NotFound: there is no such execution, or its branch is gone.
        Conflict: it has not ended, or has committed nothing.
        UsageError: ``forge`` is not a kind of forge.
        PushRefused: the other side, or a hook, did not take the branch.
        ForgeRefused, RateLimited, ForgeUnreachable, ForgeError: the forge did not open it.
        GitError: git cannot read or push, or the patch cannot be written.
    """
    wanted = wanted or Wanted()
    row = first_on_branch(workspace, runs.find(workspace, execution))
    receipt = _account_of(workspace, row)
    if not receipt.commits:
        raise Conflict(
            f"Execution {row.short} has changed nothing", hint="there is nothing to ask to be merged"
        )
    root = Path(receipt.repository or workspace.project.root)
    # A project may have moved since; a copy's repository never does.
    root = root if root.exists() else workspace.project.root
    asked = asyncio.run(_asked(root, receipt, wanted, row.task))
    address = asyncio.run(remote_address(root, wanted.remote))
    forge = read_forge(address, wanted.forge) if address else None
    if forge is None or forge.kind is ForgeKind.OTHER:
        reason = f"the remote '{wanted.remote}' is on no forge that is known"
        reason = reason if address else f"there is no remote '{wanted.remote}'"
        return _with_patch(workspace, root, receipt, wanted, replace(asked, reason=reason))
    asyncio.run(push(root, wanted.remote, asked.branch))
    asked = replace(asked, pushed=True, compare=forge.compare(asked.target, asked.branch))
    token = asyncio.run(find_token(forge, os.environ if env is None else env))
    if not token:
        return _with_patch(workspace, root, receipt, wanted, replace(asked, reason=_no_token(forge)))
    client = ForgeClient(forge, token, api=wanted.api, seconds=wanted.seconds)
    opened = client.open_request(asked.branch, asked.target, asked.title, asked.body, draft=wanted.draft)
    return replace(asked, address=opened.address, created=opened.created)


async def find_token(forge: Forge, env: Mapping[str, str]) -> str:
    """The token for a forge, from the environment or from ``gh``; empty where there is none.

    A token for the public forge goes to another host only where the person named what kind that is.
    """
    names: tuple[str, ...]
    if forge.kind is ForgeKind.GITLAB:
        names = _GITLAB if forge.host == "gitlab.com" or forge.named else ()
    elif forge.host == "github.com":
        names = _GITHUB
    else:
        names = (*_ENTERPRISE, *(_GITHUB if forge.named else ()))
    for name in names:
        if token := env.get(name, "").strip():
            return token
    return await gh_token(forge.host) if forge.kind is ForgeKind.GITHUB else ""


def _account_of(workspace: Workspace, first: Execution) -> Receipt:
    """The receipt of the newest execution on a branch, with all that others did there before it."""
    on_branch = workspace.store.on_branch(first.branch) or (first,)
    newest = runs.receipt_of(workspace, on_branch[0])
    if on_branch[0].id == first.id:
        return newest
    ended = [runs.receipt_of(workspace, row) for row in reversed(on_branch) if row.state.is_final]
    commits = tuple(commit for receipt in ended for commit in receipt.commits)
    root = Path(newest.repository or workspace.project.root)
    files = asyncio.run(changes(root, first.base_commit, newest.tip)) if newest.tip else ()
    return replace(newest, base_commit=first.base_commit, commits=commits, files=files)


async def _asked(root: Path, receipt: Receipt, wanted: Wanted, task: str) -> PullRequest:
    if await read_ref(root, f"{HEADS}{receipt.branch}") is None:
        raise NotFound(
            f"The branch of execution {receipt.execution} is gone",
            detail=receipt.branch,
            hint="'paracle git archive list' shows the branches that were removed",
        )
    return PullRequest(
        receipt.branch,
        wanted.target or await default_branch(root, wanted.remote),
        wanted.title or title_of(receipt, task),
        wanted.body or body_of(receipt, task),
    )


def _with_patch(
    workspace: Workspace, root: Path, receipt: Receipt, wanted: Wanted, asked: PullRequest
) -> PullRequest:
    path = wanted.patch or workspace.local / "patches" / f"{receipt.execution}.patch"
    content = asyncio.run(patch_of(root, receipt.base_commit, f"{HEADS}{asked.branch}"))
    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path.resolve(), content)
    return replace(asked, patch=str(path))


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; a pipe or the like takes it as it comes."""
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _no_token(forge: Forge) -> str:
    if forge.kind is ForgeKind.GITLAB:
        more = "" if forge.host == "gitlab.com" or forge.named else " and say --forge gitlab"
        return f"there is no token for {forge.host}: set GITLAB_TOKEN{more}"
    name = "GITHUB_TOKEN" if forge.host == "github.com" else "GH_ENTERPRISE_TOKEN"
    return f"there is no token for {forge.host}: set {name}, or log in with 'gh auth login'"
