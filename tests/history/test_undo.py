"""Undo of merges: files, index and branch go back together, or not at all."""

from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict, NotFound
from paracle.app.domain.history import Mode
from paracle.app.git.checkouts import CheckoutBusy
from paracle.app.git.refs import RefMoved
from paracle.app.services import history
from tests.support.history import Past, lines
from tests.support.repo import tree_fingerprint


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Modes and bytes of a work tree."""
    return {
        path: (mode, data) for path, (mode, _, data) in tree_fingerprint(folder).items() if path != ".git"
    }


@pytest.mark.parametrize("mode", list(Mode))
def test_undo_takes_a_merge_back_with_files_and_index(past: Past, mode: Mode) -> None:
    run = past.execution({"a": "1\n", "app.py": lines("one", "TWO", "three"), "notes.md": None})
    before, head, index = contents(past.repo.folder), past.repo.head, past.repo.git("ls-files", "--stage")
    merged = history.merge(past.workspace, run, mode=mode)

    undone = history.undo(past.workspace)

    assert past.repo.head == head
    assert contents(past.repo.folder) == before
    assert past.repo.git("ls-files", "--stage") == index
    assert past.repo.git("status", "--porcelain") == ""
    kept = f"refs/paracle/archive/{undone.id}/refs/heads/main"
    assert past.repo.git("rev-parse", kept) == merged.moves[0].after


def test_undo_of_a_merge_elsewhere_moves_only_that_branch(past: Past) -> None:
    past.repo.git("branch", "release")
    run = past.execution({"a": "1\n"})
    history.merge(past.workspace, run, target="release")
    before = past.mine()
    history.undo(past.workspace)
    after = past.mine()
    assert (after.files, after.index, after.head) == (before.files, before.index, before.head)
    assert past.repo.git("rev-parse", "release") == past.repo.head


def test_undo_refuses_when_commits_came_since(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    history.merge(past.workspace, run)
    past.repo.commit("mine", b="2\n")
    before = past.mine()
    with pytest.raises(RefMoved) as refused:
        history.undo(past.workspace)
    assert "1 commits came since" in refused.value.detail
    assert past.mine() == before


@pytest.mark.parametrize("path", ["a", "app.py"])
def test_undo_refuses_while_there_is_uncommitted_work(past: Past, path: str) -> None:
    run = past.execution({"a": "1\n"})
    history.merge(past.workspace, run)
    past.repo.write(path, "work in progress\n")
    before = past.mine()
    with pytest.raises(CheckoutBusy, match=path):
        history.undo(past.workspace)
    assert past.mine() == before


def test_undo_goes_back_one_operation_at_a_time(past: Past) -> None:
    first, second = past.execution({"a": "1\n"}), past.execution({"b": "2\n"})
    start = past.repo.head
    history.merge(past.workspace, first)
    between = past.repo.head
    history.merge(past.workspace, second)
    history.undo(past.workspace)
    assert past.repo.head == between
    history.undo(past.workspace)
    assert past.repo.head == start
    with pytest.raises(NotFound):
        history.undo(past.workspace)


def test_an_operation_is_undone_only_once(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    merged = history.merge(past.workspace, run)
    history.undo(past.workspace, merged.id[:5])
    with pytest.raises(Conflict, match="undone already"):
        history.undo(past.workspace, merged.id)


def test_the_account_names_every_operation_and_the_commands_it_ran(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    merged = history.merge(past.workspace, run)
    undone = history.undo(past.workspace)
    newest, before = history.operations(past.workspace)
    assert (newest.id, newest.kind) == (undone.id, "undo")
    assert (before.id, before.kind, before.undone) == (merged.id, "merge", undone.id)
    assert any("merge" in line for line in before.commands)
    assert any("reset" in line for line in newest.commands)
