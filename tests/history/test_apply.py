"""An execution's changes as uncommitted changes in the user's files, and out of them again."""

import stat

import pytest

from paracle.app.domain.errors import NotFound
from paracle.app.domain.selecting import select
from paracle.app.git.applying import ApplyConflicts
from paracle.app.git.checkouts import CheckoutBusy
from paracle.app.git.previews import NothingToMerge
from paracle.app.services import history
from tests.support.history import Past, lines
from tests.support.repo import Fingerprint


def test_apply_brings_changes_in_uncommitted_beside_work_in_progress(past: Past) -> None:
    run = past.execution({"a": "1\n", "app.py": lines("one", "two", "THREE")})
    past.repo.write("app.py", lines("ONE", "two", "three"))
    past.repo.write("staged.txt", "staged\n")
    past.repo.git("add", "staged.txt")
    before = past.mine()

    history.apply(past.workspace, run)

    after = past.mine()
    assert (after.index, after.head, after.refs) == (before.index, before.head, before.refs)
    assert (past.repo.folder / "app.py").read_text() == lines("ONE", "two", "THREE")
    assert (past.repo.folder / "a").read_text() == "1\n"
    assert past.repo.git("status", "--porcelain").splitlines() == [" M app.py", "A  staged.txt", "?? a"]


def test_undo_of_apply_keeps_what_was_written_since(past: Past) -> None:
    run = past.execution({"a": "1\n", "app.py": lines("one", "two", "THREE")})
    past.repo.write("app.py", lines("ONE", "two", "three"))
    history.apply(past.workspace, run)
    past.repo.write("app.py", lines("ONE", "TWO", "THREE"))
    past.repo.write("later.txt", "later\n")
    history.undo(past.workspace)
    assert (past.repo.folder / "app.py").read_text() == lines("ONE", "TWO", "three")
    assert (past.repo.folder / "later.txt").exists()
    assert not (past.repo.folder / "a").exists()


def test_undo_of_apply_refuses_where_the_applied_lines_were_changed_since(past: Past) -> None:
    run = past.execution({"app.py": lines("one", "two", "THREE")})
    history.apply(past.workspace, run)
    past.repo.write("app.py", lines("one", "two", "threefold"))
    before = past.mine()
    with pytest.raises(ApplyConflicts, match=r"app\.py"):
        history.undo(past.workspace)
    assert past.mine() == before


def test_apply_that_does_not_fit_writes_nothing(past: Past) -> None:
    run = past.execution({"a": "1\n", "app.py": lines("one", "TWO", "three")})
    past.repo.write("app.py", lines("one", "zwei", "three"))
    before = past.mine()
    with pytest.raises(ApplyConflicts, match=r"app\.py"):
        history.apply(past.workspace, run)
    assert past.mine() == before
    assert history.archive(past.workspace) == ()


def test_apply_never_overwrites_an_ignored_file(past: Past) -> None:
    past.repo.commit("ignore", **{".gitignore": "secret\n"})
    run = past.execution({".gitignore": "", "secret": "theirs\n"})
    past.repo.write("secret", "mine\n")
    with pytest.raises(CheckoutBusy, match="secret"):
        history.apply(past.workspace, run)
    assert (past.repo.folder / "secret").read_text() == "mine\n"


def test_applying_twice_says_so(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    history.apply(past.workspace, run)
    with pytest.raises(NothingToMerge):
        history.apply(past.workspace, run)


def test_a_part_is_applied_by_files_or_by_hunks(past: Past) -> None:
    run = past.execution({"app.py": lines("ONE", "two", "THREE"), "sub/a": "1\n", "sub/b": "2\n"})
    before = past.mine()
    history.apply(past.workspace, run, files=["./sub/"])
    assert past.repo.git("status", "--porcelain") == "?? sub/"
    hunk = select(history.diff(past.workspace, run), hunks=["app.py#1"])
    history.apply(past.workspace, run, selection=hunk)
    assert (past.repo.folder / "app.py").read_text() == lines("ONE", "two", "three")
    history.undo(past.workspace)
    history.undo(past.workspace)
    assert contents(past.mine()) == contents(before)
    with pytest.raises(NotFound, match="nowhere"):
        history.apply(past.workspace, run, files=["nowhere"])


def test_undo_of_apply_brings_back_permissions_and_what_is_ignored_since(past: Past) -> None:
    past.repo.write("private.txt", "mine\n").chmod(0o600)
    past.repo.write("gone.txt", "mine\n").chmod(0o640)
    past.repo.commit("private")
    run = past.execution(
        {"private.txt": "theirs\n", "gone.txt": None, "made.log": "1\n"}, {".gitignore": "*.log\n"}
    )
    history.apply(past.workspace, run)
    assert modes(past, "private.txt") == [0o600]
    history.undo(past.workspace)
    assert modes(past, "private.txt", "gone.txt") == [0o600, 0o640]
    assert (past.repo.folder / "private.txt").read_text() == "mine\n"
    assert not (past.repo.folder / "made.log").exists()
    assert past.repo.git("status", "--porcelain", "--ignored") == ""


def modes(past: Past, *names: str) -> list[int]:
    """The permissions of files."""
    return [stat.S_IMODE((past.repo.folder / name).stat().st_mode) for name in names]


def contents(mine: Fingerprint) -> dict[str, tuple[int, bytes]]:
    """Kind, permissions and bytes of the user's files."""
    return {path: (mode, data) for path, (mode, _, data) in mine.files.items()}
