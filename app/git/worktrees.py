"""Linked work trees: made locked and empty, filled, taken back, unlocked, forgotten."""

from __future__ import annotations

import asyncio
import re
import shutil
from contextlib import suppress
from pathlib import Path

from ..domain.errors import GitError
from . import leases
from .command import LONG, git
from .deleting import remove_worktree
from .failures import GitConflict, GitFailed, explained
from .linking import link_plainly, unfinished_record
from .locks import HalfMade, Mark
from .place import BranchGone, common_dir
from .prepared import take_out
from .tasks import to_the_end
from .workplaces import Workplace

# The words of git before and since 2.42.
_ELSEWHERE = re.compile(r"is already (?:checked out|used by worktree) at")


class OffBranch(GitError):
    """The work tree of an execution was moved to something else than its own branch."""

    code = "git_off_branch"


class LostWorktree(GitError):
    """A work tree's link to its repository is gone."""

    code = "git_lost_worktree"


async def add_worktree(
    repository: Path, common: Path, worktree: Path, base: str, hold: tuple[int, ...]
) -> None:
    """Make a locked work tree at the commit ``base``, still without files and on no branch.

    The branch comes with the files, which take long and need no lock: see :func:`fill`. For one made here
    git would start two more processes, with everybody else waiting for the lock.
    """
    if await to_the_end(asyncio.to_thread(link_plainly, common, worktree, base)):
        return
    with explained(repository, worktree):
        await git(
            repository, "worktree", "add", "--quiet", "--no-checkout", "--detach", "--lock",
            "--", str(worktree), base, hold=hold,
        )  # fmt: skip


async def link_worktree(repository: Path, worktree: Path, branch: str, hold: tuple[int, ...]) -> None:
    """Make a locked work tree on a branch that exists, still without files.

    A record of a work tree that was there, and of which only the files are gone, is replaced.

    Raises:
        BranchGone: there is no such branch.
        GitConflict: it is checked out elsewhere.
        GitError: git could not read or write.
    """
    common = await common_dir(repository)
    with explained(common, worktree):
        if await asyncio.to_thread(_is_recorded, common, worktree):
            await forget_worktree(repository, worktree, locked=True)
        try:
            await git(
                repository, "worktree", "add", "--quiet", "--no-checkout", "--lock",
                "--", str(worktree), branch, hold=hold,
            )  # fmt: skip
        except GitFailed as error:
            if "invalid reference" in error.said:
                raise BranchGone(branch) from error
            if not _ELSEWHERE.search(error.said):
                raise
            raise GitConflict(
                f"The branch '{branch}' is checked out elsewhere",
                detail=error.detail,
                hint="switch that work tree to another branch, then try again",
                said=error.said,
            ) from error


def _is_recorded(common: Path, worktree: Path) -> bool:
    # git names the record like the folder, with a number after it where that name is taken.
    return any((common / "worktrees").glob(f"{worktree.name}*"))


async def fill(worktree: Path, execution: str, prefix: Path, mark: Mark, branch: str = "") -> Path:
    """Write the files of a new work tree and lock it for ``execution``.

    Args:
        prefix: The project's folder below the top of the work tree.
        branch: Made where the work tree is; without it, the work tree is on its branch already.

    Returns:
        The project's folder in it.
    """
    write = ("checkout", "--force", "--no-track", "-b", branch) if branch else ("reset", "--hard")
    # Explained here, since on a disk that was full there is room again once the files are taken back.
    with explained(worktree):
        await git(worktree, *write, "--quiet", seconds=LONG, hold=(mark.descriptor,))
    # 'git worktree add' knows '--reason' only since 2.33, and 'git worktree lock' would be one more process.
    leases.take(own_directory(worktree), execution)
    return await asyncio.to_thread(make_folder, worktree, worktree / prefix)


async def branches_of(repository: Path, execution: str) -> list[tuple[str, str]]:
    """The branches that are named after an execution, each with its tip."""
    said = await git(
        repository,
        "for-each-ref",
        "--format=%(refname:lstrip=2) %(objectname)",
        f"refs/heads/exec/{execution}/",
    )
    pairs = (line.split(" ") for line in said.text.splitlines())
    return [(branch, tip) for branch, tip in pairs]


async def undo(made: HalfMade, mark: Mark) -> None:
    """Remove a workplace that nobody has worked in yet. The repository's lock must be held.

    The files go first, so that on a full disk there is room for the rest. What cannot be removed stays
    marked, and the next start tries again.
    """
    try:
        await asyncio.to_thread(_remove, Path(made.worktree))
        if made.private:
            await asyncio.to_thread(_remove, Path(made.private))
        else:
            await _undo_in_repository(Path(made.repository), made)
    except (GitError, OSError):
        mark.release()
    else:
        mark.clear()


