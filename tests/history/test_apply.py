"""An execution's changes as uncommitted changes in the user's files, and out of them again."""

import pytest

from paracle.app.git.applying import ApplyConflicts
from paracle.app.git.checkouts import CheckoutBusy
from paracle.app.git.previews import NothingToMerge
from paracle.app.services import history
from tests.support.history import Past, lines


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
