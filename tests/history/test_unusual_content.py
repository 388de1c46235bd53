"""Unusual changes of an execution: submodules, names, line ends, pointers. They arrive byte for byte."""

from pathlib import Path

import pytest

from paracle.app.domain.errors import Conflict, GitError
from paracle.app.domain.history import Mode
from paracle.app.git.checkouts import CheckoutBusy
from paracle.app.services import history
from tests.support import kinds
from tests.support.history import Files, Past
from tests.support.repo import RepoBuilder

LONGER = kinds.LONG.replace("n" * 240, "m" * 240)


def at(folder: Path) -> RepoBuilder:
    """git as an agent runs it there."""
    return RepoBuilder.of(folder)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (kinds.names_not_in_utf8, {kinds.NOT_UTF8: b"\xe9\n", kinds.NOT_UTF8 + "2": "new\n"}),
        (kinds.very_long_paths, {kinds.LONG: "2\n", LONGER: "new\n"}),
        (kinds.lfs_not_set_up, {"big.bin": kinds.POINTER.replace("0", "1"), "new.bin": kinds.POINTER}),
        (kinds.packed_refs, {"docs/a.md": None, "docs/A.md": "a\n"}),
        (kinds.autocrlf, {"mixed.txt": b"a\r\nb\n", "binary": b"\x00\r\n\n"}),
    ],
    ids=["names not in UTF-8", "very long paths", "LFS pointers", "case-only renames", "line ends"],
)
def test_it_is_merged_applied_and_taken_back(tmp_path: Path, kind: kinds.Builder, changes: Files) -> None:
    with kind(tmp_path) as past:
        before = past.mine()
        run = past.execution(changes)
        expected = {name: shown(past, run, name) for name, content in changes.items() if content is not None}
        history.apply(past.workspace, run)
        applied = {name: (past.repo.folder / name).read_bytes() for name in expected}
        history.undo(past.workspace)
        assert past.mine().files.keys() == before.files.keys()
        for mode in (Mode.SQUASH, Mode.MERGE):
            history.merge(past.workspace, run, mode=mode)
            assert {name: shown(past, "", name) for name in expected} == expected
            assert {name: (past.repo.folder / name).read_bytes() for name in expected} == applied
            assert past.repo.git("status", "--porcelain") == ""
            history.undo(past.workspace)
        assert past.mine().files.keys() == before.files.keys()
        assert past.repo.git("status", "--porcelain") == ""
        assert past.leftovers() == []


def shown(past: Past, run: str, name: str) -> str:
    """A file's blob in the run's branch, or in HEAD."""
    return past.repo.git("rev-parse", f"{past.branch(run) if run else 'HEAD'}:{name}")


def test_with_autocrlf_applied_files_have_the_users_line_ends(tmp_path: Path) -> None:
    with kinds.autocrlf(tmp_path) as past:
        run = past.execution({"docs/a.md": "b\r\nc\r\n"})
        assert past.repo.git("cat-file", "-p", f"{past.branch(run)}:docs/a.md") == "b\nc"
        history.apply(past.workspace, run)
        assert (past.repo.folder / "docs/a.md").read_bytes() == b"b\r\nc\r\n"
        assert past.repo.git("diff", "--numstat") == "2\t1\tdocs/a.md"


def with_work_in_a_submodule(past: Past, *, committed: bool) -> str:
    """An execution whose agent has set up the submodule and worked in it."""
    run = past.execution({"docs/a.md": "b\n"}, leaves={"x": "1\n"})
    worktree = at(past.worktree(run))
    (worktree.folder / "x").unlink()
    worktree.git("submodule", "--quiet", "update", "--init")
    library = at(worktree.folder / "libs/library")
    library.write("lib.py", "2\n")
    if committed:
        library.commit("by the agent")
        worktree.git("add", "libs/library")
        worktree.commit("feat: a newer library")
    return run


@pytest.mark.parametrize("committed", [False, True])
def test_work_of_an_agent_inside_a_submodule_is_never_lost(tmp_path: Path, committed: bool) -> None:
    with kinds.with_submodule(tmp_path) as past:
        run = with_work_in_a_submodule(past, committed=committed)
        inside = past.worktree(run) / "libs/library/lib.py"
        before = past.mine()
        with pytest.raises(Conflict, match="cannot be kept"):
            history.discard(past.workspace, run)
        assert past.mine() == before
        history.merge(past.workspace, run)
        assert history.cleanup(past.workspace).removed == ()
        history.prune(past.workspace)
        assert inside.read_text() == "2\n"
        assert past.repo.run_branches() == [past.branch(run)]


def test_a_submodule_that_moves_is_merged_and_the_users_own_checkout_of_it_stays(tmp_path: Path) -> None:
    with kinds.with_submodule(tmp_path) as past:
        run = with_work_in_a_submodule(past, committed=True)
        (file,) = history.diff(past.workspace, run, file="libs/library")
        assert file.new_mode == "160000"
        head = at(past.repo.folder / "libs/library").head
        history.merge(past.workspace, run, mode=Mode.SQUASH)
        assert past.repo.git("rev-parse", "HEAD:libs/library") == file.new_id
        assert at(past.repo.folder / "libs/library").head == head
        with pytest.raises(CheckoutBusy, match="libs/library"):
            history.undo(past.workspace)
        past.repo.git("reset", "--quiet", "--keep", "HEAD~1")


def test_the_users_work_inside_a_submodule_is_left_alone(tmp_path: Path) -> None:
    with kinds.with_submodule(tmp_path) as past:
        run = past.execution({"docs/a.md": "b\n"})
        (past.repo.folder / "libs/library/lib.py").write_text("half\n")
        before = past.mine()
        with pytest.raises(CheckoutBusy, match="libs/library"):
            history.merge(past.workspace, run)
        assert past.mine() == before
        history.apply(past.workspace, run)
        history.undo(past.workspace)
        assert (past.repo.folder / "libs/library/lib.py").read_text() == "half\n"


@pytest.mark.parametrize("kind", kinds.WITHOUT_FILES, ids=kinds.title)
def test_without_files_of_the_users_nothing_can_be_applied(tmp_path: Path, kind: kinds.Builder) -> None:
    with kind(tmp_path) as past:
        run = past.execution({"docs/a.md": "b\n"})
        with pytest.raises(GitError) as refused:
            history.apply(past.workspace, run)
        assert "git merge" in refused.value.hint


def test_a_main_work_tree_that_cannot_be_found_is_not_written(tmp_path: Path) -> None:
    with kinds.separate_git_folder(tmp_path) as main:
        main.repo.git("worktree", "add", "--quiet", "-b", "work", str(tmp_path / "linked"))
    with Past.reopen(tmp_path, "linked") as past:
        run = past.execution({"docs/a.md": "b\n"})
        with pytest.raises(CheckoutBusy):
            history.merge(past.workspace, run, target="main")
        history.merge(past.workspace, run, target="work")
        assert (past.repo.folder / "docs/a.md").read_text() == "b\n"