def drop_cut_off(common: Path, below: Path) -> None:
    """Remove the records of work trees that git was killed in writing. The repository's lock must be held.

    With an empty ``commondir`` in one of them git fails whatever it is asked about work trees, and so does
    its own clean-up, for the user as well as for us.

    Args:
        common: The directory that the work trees of the repository share.
        below: Only records of work trees in here, or of this one, are ours to remove.
    """
    for written in common.glob("worktrees/*/commondir"):
        with suppress(FileNotFoundError):  # gone at this moment
            record = written.parent
            # Since 2.48 git may write it relative to the record.
            if not written.stat().st_size and (record / _line(record / "gitdir")).resolve().is_relative_to(
                below
            ):
                shutil.rmtree(record)


async def _undo_in_repository(repository: Path, made: HalfMade) -> None:
    common = await common_dir(repository)
    worktree = Path(made.worktree)
    await asyncio.to_thread(drop_cut_off, common, worktree)
    await asyncio.to_thread(_remove, unfinished_record(common, worktree))
    await forget_worktree(repository, worktree, locked=True)
    ref = f"refs/heads/{made.branch}"
    tip = await git(repository, "rev-parse", "--quiet", "--verify", ref, accept=(0, 1))
    if tip.text == made.base:  # elsewhere it would hold somebody's work
        await git(repository, "update-ref", "-d", ref, made.base)


async def forget_worktree(repository: Path, worktree: Path, *, locked: bool = False) -> None:
    """Remove a work tree and git's record of it; what git has no record of is gone already.

    Raises:
        GitError: it cannot be removed, or it is not clean.
    """
    # git asks twice before it removes a locked one.
    force = ("--force", "--force") if locked else ()
    try:
        await remove_worktree(repository, worktree, *force)
    except GitFailed as error:
        if "containing submodules" in error.said:
            # Never without force, says git. Whether they are empty, removal.py has looked at.
            await remove_worktree(repository, worktree, "--force")
        elif "modified or untracked files" in error.said and await asyncio.to_thread(take_out, worktree):
            # Copies of the user's ignored files, where the work tree itself does not ignore them.
            await remove_worktree(repository, worktree)
        elif "is not a working tree" not in error.said:
            raise


async def unlock(place: Workplace) -> None:
    """Tell git that the work tree may be removed."""
    try:
        # What 'git worktree unlock' does, without a process; see gitrepository-layout(5).
        (own_directory(place.worktree) / "locked").unlink(missing_ok=True)
    except LostWorktree:
        await _unlock_lost(place)


async def _unlock_lost(place: Workplace) -> None:
    try:
        await git(place.repository, "worktree", "unlock", "--", str(place.worktree))
    except GitFailed as error:
        if not any(reason in error.said for reason in ("is not locked", "is not a working tree")):
            raise


async def common_dir_of(place: Workplace) -> Path:
    """The directory that all work trees of its repository share."""
    try:
        return common_dir_by(own_directory(place.worktree))
    except (LostWorktree, OSError):
        return await common_dir(place.repository)


def common_dir_by(own: Path) -> Path:
    """The directory that a work tree's own one says is shared; see gitrepository-layout(5)."""
    return (own / _line(own / "commondir")).resolve()


def own_directory(worktree: Path) -> Path:
    """The directory in which git keeps what belongs to this work tree only; see gitrepository-layout(5).

    Raises:
        LostWorktree: the work tree's ``.git`` does not lead to a directory that leads back. An agent may have
            overwritten it, and what it leads to now may be the user's repository.
    """
    link = worktree / ".git"
    try:
        own = (worktree / _line(link).removeprefix("gitdir: ")).resolve()
        if (own / _line(own / "gitdir")).resolve() == worktree.resolve() / ".git":
            return own
    except OSError:
        pass
    raise LostWorktree(
        "The execution's work tree has lost its repository",
        detail=f"{link} is missing or leads elsewhere",
        hint=f"git worktree repair '{worktree}', run in the repository, mends it; the files are untouched",
    )


def pinned(worktree: Path, branch: str = "") -> dict[str, str]:
    """The variables that keep git at this work tree, whatever lies in it or around it.

    Args:
        worktree: The top of the work tree.
        branch: If given, the work tree must be on this branch.

    Raises:
        LostWorktree: see :func:`own_directory`.
        OffBranch: the work tree is on something else.
    """
    own = own_directory(worktree)
    if branch and (head := _line(own / "HEAD")) != f"ref: refs/heads/{branch}":
        raise OffBranch(
            "The execution's work tree has left its branch",
            detail=f"{worktree} is at {head.removeprefix('ref: ')}, expected refs/heads/{branch}",
            hint=f"git -C '{worktree}' switch '{branch}' brings it back",
        )
    return {"GIT_DIR": str(own), "GIT_WORK_TREE": str(worktree)}


def _line(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n")


def make_folder(worktree: Path, folder: Path) -> Path:
    """Make the project's folder where the commit does not have it, but never outside the work tree."""
    if not folder.resolve().is_relative_to(worktree.resolve()):
        raise GitFailed(
            "The project's folder is a link in the repository's commit",
            detail=f"{folder.relative_to(worktree)} leads to {folder.resolve()}",
            hint="commit the project as a folder, or open the project where the link leads",
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
