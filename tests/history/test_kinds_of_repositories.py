"""Everything that can be done to a run's branch, in repositories of every kind people have."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from paracle.app.domain.history import Merged, Mode
from paracle.app.git.pending import MergeConflicts
from paracle.app.services import history, merge_conflicts
from tests.support.history import Past
from tests.support.kinds import KINDS, WITHOUT_FILES, title
from tests.support.repo import Fingerprint

HAVING_FILES = [kind for kind in KINDS if kind not in WITHOUT_FILES]
MOVING = [Mode.MERGE, Mode.SQUASH, Mode.REBASE, Mode.CHERRY_PICK, Mode.FF]


@pytest.fixture(params=KINDS, ids=title)
def past(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Past]:
    """Each kind, with the files ``app.py`` and ``docs/a.md`` in the project."""
    with request.param(tmp_path) as past:
        yield past


@pytest.fixture(params=HAVING_FILES, ids=title)
def filed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Past]:
    """Each kind that has something checked out."""
    with request.param(tmp_path) as past:
        yield past


def target(past: Past) -> str:
    """The branch to merge into."""
    return "work" if "work" in past.repo.branches() else "main"


def sound(past: Past) -> bool:
    return past.leftovers() == [] and past.repo.git("fsck", "--no-dangling", "--no-progress") == ""


def mine(past: Past) -> Fingerprint:
    """What is the user's; where nothing is checked out, no files are."""
    found = past.mine()
    return replace(found, files={}) if bare(past) else found


def bare(past: Past) -> bool:
    return past.repo.git("rev-parse", "--is-bare-repository") == "true"


def content(past: Past) -> object:
    """What must be the same again after there and back: all but the times of files."""
    found = mine(past)
    files = {path: (mode, data) for path, (mode, _, data) in found.files.items()}
    return replace(found, files={}, index=b""), files, past.repo.git("ls-files", "--stage")


def test_looking_touches_nothing(past: Past) -> None:
    before = mine(past)
    run = past.execution({"docs/a.md": "b\n", "docs/new.md": "new\n"}, {"app.py": "short\n"})
    into = target(past)
    (row,) = history.branches(past.workspace, into)
    told = row.figures
    assert told is not None
    assert (told.ahead, told.behind, told.files, told.merged) == (2, 0, 3, Merged.NO)
    assert history.show(past.workspace, run, into) == row
    names = ["app.py", "docs/a.md", "docs/new.md"]
    assert [change.path for change in history.files(past.workspace, run)] == [
        f"{past.project}/{name}".lstrip("/") for name in names
    ]
    assert [file.added for file in history.diff(past.workspace, run)] == [1, 1, 1]
    for mode in MOVING:
        seen = history.preview(past.workspace, run, target=into, mode=mode)
        assert (seen.clean, len(seen.files), seen.blocked) == (True, 3, "")
    assert history.clashes(past.workspace, into) == ()
    assert mine(past) == before
    assert sound(past)


def test_each_merge_is_made_and_taken_back(past: Past) -> None:
    run = past.execution({"docs/a.md": "b\n", "docs/new.md": "new\n"}, {"app.py": "short\n"})
    into = target(past)
    before = content(past)
    start = past.repo.git("rev-parse", into)
    for mode in MOVING:
        done = history.merge(past.workspace, run, target=into, mode=mode)
        assert past.repo.git("rev-parse", into) == done.moves[0].after != start
        assert past.repo.show(into, f"{past.project}/docs/new.md".lstrip("/")) == "new"
        assert bare(past) or past.repo.git("status", "--porcelain", "--untracked-files=no") == ""
        history.undo(past.workspace)
        assert past.repo.git("rev-parse", into) == start
        assert content(past) == before, mode
    assert sound(past)


def test_a_conflict_is_given_up_or_resolved(past: Past) -> None:
    first = past.execution({"docs/a.md": "theirs\n"})
    second = past.execution({"docs/a.md": "mine\n", "docs/b.md": "b\n"})
    into = target(past)
    history.merge(past.workspace, first, target=into)
    before = mine(past)
    path = f"{past.project}/docs/a.md".lstrip("/")
    with pytest.raises(MergeConflicts):
        history.merge(past.workspace, second, target=into)
    history.abort(past.workspace)
    assert mine(past) == before
    with pytest.raises(MergeConflicts) as met:
        history.merge(past.workspace, second, target=into)
    assert met.value.pending.paths == (path,)
    assert mine(past) == before
    merge_conflicts.take(past.workspace, path, "theirs")
    history.resume(past.workspace)
    assert past.repo.show(into, path) == "mine"
    assert sound(past)


def test_discard_and_cleanup_are_taken_back(past: Past) -> None:
    run = past.execution({"docs/a.md": "b\n"})
    tip, into = past.tip(run), target(past)
    before = mine(past)
    history.discard(past.workspace, run)
    assert past.repo.run_branches() == []
    history.undo(past.workspace)
    assert past.tip(run) == tip
    assert mine(past) == before
    history.merge(past.workspace, run, target=into, mode=Mode.SQUASH)
    merged = mine(past)
    assert history.cleanup(past.workspace, into).removed == (past.branch(run),)
    assert past.repo.run_branches() == []
    history.undo(past.workspace)
    assert past.tip(run) == tip
    assert mine(past) == merged
    assert sound(past)


def test_uncommitted_work_of_an_execution_comes_back(past: Past) -> None:
    run = past.execution({"docs/a.md": "b\n"}, leaves={"docs/loose.md": "loose\r\n", "docs/a.md": "half\n"})
    worktree = past.worktree(run) / past.project
    before = mine(past)
    history.discard(past.workspace, run)
    assert not worktree.exists()
    assert mine(past) == before
    history.undo(past.workspace)
    assert (worktree / "docs/loose.md").read_bytes() == b"loose\r\n"
    assert (worktree / "docs/a.md").read_bytes() == b"half\n"
    assert mine(past) == before
    assert sound(past)


def test_changes_are_applied_and_taken_back(filed: Past) -> None:
    run = filed.execution({"docs/a.md": "b\n", "docs/new.md": "new\n"})
    root = filed.repo.folder / filed.project
    (root / "mine.txt").write_text("work in progress\n")
    before, whole = filed.mine(), content(filed)
    history.apply(filed.workspace, run)
    after = filed.mine()
    assert (after.index, after.head, after.refs) == (before.index, before.head, before.refs)
    assert (root / "docs/a.md").read_text() == "b\n"
    assert (root / "docs/new.md").read_text() == "new\n"
    history.undo(filed.workspace)
    assert content(filed) == whole
    assert filed.mine().index == before.index
    assert sound(filed)
