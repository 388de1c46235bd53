"""A new work tree's record, written without a process.

``git worktree add`` takes some milliseconds, in which every other start in the repository waits. What it
leaves is four small files, and gitrepository-layout(5) says what is in them.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path

# What has a say in how a work tree is made; in an included file there may be any of it.
_PARTICULAR = re.compile(rb"^\s*\[\s*(extensions|include|includeif)\b|^\s*sharedrepository\b", re.M | re.I)


def link_plainly(common: Path, worktree: Path, commit: str) -> bool:
    """Make an empty work tree that is locked, at a commit and on no branch. Blocks, for some file accesses.

    Args:
        common: The directory that all work trees of the repository share.
        worktree: Where it is made; the last part of its path names its record.

    Returns:
        False where that is for git itself to do, or could not be done: then nothing is left of it.
    """
    record, begun = common / "worktrees" / worktree.name, unfinished_record(common, worktree)
    try:
        if record.exists() or worktree.exists() or not _is_plain(common):
            return False
        begun.mkdir()
        (begun / "locked").touch()
        (begun / "HEAD").write_text(f"{commit}\n", encoding="ascii")
        (begun / "commondir").write_text("../..\n", encoding="ascii")
        link = worktree / ".git"
        (begun / "gitdir").write_text(f"{link}\n", encoding="utf-8", errors="surrogateescape")
        worktree.mkdir(parents=True)
        link.write_text(f"gitdir: {record}\n", encoding="utf-8", errors="surrogateescape")
        record.parent.mkdir(exist_ok=True)
        # In one step: with a record that is half written git fails whatever it is asked about work trees.
        begun.rename(record)
    except OSError:
        shutil.rmtree(begun, ignore_errors=True)
        with suppress(OSError):
            (worktree / ".git").unlink(missing_ok=True)
            worktree.rmdir()
        return False
    return True


def unfinished_record(common: Path, worktree: Path) -> Path:
    """Where the record is until it is whole; a process that was killed may have left it there."""
    return common / f"paracle-{worktree.name}"


def _is_plain(common: Path) -> bool:
    """Whether nothing of the repository asks for more than the four files."""
    if (common / "config.worktree").exists() or (common / "info" / "sparse-checkout").exists():
        return False
    return not _PARTICULAR.search((common / "config").read_bytes())
