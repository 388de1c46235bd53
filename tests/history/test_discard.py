"""Discarding an execution, and having it back with every uncommitted byte."""

from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict
from paracle.app.services import history
from tests.support.history import Past
from tests.support.repo import tree_fingerprint


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Modes and bytes of a work tree."""
    return {
        path: (mode, data) for path, (mode, _, data) in tree_fingerprint(folder).items() if path != ".git"
    }


DIRTY = {
    "crlf.txt": "a\r\nb\r\n",
    "app.py": "half\n",
    "notes.md": None,
    "deep/er.txt": b"\xff\x00 bytes",
    "ignored.log": "precious\n",
    "-rf": "dash\n",
}


def test_discard_and_undo_give_back_the_branch_and_every_uncommitted_byte(past: Past) -> None:
    past.repo.commit("ignore", **{".gitignore": "*.log\n"})
    past.repo.write(".gitattributes", "* text=auto\n")
    past.repo.commit("attributes")
    run = past.execution({"a": "1\n"}, leaves=DIRTY)
    worktree, tip, branch = past.worktree(run), past.tip(run), past.branch(run)
    past.repo.git("-C", str(worktree), "add", "app.py")
    past.repo.git("-C", str(worktree), "update-index", "--chmod=+x", "a")
    (worktree / "app.py").write_text("and then more\n")
    (worktree / "link").symlink_to("a")
    before = contents(worktree)
    staged = past.repo.git("-C", str(worktree), "ls-files", "--stage")
    mine = past.mine()

    history.discard(past.workspace, run)
    assert past.repo.run_branches() == []
    assert not worktree.exists()
    assert past.mine() == mine
    past.repo.git("gc", "--prune=now", "--quiet")

    history.undo(past.workspace)
    assert past.repo.git("rev-parse", branch) == tip
    assert contents(worktree) == before
    assert past.repo.git("-C", str(worktree), "ls-files", "--stage") == staged
    assert past.leftovers() == []
    assert past.mine() == mine


def test_a_work_tree_whose_folder_became_a_link_comes_back_without_touching_what_it_leads_to(
    past: Past,
) -> None:
    past.repo.commit("folder", docs__a="1\n")
    outside = past.state.parent / "outside"
    outside.mkdir()
    (outside / "a").write_text("not mine to delete\n")
    run = past.execution({"x": "1\n"}, leaves={"y": "2\n"})
    worktree = past.worktree(run)
    (worktree / "docs" / "a").unlink()
    (worktree / "docs").rmdir()
    (worktree / "docs").symlink_to(outside)
    before = contents(worktree)
    history.discard(past.workspace, run)
    history.undo(past.workspace)
    assert contents(worktree) == before
    assert (outside / "a").read_text() == "not mine to delete\n"


def test_a_running_execution_is_not_discarded(past: Past) -> None:
    run = past.execution({"a": "1\n"}, ends=False)
    with pytest.raises(Conflict, match="running"):
        history.discard(past.workspace, run)
    assert past.worktree(run).exists()


def test_a_work_tree_with_a_repository_in_it_is_not_discarded(past: Past) -> None:
    run = past.execution({"a": "1\n"}, leaves={"b": "2\n"})
    inner = past.worktree(run) / "inner"
    past.repo.git("init", "-q", str(inner))
    (inner / "file").write_text("only here\n")
    past.repo.git("-C", str(inner), "add", "file")
    past.repo.git("-C", str(inner), "commit", "-q", "-m", "inner")
    with pytest.raises(Exception, match="cannot be kept"):
        history.discard(past.workspace, run)
    assert (inner / "file").read_text() == "only here\n"
    assert past.leftovers() == []


def test_a_discarded_branch_is_restored_from_the_archive(past: Past) -> None:
    run = past.execution({"a": "1\n"})
    tip, branch = past.tip(run), past.branch(run)
    history.discard(past.workspace, run)
    (entry,) = history.archive(past.workspace)
    assert (entry.name, entry.commit) == (f"refs/heads/{branch}", tip)
    history.restore(past.workspace, run[:5])
    assert past.tip(run) == tip
    with pytest.raises(Conflict):
        history.restore(past.workspace, run)
