"""What the tests of a full disk do to the history where the small disk is mounted, each in its own process.

The user's files and the repository lie on one disk. What is merged packs small and unpacks large, so that git
finds room for its objects and none for the files: it stops in the middle of writing them.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from paracle.app.domain.history import Mode
from paracle.app.git.failures import DiskFull
from paracle.app.services import history
from tests.faults.full_disk_cases import KIB, fill
from tests.support.history import Past, lines

LARGE = "".join(f"line {number % 7} {'x' * 80}\n" for number in range(20 * KIB))
THEIRS = {"a new": "new\n", "app.py": lines("one", "two", "THREE") + LARGE, "notes.md": None, "zz/zz": LARGE}


def contents(past: Past) -> dict[str, tuple[int, bytes]]:
    """Modes and bytes of the user's files."""
    found = past.mine().files
    return {path: (mode, data) for path, (mode, _, data) in found.items() if not path.startswith(".parac")}


def refused(past: Past, disk: Path, leave: int, act: Callable[[], object]) -> None:
    """Let something fail for want of room; everything is as it was, and all is well once there is room."""
    before, files, status = past.mine(), contents(past), past.repo.git("status", "--porcelain")
    filler = fill(disk, leave)
    with pytest.raises(DiskFull) as told:
        act()
    assert "df -h" in told.value.hint
    filler.unlink()
    after = past.mine()
    assert contents(past) == files
    assert (after.head, after.refs, after.stash) == (before.head, before.refs, before.stash)
    assert past.repo.git("status", "--porcelain") == status
    history.settle(past.workspace)
    assert past.leftovers() == []
    assert past.repo.healthy()


def merge(folder: Path) -> None:
    """The files of a merge have no room in the checkout."""
    with Past(folder) as past:
        run = past.execution(THEIRS)
        refused(past, folder, 700, lambda: history.merge(past.workspace, run, mode=Mode.FF))
        history.merge(past.workspace, run, mode=Mode.FF)
        assert past.repo.git("status", "--porcelain") == ""


def undo(folder: Path) -> None:
    """What a merge has removed has no room when it is taken back."""
    with Past(folder, {**{"app.py": lines("one")}, "zz/zz": LARGE}) as past:
        run = past.execution({"zz/zz": None, "app.py": "1\n"})
        history.merge(past.workspace, run)
        refused(past, folder, 700, lambda: history.undo(past.workspace))
        history.undo(past.workspace)
        assert (past.repo.folder / "zz/zz").read_text() == LARGE


def apply(folder: Path) -> None:
    """The files of an apply have no room beside work in progress, which stays byte for byte."""
    with Past(folder) as past:
        run = past.execution(THEIRS)
        past.repo.write("app.py", lines("ONE", "two", "three"))
        past.repo.write("loose", b"\x00 loose")
        refused(past, folder, 700, lambda: history.apply(past.workspace, run))
        history.apply(past.workspace, run)
        assert (past.repo.folder / "app.py").read_text() == lines("ONE", "two", "THREE") + LARGE


def discard(folder: Path) -> None:
    """There is no room to keep what a discard would remove."""
    with Past(folder) as past:
        run = past.execution({"a": "1\n"}, leaves={"loose": bytes(range(256)) * 40})
        held = (past.worktree(run) / "loose").read_bytes()
        refused(past, folder, 0, lambda: history.discard(past.workspace, run))
        assert (past.worktree(run) / "loose").read_bytes() == held
        assert past.repo.run_branches() == [past.branch(run)]


if __name__ == "__main__":
    globals()[sys.argv[1]](*map(Path, sys.argv[2:]))
