"""Parts of a repository that may not be written: each operation says so in words, and nothing has changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.confinement import as_a_user, with_read_only_disk
from tests.support.history import Past, lines
from tests.support.studio import paracle

CHANGES = {"app.py": "new\n", "docs/guide.md": "new\n", "zz/zz": "z\n"}


@pytest.fixture
def locked() -> Iterator[list[Path]]:
    """Folders whose modes forbid writing until the test is over."""
    folders: list[Path] = []
    yield folders
    unlock(folders)


def lock(folder: Path, locked: list[Path]) -> None:
    """Forbid writing in a folder and all folders below it."""
    for found in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        found.chmod(0o555)
        locked.append(found)


def unlock(folders: list[Path]) -> None:
    for folder in filter(Path.exists, folders):
        folder.chmod(0o755)


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """A run that changed files in several folders waits to be merged."""
    with Past(tmp_path, {"app.py": lines("one"), "docs/guide.md": "# guide\n"}) as past:
        past.execution(CHANGES)
        yield past


def mine(past: Past) -> object:
    """What is the user's: all but the times and modes of files."""
    found = past.mine()
    status = past.repo.git("status", "--porcelain")
    return {path: data for path, (_, _, data) in found.files.items()}, found.head, found.refs, status


def ask(past: Past, *arguments: str, prefix: list[str] | None = None) -> tuple[int, str]:
    """Ask on the command line; gives the exit code and what was said."""
    state = {"PARACLE_STATE_DIR": str(past.state)}
    done = paracle("git", *arguments, cwd=past.repo.folder, prefix=prefix or (), env=state)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def refused(past: Past, prefix: list[str], *arguments: str) -> None:
    """It is refused in words that name the way out, and all that is the user's stays."""
    before, branches = mine(past), past.repo.run_branches()
    code, said = ask(past, *arguments, prefix=prefix)
    assert code == 1, said
    assert "writable" in said or "cannot be written" in said, said
    assert "hint:" in said, said
    assert (mine(past), past.repo.run_branches()) == (before, branches)


MERGE, FORWARD, APPLY, DISCARD = (
    ["merge", "last"],
    ["merge", "last", "--mode", "ff"],
    ["apply", "last"],
    ["discard", "last"],
)


@pytest.mark.parametrize(
    ("part", "writing"),
    [
        (".git", [MERGE, FORWARD, APPLY, DISCARD]),
        (".git/refs", [MERGE, FORWARD, APPLY, DISCARD]),
        (".git/objects", [MERGE, APPLY]),
    ],
)
def test_a_part_of_the_repository_that_may_not_be_written(
    past: Past, locked: list[Path], part: str, writing: list[list[str]]
) -> None:
    lock(past.repo.folder / part, locked)
    for arguments in writing:
        refused(past, as_a_user(), *arguments)
    assert ask(past, "branches", prefix=as_a_user())[0] == 0
    unlock(locked)
    assert ask(past, "merge", "last")[0] == 0
    assert past.repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("arguments", [FORWARD, APPLY])
def test_a_folder_of_the_user_that_may_not_be_written_leaves_the_others_as_they_were(
    past: Past, locked: list[Path], arguments: list[str]
) -> None:
    lock(past.repo.folder / "docs", locked)
    refused(past, as_a_user(), *arguments)
    unlock(locked)
    code, said = ask(past, *arguments)
    assert code == 0, said
    assert (past.repo.folder / "docs/guide.md").read_text() == "new\n"


@pytest.mark.parametrize("part", [".git", "docs"])
def test_a_part_on_a_disk_that_is_mounted_read_only(past: Past, part: str) -> None:
    prefix = with_read_only_disk(past.repo.folder / part)
    refused(past, prefix, *FORWARD)
    refused(past, prefix, *APPLY)


def test_a_work_tree_with_folders_that_may_not_be_written_goes_and_comes_back(tmp_path: Path) -> None:
    with Past(tmp_path) as past:
        run = past.execution(CHANGES, leaves={"cache/deep/file": "only here\n", "loose": "loose\n"})
        worktree = past.worktree(run)
        for folder in ("zz", "cache/deep", "cache"):
            (worktree / folder).chmod(0o555)
        code, said = ask(past, "discard", "last", prefix=as_a_user())
        assert code == 0, said
        assert not worktree.exists()
        assert past.repo.worktrees() == []
        code, said = ask(past, "undo", prefix=as_a_user())
        assert code == 0, said
        assert (worktree / "cache/deep/file").read_text() == "only here\n"
        assert (worktree / "loose").read_text() == "loose\n"
        assert past.leftovers() == []


def test_what_is_kept_of_a_work_tree_stays_when_its_removal_stops_half_way(tmp_path: Path) -> None:
    with Past(tmp_path) as past:
        run = past.execution(CHANGES, leaves={"cache/file": "only here\n", "loose": "loose\n"})
        held = past.worktree(run) / "cache"
        prefix = with_read_only_disk(held)
        code, said = ask(past, "discard", "last", prefix=prefix)
        assert code == 1, said
        assert past.repo.run_branches() == [past.branch(run)]
        (kept,) = past.repo.git("for-each-ref", "--format=%(refname)", "refs/paracle/archive").splitlines()
        assert past.repo.show(kept, "loose") == "loose"
        assert past.repo.show(kept, "cache/file") == "only here"
