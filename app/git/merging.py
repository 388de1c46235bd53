"""Merges, made by git in a scratch work tree, where the user's hooks run and signing is as configured.

The scratch work tree stands detached at the target's tip, in the state directory. No ref moves here: what
comes out is a commit, which :mod:`.landing` lands. Conflicts leave the work tree, and a record beside it, for
:mod:`.pending`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..domain.history import Mode
from .command import LONG, Output, git
from .commits import NOBODY, commit_tree
from .failures import GitConflict, GitFailed, GitTimeout, explain, gist
from .previews import Merging, NothingToMerge

HOOK_SECONDS = 900.0
"""How long the user's hooks may take for one command."""


class HookRefused(GitConflict):
    """A hook of the user's, or the user's signing program, refused the merge's commit."""

    code = "git_hook_refused"


class HookTimeout(GitTimeout):
    """A hook of the user's did not end."""

    code = "git_hook_timeout"

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(("git", command), seconds)
        self.title = "A hook took too long and was stopped"
        self.hint = "look which hook of the repository waits for something; nothing was changed"


@dataclass(frozen=True, slots=True)
class Made:
    """What came out: a commit, or the paths in conflict."""

    commit: str
    conflicts: tuple[str, ...] = ()


async def identity(repository: Path) -> dict[str, str]:
    """The variables that name Paracle as the author where git is configured for nobody."""
    said = await git(repository, "var", "GIT_COMMITTER_IDENT", accept=(0, 128))
    return {} if said.code == 0 else dict(NOBODY)


async def make(
    wanted: Merging, scratch: Path, message: str, *, hook_seconds: float = HOOK_SECONDS, hold: Sequence[int]
) -> Made:
    """Make a merge's commit in a scratch work tree that stands at the target's tip.

    Raises:
        HookRefused: a hook said no; ``detail`` holds its words.
        HookTimeout: a hook did not end in ``hook_seconds``.
        NothingToMerge: the target has it all.
        GitError: git could not read or write.
    """
    tools = _Tools(scratch, await identity(scratch), hook_seconds, tuple(hold))
    match wanted.mode:
        case Mode.MERGE:
            said = await tools.run("merge", "--no-ff", "--no-edit", *_PLAIN, "-m", message, wanted.tip)
        case Mode.SQUASH:
            if wanted.begins_late:
                # git would take the last commit that both have for the base, and bring all since that.
                whole = await commit_tree(
                    scratch, f"{wanted.tip}^{{tree}}", f"{wanted.branch}\n", wanted.base
                )
                said = await tools.run("cherry-pick", "--no-commit", whole)
            else:
                said = await tools.run("merge", "--squash", *_PLAIN[:-1], wanted.tip)
            if not said.code:
                said = await tools.commit(message)
        case Mode.REBASE:
            said = await tools.run(
                "rebase", "--no-autosquash", "--no-autostash", "--no-update-refs", "--onto",
                wanted.target_tip, wanted.base, wanted.tip,
            )  # fmt: skip
        case Mode.CHERRY_PICK:
            said = await tools.run("cherry-pick", "-x", "--no-merges", f"{wanted.base}..{wanted.tip}")
            said = await tools.skip_empty(said)
        case Mode.FF:
            return Made(wanted.tip)
    return await finish(scratch, wanted.target_tip, said)


_PLAIN = ("--no-autostash", "--no-stat", "--no-verify-signatures", "--allow-unrelated-histories", "--commit")


_STYLE = ("-c", "merge.conflictStyle=diff3")
"""Whatever the user has configured: only this form has all that each side, and the base, had there."""


@dataclass(frozen=True, slots=True)
class _Tools:
    """git in the scratch work tree, with the user's hooks."""

    scratch: Path
    env: Mapping[str, str]
    seconds: float
    hold: tuple[int, ...]

    async def run(self, *arguments: str, stdin: bytes | None = None) -> Output:
        """Run one command; its code says whether it went through."""
        env = {**self.env, "GIT_EDITOR": "true"}
        try:
            return await git(
                self.scratch, *_STYLE, *arguments, env=env, seconds=self.seconds, hold=self.hold, stdin=stdin,
                accept=range(256), attended=True,
            )  # fmt: skip
        except GitTimeout as error:
            raise HookTimeout(arguments[0], self.seconds) from error

    async def skip_empty(self, said: Output) -> Output:
        """Go on over commits whose change the target has already; git stops at each."""
        while said.code and "is now empty" in said.stderr and not await unmerged(self.scratch):
            said = await self.run("cherry-pick", "--skip")
        return said

    async def commit(self, message: str) -> Output:
        return await self.run("commit", "--quiet", "--file=-", "--cleanup=verbatim", stdin=message.encode())


async def resume(
    scratch: Path, target_tip: str, mode: Mode, message: str, *, hook_seconds: float, hold: Sequence[int]
) -> Made:
    """Go on after conflicts were resolved and staged; raises what :func:`make` raises."""
    tools = _Tools(scratch, await identity(scratch), hook_seconds, tuple(hold))
    if mode in (Mode.MERGE, Mode.SQUASH):
        said = await tools.commit(message)
    else:
        said = await tools.skip_empty(await tools.run(mode.value, "--continue"))
    return await finish(scratch, target_tip, said)


async def finish(scratch: Path, target_tip: str, said: Output) -> Made:
    """What a command left in the scratch work tree: a commit, conflicts, or a reason to give up."""
    if said.code:
        if conflicts := await unmerged(scratch):
            return Made("", conflicts)
        words = f"{said.stderr}\n{said.text}".strip()
        if "nothing to commit" in words or "is now empty" in words or "allow-empty" in words:
            raise nothing(scratch)
        raise _refused(words)
    head = (await git(scratch, "rev-parse", "HEAD")).text
    if head == target_tip:
        raise nothing(scratch)
    return Made(head)


def nothing(where: Path | str) -> NothingToMerge:
    """The refusal of a merge that would change nothing."""
    return NothingToMerge(
        "There is nothing to merge",
        detail="the target has everything that is asked for already",
        hint="'paracle git cleanup' removes branches that are merged",
    )


_NOT_A_HOOK = re.compile(
    "No space left on device|insufficient permission for adding an object|Read-only file system"
)


def _refused(words: str) -> GitFailed:
    if _NOT_A_HOOK.search(words):
        return explain(("git", "merge"), 1, words)
    return HookRefused(
        "A hook, or git itself, refused the merge's commit",
        detail=gist(words, 20) or "it gave no reason",
        hint="change what it asks for, on the branch or in the hook, then merge again; nothing was changed",
        said=words,
    )


async def unmerged(scratch: Path) -> tuple[str, ...]:
    """The paths in conflict."""
    said = await git(scratch, "diff", "--name-only", "--diff-filter=U", "-z", seconds=LONG)
    return tuple(
        sorted({name for name in said.stdout.decode("utf-8", "surrogateescape").split("\0") if name})
    )


async def commit_part(repository: Path, base: str, tree: str, message: str) -> str:
    """Record a part of a branch, a tree that :mod:`.patches` has built, as one commit on the fork."""
    return await commit_tree(repository, tree, message, base)
