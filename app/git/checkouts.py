"""The user's own work trees: where a branch is checked out, what is under way there, and moving along.

A work tree follows its branch by one git command, so that a kill at any moment leaves it before or after,
and git itself refuses to overwrite what is in no commit.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .command import LONG, git
from .diffs import revisions
from .failures import GitConflict, GitFailed
from .notes import named
from .putting_back import whole_or_not_at_all
from .refs import HEADS, RefMoved
from .status import read_status

_UNDER_WAY = {
    "MERGE_HEAD": "a merge",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
    "sequencer": "a cherry-pick",
    "BISECT_LOG": "a bisection",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase",
}


WITH_CONTENT = {"GIT_LFS_SKIP_SMUDGE": "0"}
"""In the user's own files, LFS has content and not pointers, as after any merge of theirs."""


class CheckoutBusy(GitConflict):
    """The target is checked out, and something there would be lost or confused."""

    code = "git_checkout_busy"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A work tree. ``branch`` is a full ref name; ``None`` when HEAD is detached.

    ``own`` is the directory in which git keeps what belongs to this work tree only; ``missing`` says that
    git has a record of it but it is not there.
    """

    folder: Path
    own: Path
    branch: str | None
    locked: bool = False
    missing: bool = False


async def list_checkouts(repository: Path, common: Path) -> tuple[Checkout, ...]:
    """Every work tree of a repository, the main one first; a bare repository has no main one."""
    said = await git(repository, "worktree", "list", "--porcelain", "-z")
    found = await asyncio.to_thread(_parse, said.stdout, common)
    if found and found[0].folder == common:
        return (await _found_again(found[0], repository), *found[1:])
    return found


async def _found_again(checkout: Checkout, repository: Path) -> Checkout:
    """The main work tree of a repository whose git directory is elsewhere.

    git then gives the git directory as the work tree. Only from inside of it does it know where it is; seen
    from another work tree it counts as missing.
    """
    said = await git(repository, "rev-parse", "--absolute-git-dir", "--show-toplevel", accept=(0, 128))
    own, _, top = said.text.partition("\n")
    if said.code or Path(own) != checkout.own:
        return replace(checkout, missing=True)
    return replace(checkout, folder=Path(top))


def _parse(output: bytes, common: Path) -> tuple[Checkout, ...]:
    owns = {path: own for own, path in _records(common)}
    found = []
    for entry in output.split(b"\0\0"):
        fields = dict(_field(line) for line in entry.split(b"\0") if line)
        if not fields or "bare" in fields:
            continue
        folder = Path(fields["worktree"])
        own = owns.get(folder, common)
        found.append(
            Checkout(
                folder,
                own,
                fields.get("branch") or _left_for_now(own),
                "locked" in fields,
                not folder.exists(),
            )
        )
    return tuple(found)


def _field(line: bytes) -> tuple[str, str]:
    name, _, value = line.partition(b" ")
    return name.decode(), os.fsdecode(value)


def _records(common: Path) -> list[tuple[Path, Path]]:
    found = []
    for record in (common / "worktrees").glob("*/gitdir"):
        try:
            found.append((record.parent, Path(os.fsdecode(record.read_bytes()).rstrip("\n")).parent))
        except OSError:
            continue
    return found


def _left_for_now(own: Path) -> str | None:
    """The branch that a rebase here will move at its end, or that a bisection will go back to."""
    for name in ("rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"):
        try:
            branch = os.fsdecode((own / name).read_bytes()).strip()
        except OSError:
            continue
        if name == "BISECT_START":
            return f"{HEADS}{branch}"
        return branch if branch.startswith(HEADS) else None
    return None


def under_way(own: Path) -> str:
    """What git is in the middle of in a work tree, in words; empty when in nothing."""
    return next((words for name, words in _UNDER_WAY.items() if (own / name).exists()), "")


async def obstacles(checkout: Checkout, before: str, after: str) -> str:
    """Why a work tree cannot go from one commit to another without loss, in words; empty when it can.

    Untracked and ignored files count where the other commit has something in their place.
    """
    if checkout.missing:
        return f"{checkout.folder} is recorded as a work tree but is not there"
    if words := await asyncio.to_thread(under_way, checkout.own):
        return f"{words} is under way in {checkout.folder}"
    status = await read_status(checkout.folder, every=True)
    if status.changed:
        return f"{named(status.changed)}: uncommitted changes in {checkout.folder}"
    loose = (*status.untracked, *status.ignored)
    if loose and (taken := _in_the_way(loose, await _arriving(checkout.folder, before, after))):
        return f"{named(taken)}: in no commit, and in the way in {checkout.folder}"
    return ""


async def in_the_way(
    folder: Path, before: str, after: str, *, env: Mapping[str, str] | None = None
) -> list[str]:
    """The files in no commit, the ignored ones too, that going between two trees would overwrite."""
    status = await read_status(folder, every=True, env=env)
    return _in_the_way((*status.untracked, *status.ignored), await _arriving(folder, before, after, env))


async def _arriving(folder: Path, before: str, after: str, env: Mapping[str, str] | None = None) -> list[str]:
    said = await git(
        folder, "diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=AT",
        *revisions(before, after), env=env, seconds=LONG,
    )  # fmt: skip
    return [os.fsdecode(path) for path in said.stdout.split(b"\0") if path]


def _in_the_way(loose: Sequence[str], arriving: Sequence[str]) -> list[str]:
    """Of the files that are ``loose``, those at, below or above a path that is ``arriving``."""
    names = {path.rstrip("/") for path in loose}
    folders = {str(parent) for name in names for parent in Path(name).parents}
    return [
        path
        for path in arriving
        if path in names or path in folders or any(str(parent) in names for parent in Path(path).parents)
    ]


async def follow(checkout: Checkout, before: str, after: str, *, hold: Sequence[int] = ()) -> None:
    """Move a checked-out branch with its index and files.

    Raises:
        CheckoutBusy: something there is in no commit and in the way; nothing has changed.
        RefMoved: the branch is elsewhere by now; nothing has changed.
        GitError: git could not read or write.
    """
    folder = checkout.folder
    if why := await obstacles(checkout, before, after):
        raise busy(why)
    head = (await git(folder, "rev-parse", "HEAD")).text
    if head != before:
        raise RefMoved(str(checkout.branch), before, head)
    forward = await git(folder, "merge-base", "--is-ancestor", before, after, accept=(0, 1))
    try:
        async with whole_or_not_at_all(folder, before, after, env=WITH_CONTENT):
            if forward.code == 0:
                # Never drops a commit, should the user make one at this moment.
                await git(
                    folder, "merge", "--quiet", "--ff-only", "--no-overwrite-ignore", "--no-squash",
                    "--commit", "--no-verify-signatures", "--no-autostash", "--no-stat", after,
                    env=WITH_CONTENT, seconds=LONG, hold=hold,
                )  # fmt: skip
            else:
                await git(
                    folder, "reset", "--quiet", "--keep", after, env=WITH_CONTENT, seconds=LONG, hold=hold
                )
        if forward.code:
            await _or_back(checkout, before, hold)
    except GitFailed as error:
        if type(error) is not GitFailed:
            raise
        raise busy(error.detail, error.said) from error


async def _or_back(checkout: Checkout, before: str, hold: Sequence[int]) -> None:
    """Go back if the branch was not at ``before`` when it was moved: a commit had come in that moment."""
    was = (await git(checkout.folder, "rev-parse", "ORIG_HEAD")).text
    if was != before:
        await git(checkout.folder, "reset", "--quiet", "--keep", was, seconds=LONG, hold=hold)
        raise RefMoved(str(checkout.branch), before, was)


def busy(why: str, said: str = "") -> CheckoutBusy:
    """The refusal, with the ways round it."""
    return CheckoutBusy(
        "The target is checked out and cannot follow",
        detail=why,
        hint="commit or stash what is there, name another branch with --target, or use 'paracle git apply'",
        said=said,
    )
