"""Projects in a subfolder, a work tree of the user's own, shallow and sparse clones, and without git."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict
from paracle.app.domain.history import Mode
from paracle.app.services import history
from tests.support.history import Past, lines, write
from tests.support.repo import RepoBuilder

KINDS = ["subfolder", "linked work tree", "shallow", "sparse", "newline"]


@pytest.fixture(params=KINDS)
def past(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Past]:
    """Each kind, with the files ``app.py`` and ``docs/a.md`` in the project."""
    origin = RepoBuilder(tmp_path / "origin")
    project = "packages/shop" if request.param == "subfolder" else ""
    write(origin.folder / project, {"app.py": lines("one", "two", "three"), "docs/a.md": "a\n"})
    write(origin.folder, {"far/away.txt": "away\n"})
    origin.commit("first")
    origin.commit("second", other="1\n")
    name = "two\nlines" if request.param == "newline" else "mine"
    if request.param == "linked work tree":
        origin.git("worktree", "add", "--quiet", "-b", "work", str(tmp_path / name))
    elif request.param == "shallow":
        RepoBuilder.clone(origin, tmp_path / name, "--depth=1")
    else:
        clone = RepoBuilder.clone(origin, tmp_path / name)
        if request.param == "sparse":
            clone.git("sparse-checkout", "set", "docs")
    with Past.reopen(tmp_path, name, project) as past:
        yield past


def test_merge_apply_discard_and_undo_work_there(past: Past) -> None:
    root = past.repo.folder / past.project
    run = past.execution({"docs/a.md": "b\n", "docs/new.md": "new\n"})
    tip = past.tip(run)
    start = past.repo.head

    history.apply(past.workspace, run)
    assert (root / "docs/a.md").read_text() == "b\n"
    history.undo(past.workspace)
    assert (root / "docs/a.md").read_text() == "a\n"
    assert past.repo.git("status", "--porcelain") == ""

    history.merge(past.workspace, run, mode=Mode.SQUASH)
    assert (root / "docs/new.md").read_text() == "new\n"
    (row,) = history.branches(past.workspace)
    assert row.figures is not None
    assert (row.figures.ahead, row.figures.behind) == (1, 1)
    history.cleanup(past.workspace)
    assert past.repo.run_branches() == []
    history.undo(past.workspace)
    history.undo(past.workspace)
    assert past.repo.head == start
    history.discard(past.workspace, run)
    history.undo(past.workspace)
    assert past.tip(run) == tip
    assert past.repo.git("status", "--porcelain") == ""
    assert past.repo.git("fsck", "--no-dangling", "--no-progress") == ""


def test_uncommitted_work_of_an_execution_comes_back_there(past: Past) -> None:
    run = past.execution({"docs/a.md": "b\n"}, leaves={"docs/loose.md": "loose\n", "docs/a.md": "half\n"})
    worktree = past.worktree(run) / past.project
    history.discard(past.workspace, run)
    assert not worktree.exists()
    history.undo(past.workspace)
    assert (worktree / "docs/loose.md").read_text() == "loose\n"
    assert (worktree / "docs/a.md").read_text() == "half\n"


def test_a_folder_without_git_is_told_how_to_get_there(tmp_path: Path) -> None:
    write(tmp_path / "plain", {"app.py": "1\n"})
    with (
        Past.reopen(tmp_path, "plain") as past,
        pytest.raises(Conflict, match="no git repository") as refused,
    ):
        history.branches(past.workspace)
    assert "git init" in refused.value.hint
